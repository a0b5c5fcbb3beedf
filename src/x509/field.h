// Which field of a structure an error is about: inner functions name the inner field, each caller puts its own in
// front.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "signet/result.h"

namespace signet {

/// `result` with `field` in front of its error's field: "csr" and "subject" make "csr.subject".
template <class T>
[[nodiscard]] Result<T> in_field(std::string_view field, Result<T> result) {
  if (!result.has_value()) {
    std::string& inner = result.error().field;
    inner = inner.empty() ? std::string(field) : std::string(field) + "." + inner;
  }
  return result;
}

}  // namespace signet
