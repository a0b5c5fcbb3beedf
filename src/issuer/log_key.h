// The log's key, as the issuer knows it: its public half, and the way to the keyholder that has the other one.
#pragma once

#include <chrono>
#include <string>

#include "config/daemon_config.h"
#include "issuer/keyholders.h"
#include "log/note_verifier.h"
#include "log/publisher.h"

namespace signet {

/// Reads key.NAME.public_key. `origin` becomes the key's name. Errors: those of read_log_public_key().
[[nodiscard]] Result<log::NoteVerifier> load_log_key(const KeyConfig& key, const std::string& origin);

/// The key on its token. Thread-safe. The keyholders outlive it.
class KeyholderCheckpointKey : public log::CheckpointKey {
 public:
  KeyholderCheckpointKey(const Keyholders& keyholders, std::string key, std::chrono::milliseconds deadline)
      : keyholders_(keyholders), key_(std::move(key)), deadline_(deadline) {}

  /// Asks the keyholder each time: nobody else knows.
  [[nodiscard]] Result<std::optional<log::TreeHead>> last_signed() override;
  [[nodiscard]] Result<Bytes> sign(std::string_view text, std::uint64_t old_size, const log::Proof& proof) override;

 private:
  const Keyholders& keyholders_;
  const std::string key_;
  const std::chrono::milliseconds deadline_;
};

/// The last checkpoint that this key signed, out of its token's description. Errors: kInternal when the keyholder does
/// not know the key, or says nonsense.
[[nodiscard]] Result<std::optional<log::TreeHead>> last_checkpoint_of(const internal::TokenDescription& description,
                                                                      const std::string& key);

}  // namespace signet
