// Where recovery may begin: the file `mark` beside the log, written at each checkpoint. Trusted for nothing but speed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace signet::log {

struct Mark {
  std::uint64_t size = 0;               ///< entries, of the checkpoint
  std::uint64_t bytes = 0;              ///< where their frames end
  std::uint64_t lowest_open = 0;        ///< the lowest intent without an outcome; size - 1 when there is none below it
  std::uint64_t lowest_open_bytes = 0;  ///< where its frame begins
  friend bool operator==(const Mark&, const Mark&) = default;
};

/// A canonical object (log/value.h) of four integers that are named as above.
[[nodiscard]] Result<Bytes> format_mark(const Mark& mark);
/// Takes exactly what format_mark() writes of a mark that can be: lowest_open is below size, and its frame begins below
/// `bytes`. Error kDataLoss.
[[nodiscard]] Result<Mark> parse_mark(ByteView bytes);

/// The mark in the file; nothing where there is none that can be read, with a warning in the operations log if there is
/// one that cannot.
[[nodiscard]] std::optional<Mark> read_mark(const std::string& path);

}  // namespace signet::log
