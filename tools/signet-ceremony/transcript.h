// What a ceremony did, as entries of the log's format, type `ceremony`.
#pragma once

#include <string>

#include "base/clock.h"
#include "log/value.h"

namespace signet::ceremony {

/// Makes canonical entries, one per line, and remembers them; it is the caller who writes them. For one thread.
class Transcript {
 public:
  explicit Transcript(const Clock& clock) : clock_(clock) {}

  /// Adds one entry and returns its line, newline included: `step` counts from 1, `act` says what is done, `fields`
  /// with what. Errors are those of log::make_entry; nothing was added then.
  [[nodiscard]] Result<std::string> add(const std::string& act, log::Object fields);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] Sha256 sha256() const { return signet::sha256(bytes_of(text_)); }

 private:
  const Clock& clock_;
  std::uint64_t size_ = 0;
  std::string text_;
};

}  // namespace signet::ceremony
