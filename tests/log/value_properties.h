// What must hold for any bytes given to the parser of values.
#pragma once

#include <cstdio>
#include <cstdlib>

#include "log/value.h"

namespace signet::log {

/// What is accepted has exactly these bytes as its encoding. Ends the process if not.
inline void check_value_property(ByteView bytes) {
  const auto object = parse_canonical(bytes);
  if (!object.has_value()) return;
  const auto again = encode_canonical(*object);
  if (again.has_value() && equal(*again, bytes)) return;
  std::fputs("property broken: what is accepted re-encodes to the same bytes\n", stderr);
  std::abort();
}

}  // namespace signet::log
