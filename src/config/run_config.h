// [run]: as whom the processes run, and what of the sandbox is a condition.
#pragma once

#include <cstdint>
#include <string>

#include "base/toml_reader.h"

namespace signet {

enum class LandlockUse : std::uint8_t;  // base/sandbox.h

struct RunConfig {
  /// Users of the three kinds of children; all three are named, and each another one, or none is: they run as whoever
  /// started signetd.
  std::string front;
  std::string issuer;
  std::string keyholder;
  bool allow_root = false;         ///< without users: children may run as root, without its capabilities
  bool requires_landlock = false;  ///< no process runs without it
  [[nodiscard]] LandlockUse landlock() const noexcept;
  [[nodiscard]] bool names_users() const { return !front.empty(); }
};

/// Internal to config.
[[nodiscard]] RunConfig read_run(TomlTable table);

}  // namespace signet
