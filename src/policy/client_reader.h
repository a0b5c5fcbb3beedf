// Reading [client.NAME] of the policy.
#pragma once

#include <string>

#include "base/toml_reader.h"
#include "policy/client.h"

namespace signet {

/// Complaints go to the table's document; whether the profiles that it names exist and need names, and whether another
/// client has one of its identities, is the caller's to see.
[[nodiscard]] PolicyClient read_client(TomlTable& table, const std::string& name);

}  // namespace signet
