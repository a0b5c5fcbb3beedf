// What a ceremony did, as entries of the log's format, type `ceremony`.
#pragma once

#include <string>

#include "base/clock.h"
#include "log/value.h"

namespace signet::ceremony {

/// Collects canonical entries, one per line. For one thread.
class Transcript {
 public:
  explicit Transcript(const Clock& clock) : clock_(clock) {}

  /// Adds one entry: `step` counts from 1, `act` says what was done, `fields` with what. Errors are kInternal: nothing
  /// the ceremony writes should be unencodable.
  [[nodiscard]] Result<void> add(const std::string& act, log::Object fields);

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] Sha256 sha256() const { return signet::sha256(bytes_of(text_)); }

 private:
  const Clock& clock_;
  std::uint64_t size_ = 0;
  std::string text_;
};

}  // namespace signet::ceremony
