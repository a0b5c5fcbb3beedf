// What one signetd leaves for the next.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "signet/result.h"

namespace signet {

/// A file of a few lines in the state folder, whole or not there.
class StateNote {
 public:
  explicit StateNote(std::string file) : file_(std::move(file)) {}

  /// Nothing where there is none. Errors: it is not this user's or root's alone to write, or cannot be read.
  [[nodiscard]] Result<std::optional<std::string>> read() const;
  /// Makes the folder (0700) where it is missing, and replaces the file (0600). Durable on return.
  [[nodiscard]] Result<void> write(std::string_view text) const;
  /// Likewise. No error where there is none.
  [[nodiscard]] Result<void> remove() const;

 private:
  std::string file_;
};

}  // namespace signet
