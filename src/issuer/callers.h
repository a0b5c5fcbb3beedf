// Who is calling: the TLS peer's certificate, verified again here. Which client of the policy that is, the policy says.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "log/entries.h"
#include "policy/policy.h"
#include "wire/signet.pb.h"
#include "x509/certificate.h"

namespace signet {

/// A verified caller. Immutable.
struct Caller {
  Certificate certificate;
  PeerIdentity identity;  ///< what Policy::find_client() compares
  Time not_after{};       ///< the earliest of its chain
};

/// What a caller has signed, and that it did. `time` is the caller's.
struct RequestContext {
  std::string origin;
  std::chrono::seconds skew{0};
};

/// Verifies chains against the configured trust, so that a front that was taken over cannot invent a caller for clients
/// that sign. Thread-safe.
class Callers {
 public:
  /// `trust_file` holds roots and intermediates, PEM. `clock` must outlive it. Errors: field "listen.client_trust",
  /// naming the file.
  [[nodiscard]] static Result<std::unique_ptr<Callers>> open(const std::string& trust_file, const Clock& clock);
  ~Callers();

  /// `chain`: DER, leaf first, as the front passes it. Verified for clientAuth by RFC 5280 section 6 at the present
  /// time; a result is kept until it expires. Errors: kUnauthenticated, field "client certificate".
  [[nodiscard]] Result<std::shared_ptr<const Caller>> identify(const std::vector<ByteView>& chain);

 private:
  struct Impl;
  explicit Callers(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Verifies the signature of a request by the key of the caller's certificate, if it is there or `client`, who calls,
/// must sign, and its time within `context.skew` of `now`. Nothing is returned for a request that has none and needs
/// none. Errors: kUnauthenticated, field "signature".
[[nodiscard]] Result<std::optional<log::RequestProof>> verify_request_signature(const v1::Request& request,
                                                                                const PolicyClient& client,
                                                                                const Caller& caller,
                                                                                const RequestContext& context,
                                                                                Time now);

}  // namespace signet
