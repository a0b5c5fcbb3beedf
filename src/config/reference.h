// One part of a configuration names another. Internal to config.
#pragma once

#include <fmt/format.h>

#include <map>
#include <string>
#include <string_view>

#include "base/toml_reader.h"

namespace signet {

/// Complains under `key` unless `name` is one of `known`, the parts [group.NAME]. An empty name was complained about.
template <class T>
void check_reference(TomlTable& table, const std::string& key, const std::string& name,
                     const std::map<std::string, T>& known, std::string_view group) {
  if (name.empty() || known.contains(name)) return;
  std::string names;
  for (const auto& [other, value] : known) names += (names.empty() ? "" : ", ") + other;
  table.complain(key, fmt::format("is \"{}\", and there is no [{}.{}]; {}", printable(name), group, printable(name),
                                  known.empty() ? fmt::format("there is no [{}.NAME] at all", group)
                                                : "expected one of: " + names));
}

}  // namespace signet
