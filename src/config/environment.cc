#include "config/environment.h"

#include <algorithm>

#include "base/ascii.h"

namespace signet {

namespace {

bool is_variable_name(const std::string& name) {
  const auto letter = [](char c) { return ascii::is_letter(c) || c == '_'; };
  return !name.empty() && letter(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || ascii::is_digit(c); });
}

}  // namespace

std::map<std::string, std::string> read_environment(TomlTable& table) {
  auto variables = table.optional_table("environment");
  if (!variables) return {};
  auto environment = variables->all_texts();
  for (const auto& [name, value] : environment) {
    if (is_variable_name(name)) continue;
    variables->complain(name,
                        "is no name of an environment variable; expected letters, digits and '_', no digit first");
  }
  return environment;
}

}  // namespace signet
