// signet-audit show: entries for people, or as JSON lines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "output.h"

namespace signet::audit::cli {

/// What is empty lets every entry through.
struct ShowArguments {
  std::string directory;
  std::uint64_t from = 0;
  std::optional<std::uint64_t> to;  ///< the last one
  std::string type;
  std::string serial;       ///< lower-case hex
  std::string client;       ///< of the intent, or who caused the entry
  std::string certificate;  ///< file: its serial number and its hash are looked for
};

/// Writes to standard output. Checks nothing: verify does. Errors: kInvalidArgument with an option's name as field;
/// what cannot be read or written.
[[nodiscard]] Result<void> show(ShowArguments arguments, Format format);

}  // namespace signet::audit::cli
