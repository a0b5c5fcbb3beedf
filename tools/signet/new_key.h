// A key that a certificate is asked for, until there is one.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/file.h"

namespace signet::cli {

/// A new key in FILE.pending (PEM, mode 0600) and its certificate request in FILE.pending.csr. Whatever is there from
/// an earlier attempt is gone on with: the same request gets the same certificate, also if its answer was never heard.
/// One process at a time has them: FILE.pending.lock is there meanwhile. Errors name "--new-key" or "key".
class PendingKey {
 public:
  /// Looks for an earlier attempt's, makes nothing, and removes what one that was killed left half written. Error
  /// kFailedPrecondition when another process is at it.
  [[nodiscard]] static Result<PendingKey> open(const std::string& file);

  /// Of the pending key: DER. Empty where there is none.
  [[nodiscard]] const Bytes& spki() const noexcept { return spki_; }

  /// Makes what is missing: a key of the kind that `like_file` (PEM) holds, its request.
  [[nodiscard]] Result<void> make(const std::string& like_file);
  /// Removes both, whose certificate is of no use any more, and makes others.
  [[nodiscard]] Result<void> make_anew(const std::string& like_file);

  /// It was made by this process: no earlier attempt has asked for a certificate for it.
  [[nodiscard]] bool is_new() const noexcept { return is_new_; }
  /// Once it is made: without names and subject, those are the old certificate's. DER.
  [[nodiscard]] const Bytes& csr() const noexcept { return csr_; }
  [[nodiscard]] std::string key_file() const { return file_ + ".pending"; }
  [[nodiscard]] std::string csr_file() const { return file_ + ".pending.csr"; }
  [[nodiscard]] std::string lock_file() const { return file_ + ".pending.lock"; }
  /// "FILE.pending and FILE.pending.csr", for messages.
  [[nodiscard]] std::string both() const;

  /// The key takes its name, in one step; replaces a file of that name only with `force`. Then the request is removed.
  [[nodiscard]] Result<void> keep(bool force);
  /// Removes both, where it is certain that no certificate was issued for them; what an earlier attempt left stays, as
  /// that one may have been.
  void discard() noexcept;

 private:
  /// Held as long as it lives; then the file is gone.
  class Lock {
   public:
    Lock(std::string path, UniqueFd file) : path_(std::move(path)), file_(std::move(file)) {}
    Lock(Lock&&) noexcept = default;
    Lock& operator=(Lock&&) = delete;
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    ~Lock();

   private:
    std::string path_;
    UniqueFd file_;
  };

  PendingKey(std::string file, Lock lock) : file_(std::move(file)), lock_(std::move(lock)) {}
  [[nodiscard]] static Result<Lock> take_lock(const std::string& path, const std::string& file);
  [[nodiscard]] Result<void> read();
  void remove_leftovers() const noexcept;
  void remove_both() noexcept;

  std::string file_;
  Lock lock_;
  Bytes spki_;
  Bytes csr_;
  bool is_new_ = false;
};

}  // namespace signet::cli
