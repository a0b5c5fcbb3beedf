// For every rule: how a good certificate is made to break it.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "lint/sample.h"

namespace signet::test {

struct Mutation {
  std::string id;    ///< the rule that must be found
  Sample (*base)();  ///< what is broken
  std::function<void(Sample&)> change;
  std::set<std::string> companions = {};  ///< rules that are broken with it, whatever one does
};

/// The rules of the private set, and those that the public-trust set adds.
[[nodiscard]] std::vector<Mutation> private_mutations();
[[nodiscard]] std::vector<Mutation> public_trust_mutations();

}  // namespace signet::test
