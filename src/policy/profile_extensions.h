// Reading the parts of [profile.NAME] that become extensions of their own. Internal to policy.
#pragma once

#include "base/toml_reader.h"
#include "policy/profile.h"

namespace signet {

/// key_usage, split by what each type of key can do; `profile.keys` and whether it is a CA's are known.
void read_key_usage(TomlTable& table, Profile& profile);
/// policies, ocsp_urls, ca_issuers_urls, crl_urls, must_staple, ocsp_no_check, extensions; the extended key usages are
/// known.
void read_extensions(TomlTable& table, Profile& profile);

}  // namespace signet
