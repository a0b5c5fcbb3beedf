// [log], [log.predecessor] and origins. Internal to config.
#pragma once

#include <string>

#include "base/toml_reader.h"
#include "config/daemon_config.h"

namespace signet {

/// What names a log in checkpoints and a CA in request signatures: 1 to 255 printable ASCII characters without spaces
/// and '+' (C2SP signed-note has key names without them). Complains under `key` otherwise.
void check_origin(TomlTable& table, const std::string& key, const std::string& origin);

/// `config` is complete but for its log: origin and state are the defaults, and the keys are what cross references
/// must name. Complaints go to `root`.
[[nodiscard]] LogConfig read_log(TomlTable& root, const DaemonConfig& config, const std::string& base);

}  // namespace signet
