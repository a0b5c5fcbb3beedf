#include "config/log_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "config/reference.h"

namespace signet {

namespace {

using namespace std::chrono_literals;

std::string read_origin(TomlTable& table, const std::string& key, std::string origin) {
  if (!origin.empty()) check_origin(table, key, origin);
  return origin;
}

std::string read_log_key(TomlTable& table, const DaemonConfig& config) {
  std::string name = table.text("key");
  check_reference(table, "key", name, config.keys, "key");
  const auto key = config.keys.find(name);
  if (key != config.keys.end() && !key->second.fence.may_sign.empty() && !key->second.signs_log()) {
    table.complain("key", fmt::format("is \"{}\", which may not sign checkpoints; expected a [key.NAME] whose fence "
                                      "has may_sign = [\"{}\"]",
                                      name, name_of(ArtifactKind::kLogCheckpoint)));
  }
  return name;
}

PredecessorConfig read_predecessor(TomlTable table, const DaemonConfig& config, const std::string& base) {
  PredecessorConfig predecessor;
  predecessor.directory = table.text("directory");
  if (!predecessor.directory.empty()) predecessor.directory = resolve_path(base, predecessor.directory);
  predecessor.origin = read_origin(table, "origin", table.text("origin"));
  predecessor.key = read_log_key(table, config);
  return predecessor;
}

/// Two logs of one name, one key or one folder could not be told apart.
void check_predecessor(TomlTable& log_table, const LogConfig& log) {
  if (!log.predecessor) return;
  auto table = log_table.table("predecessor");
  const auto differs = [&](const char* key, const std::string& value, const std::string& own) {
    if (value.empty() || value != own) return;
    table.complain(key, fmt::format("is \"{}\", the {} of the log that goes on from it; each log has its own",
                                    printable(value), key));
  };
  differs("directory", log.predecessor->directory, log.directory);
  differs("origin", log.predecessor->origin, log.origin);
  differs("key", log.predecessor->key, log.key);
}

void read_times(TomlTable& table, LogConfig& log) {
  log.heartbeat = table.duration("heartbeat", 1s, 24h, log.heartbeat);
  log.checkpoint_interval = table.fine_duration("checkpoint_interval", 100ms, 60s, log.checkpoint_interval);
  log.checkpoint_patience = table.duration("checkpoint_patience", 1s, 24h, log.checkpoint_patience);
  log.clock_tolerance = table.duration("clock_tolerance", 1s, 24h, log.clock_tolerance);
  if (log.checkpoint_patience < 2 * log.checkpoint_interval) {
    table.complain(
        "checkpoint_patience",
        fmt::format("is {}; expected at least twice checkpoint_interval, {}: entries wait so long for a "
                    "checkpoint as a matter of course",
                    format_duration(log.checkpoint_patience), format_fine_duration(log.checkpoint_interval)));
  }
}

}  // namespace

void check_origin(TomlTable& table, const std::string& key, const std::string& origin) {
  constexpr std::size_t kLongestOrigin = 255;
  const bool proper = std::ranges::all_of(origin, [](char c) { return c > ' ' && c < '\x7F' && c != '+'; });
  if (proper && !origin.empty() && origin.size() <= kLongestOrigin) return;
  table.complain(key, fmt::format("is \"{}\"; expected 1 to {} printable ASCII characters without spaces and '+', "
                                  "such as \"ca.example.com/signet/issuing-1\"",
                                  printable(origin), kLongestOrigin));
}

LogConfig read_log(TomlTable& root, const DaemonConfig& config, const std::string& base) {
  constexpr std::int64_t kMostMib = std::int64_t{1024} * 1024;
  TomlTable table = root.table("log");
  LogConfig log;
  const auto directory = table.optional_text("directory");
  log.directory = directory ? resolve_path(base, *directory) : config.state.directory + "/log";
  log.origin = table.has("origin") ? read_origin(table, "origin", table.text("origin")) : config.origin;
  log.key = read_log_key(table, config);
  log.ceremony = table.text("ceremony");
  if (!log.ceremony.empty()) log.ceremony = resolve_path(base, log.ceremony);
  read_times(table, log);
  log.min_free_mib = static_cast<std::uint32_t>(table.integer("min_free_mib", 1, kMostMib, log.min_free_mib));
  if (table.has("accept_lost_memory")) {
    log.accept_lost_memory = static_cast<std::uint64_t>(table.integer("accept_lost_memory", 1, INT64_MAX, 1));
  }
  if (auto predecessor = table.optional_table("predecessor")) {
    log.predecessor = read_predecessor(*predecessor, config, base);
  }
  check_predecessor(table, log);
  return log;
}

}  // namespace signet
