// signetd: the daemon's supervisor.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/ops_log.h"
#include "base/standard_streams.h"
#include "base/version.h"
#include "supervisor/supervisor.h"

namespace {

constexpr const char* kFooter = R"(
Signals:
  SIGTERM, SIGINT  finish the requests in flight, then leave with status 0
  SIGHUP           read the policy and the list of blocked keys again; what is wrong with them is said on standard
                   error, and the old ones stay in force. The configuration is read at the start only

Operators: signet admin --help; docs/operations.md

Exit status:
  0  left when told to, or --check found nothing wrong
  1  could not start or go on; standard error says why
  2  the command line or the configuration is wrong; nothing was started

Examples:
  signetd --check --config /etc/signet/signet.toml
  signetd --config /etc/signet/signet.toml
)";

int exit_status_of(const signet::Result<void>& result) {
  if (result.has_value()) return 0;
  fmt::print(stderr, "signetd: {}\n", result.error().message);
  if (!result.error().field.empty()) fmt::print(stderr, "  field: {}\n", result.error().field);
  return result.error().code == signet::ErrorCode::kInvalidArgument ? 2 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  signet::open_standard_streams();
  auto inherited = signet::InheritedDescriptors::take_all();
  CLI::App app(
      "signetd: the certificate authority's daemon. Starts, joins, watches and restarts signet-front, "
      "signet-issuer and one signet-keyholder per token.");
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("signetd ") + std::string(signet::kVersion));
  signet::SupervisorOptions options{.config_file = "/etc/signet/signet.toml", .ready_file = {}};
  bool check = false;
  app.add_option("--config", options.config_file, "The configuration (docs/configuration.md)")->capture_default_str();
  app.add_option(
      "--ready-file", options.ready_file,
      "Written as JSON (address, pid) once requests are taken, or an operator is waited for; removed at the end");
  app.add_flag("--check", check, "Check configuration and policy, say what is wrong with them, and start nothing");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  signet::ops::open("signetd");
  if (!inherited.has_value()) return exit_status_of(std::unexpected(inherited.error()));
  if (!check) return exit_status_of(signet::run_daemon(options, *std::move(inherited)));
  const int status = exit_status_of(signet::check_configuration(options.config_file));
  if (status == 0) fmt::print("{}: configuration and policy are well-formed\n", options.config_file);
  return status;
}
