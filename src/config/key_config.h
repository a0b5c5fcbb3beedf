// [key.NAME] and its fence. Internal to config.
#pragma once

#include <string>

#include "base/toml_reader.h"
#include "config/daemon_config.h"

namespace signet {

/// Paths are resolved from the folder `base`. Complaints go to the table. Cross references are not looked at.
[[nodiscard]] KeyConfig read_key(TomlTable table, const std::string& name, const std::string& base);

}  // namespace signet
