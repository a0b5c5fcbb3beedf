// The value `environment`, as the configuration and a ceremony file have it.
#pragma once

#include <map>
#include <string>

#include "base/toml_reader.h"

namespace signet {

/// The variables a vendor's module wants to find, by name; none where the key is absent. Names are letters, digits and
/// '_', no digit first. Complaints go to the table.
[[nodiscard]] std::map<std::string, std::string> read_environment(TomlTable& table);

}  // namespace signet
