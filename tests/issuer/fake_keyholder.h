// A keyholder that is the test: it describes its token, signs checkpoints as a real one does, and leaves certificates
// to the test.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "log/journal.h"
#include "log/note_verifier.h"
#include "wire/channel.h"
#include "wire/internal.pb.h"
#include "x509/crypto.h"

namespace signet::test {

/// A key that signs the checkpoints of one log.
struct FakeLogKey {
  explicit FakeLogKey(std::string origin_) : origin(std::move(origin_)), key(make_key(KeyType::kEd25519)) {}
  [[nodiscard]] log::NoteVerifier verifier() const;
  [[nodiscard]] std::string pem() const;

  std::string origin;
  EvpPkeyPtr key;
  std::optional<log::TreeHead> head;  ///< what it signed last
};

/// The token: what outlives its keyholders. Thread-safe but for add().
class FakeToken {
 public:
  void add(const std::string& name, const std::string& origin) { log_keys_.emplace(name, FakeLogKey(origin)); }
  /// A key that signs certificates, which the test does itself.
  void add_issuing(const std::string& name, Bytes spki) { issuing_keys_[name] = std::move(spki); }

  [[nodiscard]] const FakeLogKey& log_key(const std::string& name) const { return log_keys_.at(name); }
  [[nodiscard]] std::optional<log::TreeHead> head(const std::string& name) const;
  void set_head(const std::string& name, std::optional<log::TreeHead> head);
  /// What was asked for and a real keyholder would have refused.
  [[nodiscard]] std::vector<std::string> violations() const;
  /// How many checkpoints were signed.
  [[nodiscard]] std::size_t checkpoints() const;

  std::atomic<bool> refuses_checkpoints{false};  ///< with UNAVAILABLE

  /// The answers of a keyholder.
  [[nodiscard]] internal::TokenDescription describe() const;
  [[nodiscard]] Result<Bytes> sign_checkpoint(const internal::SignRequest& request);

 private:
  [[nodiscard]] Result<void> check(const FakeLogKey& key, const internal::SignRequest& request) const;

  mutable std::mutex mutex_;
  std::map<std::string, FakeLogKey> log_keys_;
  std::map<std::string, Bytes> issuing_keys_;
  std::vector<std::string> violations_;
  std::size_t checkpoints_ = 0;
};

/// One keyholder of that token, at its end of the channel.
class FakeKeyholder {
 public:
  FakeKeyholder(std::unique_ptr<Channel> channel, FakeToken& token);
  ~FakeKeyholder();
  FakeKeyholder(const FakeKeyholder&) = delete;
  FakeKeyholder& operator=(const FakeKeyholder&) = delete;

  /// The next question that is neither a description nor a checkpoint. Throws after 20 s.
  [[nodiscard]] internal::IssuerToKeyholder next();
  /// There is one that has not been taken.
  [[nodiscard]] bool was_asked();
  /// The issuer has hung up.
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  [[nodiscard]] Channel& channel() noexcept { return *channel_; }

 private:
  void read();
  void answer(const internal::IssuerToKeyholder& question);

  std::unique_ptr<Channel> channel_;
  FakeToken& token_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<internal::IssuerToKeyholder> questions_;
  std::atomic<bool> ended_{false};
  std::thread reader_;  // last: it uses all of the above
};

}  // namespace signet::test
