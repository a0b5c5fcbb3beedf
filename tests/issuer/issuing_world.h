// prepare() and issue() with everything real but the token: log, store, policy, keyholder's channel; in this process.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/trusted_clock.h"
#include "issuer/issuance.h"
#include "issuer/pki.h"
#include "support/temp_directory.h"
#include "wire/channel.h"

namespace signet::test {

/// The other end of a keyholder's channel: signs whatever it is asked to with one key, on a thread of its own.
class SoftSigner {
 public:
  enum class Mood : std::uint8_t { kSigns, kFails, kSaysNothing, kSpoils, kDescribes, kRefuses, kFindsFaults, kLeaves };
  /// `key` outlives it.
  SoftSigner(UniqueFd socket, const Identity& key);
  ~SoftSigner();
  SoftSigner(const SoftSigner&) = delete;
  SoftSigner& operator=(const SoftSigner&) = delete;
  [[nodiscard]] std::uint64_t signatures() const noexcept { return signatures_; }
  /// From the next question on.
  void set_mood(Mood mood) noexcept { mood_ = mood; }

 private:
  void answer_all();
  [[nodiscard]] internal::KeyholderToIssuer answer_to(const internal::IssuerToKeyholder& question);
  Channel channel_;
  const Identity& key_;
  std::atomic<std::uint64_t> signatures_{0};
  std::atomic<Mood> mood_{Mood::kSigns};
  std::thread thread_;  // last: it uses all of the above
};

/// The one issuer is "issuing-1", the key of which is `issuing`'s.
struct IssuingWorldSetup {
  Identity root;
  Identity issuing;
  std::string policy;
  std::string blocked_keys;  ///< the list's text; empty for none
  OwnKeys own_keys = {};
  bool has_spare_token = false;  ///< two tokens have the issuing key
  std::chrono::milliseconds sign_deadline = std::chrono::seconds(20);
};

class IssuingWorld {
 public:
  explicit IssuingWorld(IssuingWorldSetup setup);
  ~IssuingWorld();
  IssuingWorld(const IssuingWorld&) = delete;
  IssuingWorld& operator=(const IssuingWorld&) = delete;

  /// Both steps, as a client of the policy.
  [[nodiscard]] Result<Issued> issue(const std::string& client, const v1::IssueRequest& request,
                                     std::optional<log::RequestProof> proof = {});

  [[nodiscard]] const Rules& rules() const { return *rules_; }
  [[nodiscard]] const Store& store() const { return *store_; }
  [[nodiscard]] const log::EntryLog& log() const { return *log_; }
  [[nodiscard]] const Identity& issuing() const { return setup_.issuing; }
  [[nodiscard]] const TrustedClock& clock() const { return clock_; }
  [[nodiscard]] const TempDirectory& folder() const { return folder_; }
  /// How many signatures the key has made.
  [[nodiscard]] std::uint64_t signatures() const { return signer_->signatures(); }
  /// Of the issuing key's tokens: the one that is asked first, as long as both have nothing to do, and the other.
  [[nodiscard]] SoftSigner& signer() { return *signer_; }
  [[nodiscard]] SoftSigner& spare_signer() { return *spare_signer_; }
  /// Another keyholder, which signs, takes the place of the first one's.
  void replace_signer() { signer_ = connect("soft"); }
  /// "soft" or "spare".
  [[nodiscard]] bool is_doubted(const std::string& token) const { return keyholders_.find_token(token)->doubted(); }

 private:
  [[nodiscard]] DaemonConfig write_configuration() const;
  [[nodiscard]] std::unique_ptr<SoftSigner> connect(const std::string& token);

  const TempDirectory folder_;
  const IssuingWorldSetup setup_;
  const DaemonConfig config_;
  const TrustedClock clock_;
  IssuingGate gate_{clock_};
  Authorities authorities_;
  std::shared_ptr<const Rules> rules_;
  Keyholders keyholders_;
  std::uint64_t generation_ = 0;
  std::unique_ptr<SoftSigner> signer_;
  std::unique_ptr<SoftSigner> spare_signer_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<log::EntryLog> log_;
  std::unique_ptr<Issuance> issuance_;
};

}  // namespace signet::test
