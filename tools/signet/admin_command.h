// signet admin: what an operator does on the daemon's machine, by the operator's socket. Needs no TLS identity.
#pragma once

#include <optional>
#include <string>

#include "exit_code.h"
#include "output.h"

namespace signet::cli {

/// Where the socket is: `socket`, or SIGNET_ADMIN_SOCKET, or what the daemon's configuration says.
struct AdminPlace {
  std::string socket;
  std::string daemon_config = "/etc/signet/signet.toml";
};

struct UnlockArguments {
  std::string token;
  std::string pin_file;
  std::optional<int> pin_fd;
  bool configured = false;
  bool despite_count_low = false;
  bool despite_final_try = false;
};

/// Each asks the daemon once. Prints what it said; an error it gave is one "from the daemon".
[[nodiscard]] Result<void> admin_status(const AdminPlace& place, Format format);
[[nodiscard]] Result<void> admin_unlock(const AdminPlace& place, const UnlockArguments& arguments, Format format);
[[nodiscard]] Result<void> admin_drain(const AdminPlace& place, const std::string& token, Format format);
[[nodiscard]] Result<void> admin_undrain(const AdminPlace& place, const std::string& token, Format format);
[[nodiscard]] Result<void> admin_reload(const AdminPlace& place, Format format);

}  // namespace signet::cli
