// Where in the configuration something went wrong.
#pragma once

#include <fmt/format.h>

#include <string>

#include "signet/result.h"

namespace signet {

/// Puts the part of the configuration in front of an error's message, and into its field.
template <class T>
Result<T> in_part(const std::string& part, Result<T> result) {
  if (result.has_value()) return result;
  Error error = std::move(result).error();
  error.message = fmt::format("{}: {}", part, error.message);
  error.field = part;
  return std::unexpected(std::move(error));
}

}  // namespace signet
