// What a keyholder remembers beyond its own life.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "keyholder/open_token.h"
#include "log/journal.h"

namespace signet {

/// The journal of one token's keyholder, in `<state folder>/keyholder-<token>/journal`. Thread-safe.
class Memory {
 public:
  /// Makes the folders (0700) and the file where they are missing. Errors name the file: those of log::Journal::open.
  [[nodiscard]] static Result<std::unique_ptr<Memory>> open(const std::string& state_directory, const OpenToken& token,
                                                            const Clock& clock);

  /// What a log key signed last.
  [[nodiscard]] std::optional<log::TreeHead> last_checkpoint(const HeldKey& key) const;

  /// Held from the look at last_checkpoint() to the end of the signature, so that no two checkpoints are checked
  /// against the same memory.
  [[nodiscard]] std::unique_lock<std::mutex> take_checkpoint_turn() { return std::unique_lock(checkpoint_turn_); }

  /// Notes that `structure` is about to be signed; a checkpoint has its `head`, and is durable when this returns. After
  /// an error, of this or of sync(), nothing is to be signed any more: the process leaves.
  [[nodiscard]] Result<void> note(const HeldKey& key, log::JournalKind kind, ByteView structure,
                                  std::optional<log::TreeHead> head = {});
  /// Makes all that was noted durable. To be called once a second.
  [[nodiscard]] Result<void> sync();

  /// The first error of note() or sync(), if there was one.
  [[nodiscard]] Result<void> health() const;

 private:
  explicit Memory(std::unique_ptr<log::Journal> journal) : journal_(std::move(journal)) {}
  [[nodiscard]] Result<void> watch(Result<void> done);

  const std::unique_ptr<log::Journal> journal_;
  std::mutex checkpoint_turn_;
  mutable std::mutex health_mutex_;
  Result<void> health_;
};

}  // namespace signet
