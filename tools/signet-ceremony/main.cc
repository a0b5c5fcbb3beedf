// signet-ceremony: makes a root, an issuing CA, the log's key and the first end-entity certificates on tokens, offline.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>

#include "base/sandbox.h"
#include "base/standard_streams.h"
#include "ceremony.h"
#include "report.h"

namespace signet::ceremony {
namespace {

constexpr const char* kHelp =
    R"(Makes a root and an issuing CA on PKCS#11 tokens, the key that signs the audit log, and
certificates for the first end entities, as one TOML file says. It is meant for a machine without a network.

  signet-ceremony check ceremony.toml    reads and checks everything, unlocks the tokens, makes nothing
  signet-ceremony run ceremony.toml      checks the same, shows what it is going to do, asks, and does it

`run` writes the certificates, the public half of the log's key and transcript.jsonl into a new
folder, which appears whole or not at all. It prints a line per step with what witnesses write
down: key ids, fingerprints, the log's verifier key and, last, the transcript's SHA-256. It never
overwrites a file, a folder or a key.

A PIN is read from pin_file (mode 0600) or, without one, asked for on the terminal. Each PIN is
tried once. docs/ceremony.md tells the whole, with an example of the file.

Exit status: 0 done; 1 refused or failed, and nothing was made; 2 wrong arguments; 3 failed after
keys were made or may have been made, which are named together with what to do.)";

struct Arguments {
  std::string file;
  bool yes = false;
  bool json = false;
};

/// The title, typed: nobody runs a ceremony by a slip of the finger.
Result<void> confirm(const Plan& plan) {
  std::cerr << "Type the title to go on: " << std::flush;
  std::string line;
  std::getline(std::cin, line);
  if (line == plan.title) return {};
  return fail(ErrorCode::kFailedPrecondition, "that is not the title; nothing was made");
}

int check(const Arguments& arguments) {
  const Report report(arguments.json);
  const auto prepared = prepare(arguments.file);
  if (!prepared) return report.refused(prepared.error());
  report.say(summary(*prepared, system_clock().now()));
  report.checked(prepared->plan);
  return 0;
}

int run(const Arguments& arguments) {
  const Report report(arguments.json);
  auto prepared = prepare(arguments.file);
  if (!prepared) return report.refused(prepared.error());
  report.say(summary(*prepared, system_clock().now()));
  if (!arguments.yes) {
    if (const auto confirmed = confirm(prepared->plan); !confirmed) return report.refused(confirmed.error());
  }
  // A key on one token and none on the other helps nobody: from here on nothing that can be ignored interrupts.
  for (const int number : {SIGINT, SIGQUIT, SIGTSTP, SIGHUP, SIGTERM}) std::signal(number, SIG_IGN);
  const std::string module_path = prepared->tokens.module().path();
  const std::string output = prepared->plan.output;
  Ceremony ceremony(*std::move(prepared), system_clock(), system_rng(),
                    [&](const std::string& line) { report.say(line); });
  if (const auto done = ceremony.run(); !done) return report.failed(done.error(), ceremony.outcome(), module_path);
  report.done(ceremony.outcome(), output);
  return 0;
}

int main_with(int argc, char** argv) {
  Arguments arguments;
  CLI::App app(kHelp, "signet-ceremony");
  app.set_version_flag("--version", SIGNET_VERSION);
  app.require_subcommand(1);
  CLI::App* const check_command = app.add_subcommand("check", "read and check everything, make nothing");
  CLI::App* const run_command = app.add_subcommand("run", "check, show, ask, and do it");
  for (CLI::App* const command : {check_command, run_command}) {
    command->add_option("FILE", arguments.file, "the ceremony file (TOML)")->required();
    command->add_flag("--json", arguments.json, "one JSON object on standard output; the lines go to standard error");
  }
  run_command->add_flag("--yes", arguments.yes, "do not ask for the title (rehearsals)");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    constexpr int kWrongArguments = 2;
    return app.exit(error) == 0 ? 0 : kWrongArguments;
  }
  if (const auto hardened = harden_process(); !hardened) return Report(arguments.json).refused(hardened.error());
  return check_command->parsed() ? check(arguments) : run(arguments);
}

}  // namespace
}  // namespace signet::ceremony

int main(int argc, char** argv) {
  signet::open_standard_streams();
  const int status = signet::ceremony::main_with(argc, argv);
  std::cout.flush();
  std::fflush(stdout);
  _exit(status);  // modules leave exit handlers behind that crash once they are finalised
}
