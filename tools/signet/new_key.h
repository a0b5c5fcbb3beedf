// A key that a certificate is asked for, until there is one.
#pragma once

#include <string>

#include "base/bytes.h"

namespace signet::cli {

/// A new key in FILE.pending (PEM, mode 0600) and its certificate request in FILE.pending.csr. Whatever is there from
/// an earlier attempt is gone on with: the same request gets the same certificate, also if its answer was never heard.
class PendingKey {
 public:
  /// Finds or makes them: a key of the kind that `like_file` (PEM) holds. Errors name "--new-key" or "key".
  [[nodiscard]] static Result<PendingKey> open(const std::string& file, const std::string& like_file);

  /// Without names and subject: those are the old certificate's. DER.
  [[nodiscard]] const Bytes& csr() const noexcept { return csr_; }
  [[nodiscard]] std::string key_file() const { return file_ + ".pending"; }
  [[nodiscard]] std::string csr_file() const { return file_ + ".pending.csr"; }

  /// The key takes its name, in one step; replaces a file of that name only with `force`. Then the request is removed.
  [[nodiscard]] Result<void> keep(bool force) const;
  /// Removes both, where it is certain that no certificate was issued for them; what an earlier attempt left stays, as
  /// that one may have been.
  void discard() const noexcept;

 private:
  PendingKey(std::string file, Bytes csr) : file_(std::move(file)), csr_(std::move(csr)) {}
  std::string file_;
  Bytes csr_;
  bool is_new_ = false;
};

}  // namespace signet::cli
