// What a keyholder remembers beyond its own life.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "keyholder/open_token.h"
#include "keyholder/serial_memory.h"
#include "log/journal.h"
#include "x509/crl_number.h"
#include "x509/serial_number.h"

namespace signet {

/// How many serial numbers are remembered: of an hour at 18 certificates a second. A start reads as many records of the
/// journal again, which takes a tenth of a second.
inline constexpr std::size_t kRememberedSerials = 65'536;

/// The journal of one token's keyholder, in `<state folder>/keyholder-<token>/journal`. Thread-safe.
class Memory {
 public:
  /// Makes the folders (0700) and the file where they are missing. `still_reading` is called a few times a second
  /// while a journal is read that is longer than what a start normally reads (log::kRepeatEvery). Errors name the file:
  /// those of log::Journal::open; kFailedPrecondition naming the key, for a log's key that is a CA's, too.
  [[nodiscard]] static Result<std::unique_ptr<Memory>> open(const StateConfig& state, const OpenToken& token,
                                                            const Clock& clock,
                                                            const std::function<void()>& still_reading);

  /// What a log key signed last.
  [[nodiscard]] std::optional<log::TreeHead> last_checkpoint(const HeldKey& key) const;
  /// The number of the last CRL that a CA's key signed.
  [[nodiscard]] std::optional<CrlNumber> last_crl_number(const HeldKey& key) const;

  /// Held from the look at last_checkpoint() or last_crl_number() until the structure is noted, and of a checkpoint to
  /// the end of its signature, so that no two structures are checked against the same memory.
  [[nodiscard]] std::unique_lock<std::mutex> take_turn() { return std::unique_lock(turn_); }

  /// Each notes that `structure` is about to be signed. A checkpoint and a CRL are durable when this returns. After an
  /// error, of these or of sync(), nothing is to be signed any more: the process leaves. But kAlreadyExists with field
  /// "fence.serial", after which it goes on: the key signed a certificate with this serial number, among the
  /// kRememberedSerials that were noted last. It is not kPermissionDenied, because a signature exists.
  [[nodiscard]] Result<void> note_certificate(const HeldKey& key, log::JournalKind kind, ByteView structure,
                                              const SerialNumber& serial);
  [[nodiscard]] Result<void> note_checkpoint(const HeldKey& key, ByteView structure, const log::TreeHead& head);
  [[nodiscard]] Result<void> note_crl(const HeldKey& key, ByteView structure, const CrlNumber& number);
  [[nodiscard]] Result<void> note_ocsp_response(const HeldKey& key, ByteView structure);
  /// Makes all that was noted durable. To be called once a second.
  [[nodiscard]] Result<void> sync();

  /// The first error of note() or sync(), if there was one.
  [[nodiscard]] Result<void> health() const;

 private:
  explicit Memory(std::unique_ptr<log::Journal> journal);
  [[nodiscard]] Result<void> watch(Result<void> done);

  const std::unique_ptr<log::Journal> journal_;
  std::mutex turn_;
  std::mutex serials_mutex_;
  SerialMemory serials_{kRememberedSerials};
  mutable std::mutex health_mutex_;
  Result<void> health_;
};

}  // namespace signet
