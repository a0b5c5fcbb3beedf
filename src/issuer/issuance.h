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
#include "issuer/rules.h"
#include "log/entries.h"
#include "log/entry_log.h"
#include "policy/decision.h"
#include "store/store.h"
#include "wire/internal.pb.h"
#include "wire/signet.pb.h"

namespace signet {

/// What issuing needs of the world. Everything outlives the Issuance.
struct IssuanceWorld {
  const Authorities& authorities;
  Keyholders& keyholders;
  const IssuingGate& gate;
  log::EntryLog& log;
  Store& store;
  const Clock& clock;
  Rng& rng;
  std::chrono::milliseconds sign_deadline;  ///< of a request, on whichever tokens
  OwnKeys own_keys = {};                    ///< that are not certified; those of `authorities` besides
};

/// One authenticated, authorised request.
struct IssueOrder {
  const Rules& rules;  ///< that the request was found with; they outlive its issuance
  const PolicyClient& client;
  log::Cause cause;
  const v1::IssueRequest& request;
  Sha256 payload_sha256{};                 ///< of the request message as received
  std::optional<log::RequestProof> proof;  ///< of signed requests
  const Certificate* renews = nullptr;     ///< of Renew: the certificate whose names and subject are taken
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
  Prepared(const Authority& authority, const Profile& profile, Time not_after, log::IntentFields intent)
      : authority_(&authority), profile_(&profile), not_after_(not_after), intent_(std::move(intent)) {}
  const Authority* authority_;
  const Profile* profile_;  // of the order's rules, which outlive the issuance
  Time not_after_;
  log::IntentFields intent_;
};

/// Thread-safe: each request runs on the thread of its worker.
class Issuance {
 public:
  explicit Issuance(const IssuanceWorld& world);

  /// Checks the request and writes the TBSCertificate. Uses no key and leaves no trace. Errors: what is wrong with the
  /// request; kUnavailable (retryable) when the issuer's key cannot be reached or the gate is closed,
  /// kFailedPrecondition when the log has failed: before anything is logged.
  [[nodiscard]] Result<Prepared> prepare(const IssueOrder& order) const;

  /// Logs the intent, has it signed, logs the outcome. When it returns a certificate, that is durable. Where a token
  /// fails and another one has the same key, the intent is closed, its serial revoked, and another intent with another
  /// serial goes there, as long as sign_deadline has not passed. What a keyholder refuses goes to one more: a module
  /// that took its keyholder over could otherwise refuse everything. On any error no certificate leaves: every intent
  /// is closed, now or at the next start, and its serial revoked if it may have been signed.
  [[nodiscard]] Result<Issued> issue(Prepared prepared) const;

 private:
  /// What another token is to an intent that has failed.
  enum class Elsewhere : std::uint8_t {
    kNoHelp,       ///< what failed has nothing to do with the token
    kMayHelp,      ///< the token failed
    kMayDisagree,  ///< the token's keyholder refused
  };
  /// What became of an intent.
  struct Attempt {
    Attempt(Issued made) : issued(std::move(made)) {}
    Attempt(std::unexpected<Error> error, Elsewhere other = Elsewhere::kNoHelp)
        : issued(std::move(error)), elsewhere(other) {}
    Result<Issued> issued;
    Elsewhere elsewhere = Elsewhere::kNoHelp;
  };
  struct Made {
    SignatureAlgorithm algorithm;
    SignatureValue signature;
    CertificateDer certificate;
  };
  [[nodiscard]] Result<SerialNumber> unused_serial() const;
  [[nodiscard]] Result<TbsDer> write_tbs(TbsFields& fields, const PreparedExtensions& constant,
                                         const Profile& profile) const;
  [[nodiscard]] Result<SignatureValue> sign(const Authority& authority, internal::ArtifactKind kind, const TbsDer& tbs,
                                            const SigningRoute::Turn& turn) const;
  [[nodiscard]] Result<Made> make_certificate(const Prepared& prepared, const SigningRoute::Turn& turn) const;
  [[nodiscard]] static Elsewhere elsewhere(const Error& error);
  [[nodiscard]] Attempt issue_on(const Prepared& prepared, const SigningRoute::Turn& turn) const;
  [[nodiscard]] Result<void> begin_anew(Prepared& prepared) const;
  [[nodiscard]] Result<void> close_unsigned(const log::IntentFields& intent, std::uint64_t index,
                                            const Error& error) const;

  IssuanceWorld world_;
  IssuingCas cas_;  // of world_.authorities
};

/// Closes the intents that are open in `log`: at start, those a crash left behind. Error kDataLoss when the store,
/// which follows the log, has others.
[[nodiscard]] Result<void> close_open_intents(log::EntryLog& log, const Store& store);

}  // namespace signet
