// The command line of `signet admin`.
#pragma once

#include <string>

#include "admin_command.h"

namespace CLI {
class App;
}

namespace signet::cli {

struct AdminArguments {
  AdminPlace place;
  UnlockArguments unlock;
  std::string drained;
  std::string undrained;
};

/// The subcommands; they live as long as the App.
struct AdminCommands {
  const CLI::App* admin;
  const CLI::App* unlock;
  const CLI::App* drain;
  const CLI::App* undrain;
  const CLI::App* reload;
};

/// `arguments` outlives the App.
[[nodiscard]] AdminCommands add_admin(CLI::App& app, AdminArguments& arguments);
/// Does what was parsed, says what went wrong, and returns the exit status.
[[nodiscard]] int run_admin(const AdminCommands& commands, const AdminArguments& arguments, Format format);

}  // namespace signet::cli
