// What a fuzz target and the replay of its corpus share.
#pragma once

#include <string>

namespace signet::test {

/// Whether a parser took the input, and what was then found wrong; an empty violation is what must always hold.
struct Outcome {
  bool accepted = false;
  std::string violation;
};

}  // namespace signet::test
