// The value `extended_key_usage`, as the policy and a ceremony file have it.
#pragma once

#include <string>
#include <vector>

#include "base/toml_reader.h"

namespace signet {

/// Dotted OIDs, in the file's order, from names of RFC 5280 or dotted OIDs: at least one, none twice, and not
/// anyExtendedKeyUsage, which would be for everything. Complaints go to the table.
[[nodiscard]] std::vector<std::string> read_extended_key_usage(TomlTable& table);

}  // namespace signet
