#include "admin_cli.h"

#include <CLI/CLI.hpp>

namespace signet::cli {
namespace {

void add_admin_unlock(CLI::App& admin, UnlockArguments& arguments) {
  CLI::App* const command = admin.add_subcommand("unlock", "Open a token with its PIN, which is asked for");
  command->add_option("TOKEN", arguments.token, "Its name in the daemon's configuration")->required();
  CLI::Option* const file =
      command->add_option("--pin-file", arguments.pin_file, "A file with the PIN, mode 0600")->type_name("FILE");
  CLI::Option* const descriptor =
      command->add_option("--pin-fd", arguments.pin_fd, "An open descriptor to read it from")->type_name("N");
  CLI::Option* const configured =
      command->add_flag("--configured", arguments.configured, "Try the token's configured source again, once");
  file->excludes(descriptor)->excludes(configured);
  descriptor->excludes(configured);
  command->add_flag("--despite-count-low", arguments.despite_count_low,
                    "Although a wrong PIN was tried since the last login: you know that this one is right");
  command->add_flag("--despite-final-try", arguments.despite_final_try,
                    "Although the token locks if this PIN is wrong, too");
  command->footer(
      "Examples:\n"
      "  signet admin unlock hsm-a                       # asks for the PIN, without echo\n"
      "  signet admin unlock hsm-a --pin-file /dev/shm/pin\n"
      "  pass show hsm-a | signet admin unlock hsm-a --pin-fd 0\n"
      "  signet admin unlock hsm-a --configured          # after its pin_file was mended\n\n"
      "The PIN is tried once. It never stands on a command line or in the environment, is not logged, and signetd\n"
      "forgets it once the token is open, unless keep_pin is configured. Status 3: the token or the daemon refused.");
}

Result<void> do_admin(const AdminCommands& commands, const AdminArguments& arguments, Format format) {
  if (commands.unlock->parsed()) return admin_unlock(arguments.place, arguments.unlock, format);
  if (commands.drain->parsed()) return admin_drain(arguments.place, arguments.drained, format);
  if (commands.undrain->parsed()) return admin_undrain(arguments.place, arguments.undrained, format);
  if (commands.reload->parsed()) return admin_reload(arguments.place, format);
  return admin_status(arguments.place, format);
}

}  // namespace

AdminCommands add_admin(CLI::App& app, AdminArguments& arguments) {
  CLI::App* const admin =
      app.add_subcommand("admin", "On the daemon's machine: status, unlock, drain, undrain, reload");
  admin->require_subcommand(1);
  admin->add_option("--socket", arguments.place.socket, "The operator's socket")->type_name("PATH");
  admin
      ->add_option("--daemon-config", arguments.place.daemon_config,
                   "Says where the socket is, where --socket does not")
      ->type_name("FILE")
      ->capture_default_str();
  admin->add_subcommand("status", "Tokens, processes, log, and what has to be done");
  add_admin_unlock(*admin, arguments.unlock);
  CLI::App* const drain =
      admin->add_subcommand("drain", "Take a token out of use: what is in flight is finished, then no process uses it");
  drain->add_option("TOKEN", arguments.drained, "Its name in the daemon's configuration")->required();
  CLI::App* const undrain = admin->add_subcommand("undrain", "Use it again");
  undrain->add_option("TOKEN", arguments.undrained, "Its name in the daemon's configuration")->required();
  admin->add_subcommand("reload", "Read policy and blocked keys again; says whether they are in force, or why not");
  admin->footer(
      "For root and the members of admin.group, on the machine of the daemon; no certificate is needed, so it works\n"
      "when all of them have expired. The socket is --socket, SIGNET_ADMIN_SOCKET, or what --daemon-config says.\n\n"
      "At 3 a.m.:\n"
      "  signet admin status                    # what is wrong; what to do stands at its end\n"
      "  signet admin unlock hsm-a              # a token waits for its PIN, or stays shut since a wrong one\n"
      "  signet admin drain hsm-a               # before the token is pulled, updated or restarted\n"
      "  signet admin undrain hsm-a             # when it is back\n"
      "  signet --json admin status | jq -r '.tokens[] | select(.state != \"open\") | .name, .next_step'\n\n"
      "Each act is in the audit log (entry `admin`) with the user's id, and in the operations log. Status 0: done; 3:\n"
      "refused, and the message says why; 4: nobody answers, or try again; 2: usage, or the socket is not for you.\n"
      "docs/operations.md tells the whole story.");
  return {admin, admin->get_subcommand("unlock"), drain, undrain, admin->get_subcommand("reload")};
}

/// What the daemon refuses an operator, its message explains; nobody is there whom he could ask.
int run_admin(const AdminCommands& commands, const AdminArguments& arguments, Format format) {
  const Result<void> done = do_admin(commands, arguments, format);
  if (done.has_value()) return static_cast<int>(ExitCode::kOk);
  const ExitCode exit_code = exit_code_of(done.error());
  print_error(done.error(), exit_code, format == Format::kJson,
              exit_code == ExitCode::kRefused ? std::string() : next_step(done.error()));
  return static_cast<int>(exit_code);
}

}  // namespace signet::cli
