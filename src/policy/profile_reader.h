// Reading [profile.NAME] of the policy.
#pragma once

#include <string>

#include "base/toml_reader.h"
#include "policy/profile.h"

namespace signet {

/// Complaints go to the table's document: every profile that it takes makes certificates that keep to the standards, as
/// far as the profile alone decides that. Whether its issuer exists is the caller's to see.
[[nodiscard]] Profile read_profile(TomlTable& table, const std::string& name);

}  // namespace signet
