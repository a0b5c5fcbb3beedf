// The road of one issuance: prepare() decides everything, issue() signs it. docs/issuance.md tells it with its crashes.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/rng.h"
#include "issuer/authorities.h"
#include "issuer/issuing_gate.h"
#include "issuer/keyholders.h"
#include "log/entries.h"
#include "log/entry_log.h"
#include "policy/policy.h"
#include "store/store.h"
#include "wire/signet.pb.h"
#include "x509/blocked_keys.h"

namespace signet {

/// What issuing needs of the world. Everything outlives the Issuance.
struct IssuanceWorld {
  const Authorities& authorities;
  const BlockedKeys& blocked_keys;
  const Policy& policy;
  Keyholders& keyholders;
  const IssuingGate& gate;
  log::EntryLog& log;
  Store& store;
  const Clock& clock;
  Rng& rng;
  std::chrono::milliseconds sign_deadline;
};

/// One authenticated, authorised request.
struct IssueOrder {
  const PolicyClient& client;
  log::Cause cause;
  const v1::IssueRequest& request;
  Sha256 payload_sha256{};                 ///< of the request message as received
  std::optional<log::RequestProof> proof;  ///< of signed requests
};

/// A certificate that policy allows and that nothing but a signature is missing from. Move-only; issue() consumes it.
class Prepared {
 public:
  Prepared(Prepared&&) = default;
  Prepared& operator=(Prepared&&) = default;
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;

 private:
  friend class Issuance;
  Prepared(const Authority& authority, Time not_after, log::IntentFields intent)
      : authority_(&authority), not_after_(not_after), intent_(std::move(intent)) {}
  const Authority* authority_;
  Time not_after_;
  log::IntentFields intent_;
};

/// Thread-safe: each request runs on the thread of its worker.
class Issuance {
 public:
  explicit Issuance(const IssuanceWorld& world) : world_(world) {}

  /// Checks the request and writes the TBSCertificate. Uses no key and leaves no trace. Errors: what is wrong with the
  /// request; kUnavailable (retryable) when the issuer's key cannot be reached or the gate is closed,
  /// kFailedPrecondition when the log has failed: before anything is logged.
  [[nodiscard]] Result<Prepared> prepare(const IssueOrder& order) const;

  /// Logs the intent, has it signed, logs the outcome. When it returns a certificate, that is durable. On any error no
  /// certificate leaves: the intent is closed, now or at the next start, and its serial revoked if it may have been
  /// signed.
  [[nodiscard]] Result<Issued> issue(Prepared prepared) const;

 private:
  [[nodiscard]] Result<SerialNumber> unused_serial() const;
  [[nodiscard]] Result<SignatureValue> sign(const Authority& authority, const TbsDer& tbs) const;
  [[nodiscard]] std::unexpected<Error> close_unsigned(const log::IntentFields& intent, std::uint64_t index,
                                                      Error error) const;

  IssuanceWorld world_;
};

/// Closes the intents that are open in `log`: at start, those a crash left behind. Error kDataLoss when the store,
/// which follows the log, has others.
[[nodiscard]] Result<void> close_open_intents(log::EntryLog& log, const Store& store);

}  // namespace signet
