// What `signet policy test` found out, and how it shows that.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lint/lint.h"
#include "output.h"
#include "policy/decision.h"

namespace signet::cli {

struct PolicyVerdict {
  std::string client;   ///< its name; empty where none has the certificate's identities
  std::string profile;  ///< its name
  std::optional<Decision> decision;
  std::vector<lint::Finding> findings;
  std::optional<Error> refusal;
  std::vector<std::string> not_checked;
};

/// The rule in the message of a refusal, "names.pattern" of "... (rule names.pattern)"; where it names none, which no
/// refusal of a decision does, the field.
[[nodiscard]] std::string rule_of(const Error& refusal);

[[nodiscard]] Result<void> print_verdict(const PolicyVerdict& verdict, Format format);

}  // namespace signet::cli
