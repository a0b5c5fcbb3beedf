// What signet-issuer does when a person starts it.
#pragma once

#include <string>
#include <vector>

namespace signet {

/// Returns the exit status: 0 done, 1 failed, 2 for a wrong command line. Errors are on standard error.
[[nodiscard]] int run_issuer_command(const std::vector<std::string>& arguments);

}  // namespace signet
