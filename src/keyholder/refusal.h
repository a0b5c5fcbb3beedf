// How the fence says no.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "signet/result.h"

namespace signet {

/// kPermissionDenied with field "fence.`rule`".
[[nodiscard]] inline std::unexpected<Error> refuse_by_fence(std::string_view rule, const std::string& message) {
  return fail(ErrorCode::kPermissionDenied, "the keyholder's fence refuses: " + message, fmt::format("fence.{}", rule));
}

}  // namespace signet
