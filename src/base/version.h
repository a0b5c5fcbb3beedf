// The product's version, as logs, status and --version name it.
#pragma once

#include <string_view>

namespace signet {

inline constexpr std::string_view kVersion = SIGNET_VERSION;

}  // namespace signet
