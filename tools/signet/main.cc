// signet: the command that asks a Signet daemon for certificates.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <csignal>
#include <optional>

#include "admin_cli.h"
#include "base/standard_streams.h"
#include "base/version.h"
#include "commands.h"
#include "issue_command.h"
#include "lint_command.h"
#include "log_commands.h"
#include "output.h"
#include "policy_command.h"

namespace signet::cli {
namespace {

constexpr const char* kDescription = R"(signet - certificates from a Signet daemon

Examples:
  # a key and a request by stock openssl, then the certificate with its chain into a file
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout www.key \
    -subj / -addext subjectAltName=DNS:www.example.com -out www.csr
  signet issue --profile tls-server --csr www.csr --out www.pem

  signet renew --certificate www.pem --key www.key --new-key next.key --out next.pem   # for the same names
  signet bundle --roots --out ca.pem        # what to trust

  # with the proof that the audit log has it, which anybody can check later without asking anybody
  signet issue --profile tls-server --csr www.csr --out www.pem --proof www.tlog-proof
  signet-audit check-proof --log-key log-1.vkey --certificate www.pem www.tlog-proof

  signet log checkpoint --since last --out last --force   # is it still the same log, only longer?
  signet --json status                      # is the daemon well?
  signet admin status                       # on its machine: the same, and what an operator has to do
  signet lint www.pem                       # what RFC 5280 finds wrong with it; asks nobody
  signet policy test policy.toml --client payments --csr www.csr   # what would be issued, or why not; asks nobody)";

constexpr const char* kFooter = R"(Settings (a flag wins over the environment, which wins over the file):
  flag            environment          in the file
  --address       SIGNET_ADDRESS       address = "ca.example.com:7443"
  --certificate   SIGNET_CERTIFICATE   certificate = "client.pem"   # leaf, then its chain
  --key           SIGNET_KEY           key = "client.key"           # mode 0600
  --trust         SIGNET_TRUST         trust = "ca.pem"             # roots of the daemon's certificate
  --server-name   SIGNET_SERVER_NAME   server_name = "ca.example.com"   # optional: the address's host
  --origin        SIGNET_ORIGIN        origin = "ca.example.com/signet/issuing-1"   # optional: the daemon is asked
  --log-key       SIGNET_LOG_KEY       log_key = "log-1.vkey"       # optional: what the log says is checked with it
  --timeout                            timeout = "30s"              # optional
  The file is --config, SIGNET_CONFIG, ~/.config/signet/signet.toml or /etc/signet/client.toml; relative paths in it
  are relative to its folder.

Exit status:
  0  done
  2  usage, configuration or a file of this side (a policy with mistakes is one)
  3  the daemon refused, or `policy test` says that it would: the message names the field and the rule
  4  daemon not reached, busy or too slow: try again (issue prints the --idempotency-key to do it with)
  5  TLS or authentication failed
  6  what the daemon says of its log is not true (it does not verify); nothing of it was written
  7  lint found an error in a certificate (warnings alone are 0)
  1  anything else)";

struct Arguments {
  Flags flags;
  bool json = false;
  IssueArguments issue;
  RenewArguments renew;
  BundleArguments bundle;
  CheckpointArguments checkpoint;
  ProofArguments proof;
  EntriesArguments entries;
  LintArguments lint;
  PolicyCheckArguments policy_check;
  PolicyTestArguments policy_test;
  AdminArguments admin;
};

/// CLI11's own check says its range in floating point, with 309 digits.
CLI::Validator whole_number(std::uint64_t least) {
  const auto check = [least](const std::string& text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole && number >= least ? std::string()
                                    : fmt::format("\"{}\" is no whole number from {} on", printable(text, 40), least);
  };
  return {check, "", "whole number"};
}

void add_global_options(CLI::App& app, Arguments& arguments) {
  app.add_flag("--json", arguments.json, "One JSON object on standard output, for errors too");
  app.add_option("--config", arguments.flags.config_file, "Configuration file (TOML)")->type_name("FILE");
  app.add_option("--address", arguments.flags.address, "Where the daemon listens")->type_name("HOST:PORT");
  app.add_option("--certificate", arguments.flags.certificate, "This client's certificate and chain")
      ->type_name("FILE");
  app.add_option("--key", arguments.flags.key, "The key of that certificate")->type_name("FILE");
  app.add_option("--trust", arguments.flags.trust, "Roots the daemon's certificate chains to")->type_name("FILE");
  app.add_option("--server-name", arguments.flags.server_name, "The name in the daemon's certificate")
      ->type_name("NAME");
  app.add_option("--origin", arguments.flags.origin, "The CA that requests are signed for; otherwise the daemon says")
      ->type_name("TEXT");
  app.add_option("--log-key", arguments.flags.log_key, "The audit log's public key: a verifier key, or a file with one")
      ->type_name("KEY|FILE");
  app.add_option("--timeout", arguments.flags.timeout, "For all of it, retries included (30s)")->type_name("DURATION");
  app.set_version_flag("--version", "signet " SIGNET_VERSION);
}

/// Where certificates go, and how they are asked for: of issue and renew.
void add_output_options(CLI::App* command, IssueArguments& arguments) {
  command->add_option("--out", arguments.out_file, "Certificate and chain as PEM; - or none is standard output")
      ->type_name("FILE");
  command->add_option("--chain-out", arguments.chain_file, "The chain alone as PEM, besides")->type_name("FILE");
  command
      ->add_option(
          "--proof", arguments.proof_file,
          "Wait until the audit log proves the issuance (about a second), and write the proof (C2SP tlog-proof)")
      ->type_name("FILE");
  command->add_option("--validity", arguments.validity, "Such as 12h or 30d; otherwise the profile's default")
      ->type_name("DURATION");
  command
      ->add_option("--idempotency-key", arguments.idempotency_key,
                   "The same key and request get the same certificate; otherwise a new one (1 to 64 of ASCII's ! to ~)")
      ->type_name("TEXT");
  command->add_flag("--force", arguments.force, "Replace files that exist");
}

CLI::App* add_issue(CLI::App& app, IssueArguments& arguments) {
  CLI::App* const command = app.add_subcommand("issue", "Get a certificate for a certificate request (CSR)");
  command->add_option("--profile", arguments.profile, "What kind of certificate; the daemon's policy names them")
      ->required()
      ->type_name("NAME");
  command->add_option("--csr", arguments.csr_file, "PKCS#10 request, PEM or DER; - is standard input")
      ->required()
      ->type_name("FILE");
  add_output_options(command, arguments);
  command->footer(
      "Examples:\n"
      "  signet issue --profile tls-server --csr www.csr --out www.pem\n"
      "  openssl req -new ... | signet issue --profile tls-server --csr - --validity 30d > www.pem\n"
      "  signet issue --profile tls-server --csr www.csr --out www.pem --proof www.tlog-proof --log-key log-1.vkey\n\n"
      "When the message names an --idempotency-key, repeat with it: if the certificate was issued, you get that one.\n"
      "Repeat the whole command, with --proof if it had it: the key stands for one request and no other.\n"
      "A proof that does not verify ends with status 6, and neither it nor the certificate is written.");
  return command;
}

CLI::App* add_renew(CLI::App& app, RenewArguments& arguments) {
  CLI::App* const command =
      app.add_subcommand("renew", "Get another certificate of the same names for the one this client connects with");
  CLI::Option* const csr =
      command->add_option("--csr", arguments.issue.csr_file, "PKCS#10 request, PEM or DER; - is standard input")
          ->type_name("FILE");
  CLI::Option* const new_key =
      command
          ->add_option("--new-key", arguments.new_key_file,
                       "Make a new key of the same kind, and put it here once there is a certificate for it")
          ->type_name("FILE");
  CLI::Option_group* const one_of = command->add_option_group("request", "Exactly one of these");
  one_of->add_options(csr, new_key);
  one_of->require_option(1);
  add_output_options(command, arguments.issue);
  command->footer(
      "Examples, as the client whose certificate is renewed:\n"
      "  signet renew --certificate www.pem --key www.key --new-key next.key --out next.pem\n"
      "  signet renew --certificate www.pem --key www.key --new-key www.key --out www.pem --force\n"
      "  signet renew --certificate www.pem --key www.key --csr next.csr --out next.pem\n\n"
      "The daemon must have issued the certificate, and it must still be valid; names, subject and profile stay. "
      "Until\n"
      "the certificate is written the new key is in FILE.pending, and its request in FILE.pending.csr: after whatever\n"
      "went wrong, the same command goes on with them; if it was killed in place between certificate and key, it puts\n"
      "the key in its place and then renews. In place means that --out is the certificate and --new-key the key: "
      "both,\n"
      "or neither. A certificate that is valid longer than the new one is not replaced. What is written belongs to "
      "the\n"
      "user who runs this, with mode 0600 (key) and 0644, whatever owner and mode a replaced file had: a service that\n"
      "runs as another user needs its own copy. A request of --csr asks for the same names or for none.");
  return command;
}

CLI::App* add_bundle(CLI::App& app, BundleArguments& arguments) {
  CLI::App* const command = app.add_subcommand("bundle", "Get the CA's roots and intermediates");
  command->add_option("--out", arguments.out_file, "- or none is standard output")->type_name("FILE");
  command
      ->add_option("--format", arguments.format,
                   "pem, unless given; der: one certificate behind the other; spiffe: the SPIFFE bundle, JSON, of the "
                   "roots; with --json only together with --out")
      ->check(CLI::IsMember({"pem", "der", "spiffe"}));
  command->add_flag("--roots", arguments.roots_only, "Only the roots, which is what a verifier trusts");
  command->add_flag("--force", arguments.force, "Replace a file that exists");
  command->footer(
      "Example:\n  signet bundle --roots --out ca.pem && openssl verify -CAfile ca.pem -untrusted www.pem www.pem");
  return command;
}

void add_log_checkpoint(CLI::App& log, CheckpointArguments& arguments) {
  CLI::App* const command = log.add_subcommand("checkpoint", "Get the newest checkpoint: what the log commits to");
  command
      ->add_option("--since", arguments.since_file,
                   "A checkpoint that was kept: the new one must go on from it, or nothing is written")
      ->type_name("FILE");
  command
      ->add_option("--old-size", arguments.old_size,
                   "With --json, for programs: the hashes of the consistency proof from a log of so many entries")
      ->check(whole_number(0))
      ->type_name("N");
  command->add_option("--out", arguments.out_file, "The checkpoint, a signed note; - or none is standard output")
      ->type_name("FILE");
  command->add_flag("--force", arguments.force, "Replace a file that exists");
  command->footer(
      "Who keeps checkpoints finds out when a log forgets or rewrites what it said. Once, then daily:\n"
      "  signet log checkpoint --log-key log-1.vkey --out last\n"
      "  signet log checkpoint --log-key log-1.vkey --since last --out last --force\n\n"
      "Without --log-key the hashes are checked and the signature is not.");
}

void add_log_proof(CLI::App& log, ProofArguments& arguments) {
  CLI::App* const command = log.add_subcommand("proof", "Get the proof that an entry is in the log");
  command->add_option("INDEX", arguments.index, "The entry's index, as issue prints it")
      ->required()
      ->check(whole_number(0));
  command
      ->add_option("--out", arguments.out_file,
                   "The proof (C2SP tlog-proof), with the entry in it; - or none is "
                   "standard output")
      ->type_name("FILE");
  command->add_flag("--force", arguments.force, "Replace a file that exists");
  command->footer(
      "Example:\n"
      "  signet log proof 1234 --log-key log-1.vkey --out www.tlog-proof\n"
      "  signet-audit check-proof --log-key log-1.vkey --certificate www.pem www.tlog-proof");
}

void add_log_entries(CLI::App& log, EntriesArguments& arguments) {
  CLI::App* const command = log.add_subcommand("entries", "Print entries, one JSON object per line");
  command->add_option("--first", arguments.first, "The first one's index; the log begins with 0")
      ->required()
      ->check(whole_number(0))
      ->type_name("N");
  command->add_option("--count", arguments.count, "At most so many; otherwise all that a checkpoint covers")
      ->check(whole_number(1))
      ->type_name("N");
  command->footer(
      "Examples:\n"
      "  signet log entries --first 0 --log-key log-1.vkey | jq 'select(.type == \"issued\") | .serial'\n"
      "  signet log entries --first 1234 --count 1\n\n"
      "With --log-key each line was proved before it is printed; without, only form and order were checked. With\n"
      "--json the lines are the same, and errors are an object too.");
}

CLI::App* add_lint(CLI::App& app, LintArguments& arguments) {
  CLI::App* const command = app.add_subcommand("lint", "Find what is wrong with certificates in a file; asks nobody");
  command->add_option("FILE", arguments.file, "PEM, with one or more certificates, or DER; - is standard input");
  command->add_flag("--public-trust", arguments.public_trust,
                    "By the CA/Browser Forum's TLS Baseline Requirements, too");
  command->add_flag("--list", arguments.list, "Print the rules: id, severity, set, clause");
  command->footer(
      "Examples:\n"
      "  signet lint www.pem\n"
      "  signet --json lint --public-trust www.pem | jq -r '.certificates[].findings[].id'\n\n"
      "Status 7 says that a finding is an error: a MUST of RFC 5280 or of the named document is broken. Signatures,\n"
      "chains and the present time are not looked at. docs/lints.md explains the rules.");
  return command;
}

void add_policy_check(CLI::App& policy, PolicyCheckArguments& arguments) {
  CLI::App* const command = policy.add_subcommand("check", "Is the policy sound? Every mistake with line and column");
  command->add_option("FILE", arguments.file, "The policy, TOML; - is standard input")->required();
  command->footer(
      "Examples:\n"
      "  signet policy check policy.toml && systemctl reload signetd\n"
      "  signet --json policy check policy.toml | jq -r '.mistakes[] | \"\\(.line): \\(.message)\"'\n\n"
      "Status 2 says that it is not sound. A warning says that one client can get a certificate that identifies "
      "another\n"
      "one. Whether it fits the daemon's issuers, their fences and files is what\n"
      "signetd --check says.");
}

void add_policy_test(CLI::App& policy, PolicyTestArguments& arguments) {
  CLI::App* const command =
      policy.add_subcommand("test", "What would be issued to a client for a request, or by which rule it is refused");
  command->add_option("FILE", arguments.file, "The policy, TOML")->required();
  command->add_option("--client", arguments.client, "A client of the policy, or a file with its TLS certificate")
      ->required()
      ->type_name("NAME|FILE");
  command->add_option("--csr", arguments.csr_file, "PKCS#10 request, PEM or DER; - is standard input")
      ->required()
      ->type_name("FILE");
  command->add_option("--profile", arguments.profile, "Otherwise the client's, where it may use only one")
      ->type_name("NAME");
  command
      ->add_option("--renews", arguments.renews_file,
                   "Renew this certificate, PEM or DER, of --profile: its names and subject are kept")
      ->type_name("FILE");
  command
      ->add_option("--issuer-certificate", arguments.issuer_certificate_file,
                   "The profile's issuing CA, PEM, with the CAs above it behind it")
      ->type_name("FILE");
  command->add_option("--validity", arguments.validity, "Such as 12h or 30d; otherwise the profile's default")
      ->type_name("DURATION");
  command->footer(
      "Examples:\n"
      "  signet policy test policy.toml --client payments --csr www.csr\n"
      "  signet policy test policy.toml --client client.pem --csr www.csr --profile tls-server --validity 30d \\\n"
      "    --issuer-certificate issuing-and-root.pem\n"
      "  signet policy test policy.toml --client client.pem --renews client.pem --csr next.csr\n"
      "  signet --json policy test policy.toml --client payments --csr www.csr | jq -r .refusal.rule\n\n"
      "Status 0: it would be issued; status 3: it would be refused, and the output names field and rule "
      "(docs/policy.md\n"
      "explains them). No daemon and no token is needed: it is decided by the code that the daemon runs. What was not\n"
      "looked at is said.");
}

struct PolicyCommands {
  const CLI::App* policy;
  const CLI::App* check;
};

PolicyCommands add_policy(CLI::App& app, Arguments& arguments) {
  CLI::App* const policy = app.add_subcommand("policy", "Check and try out a policy file; asks nobody");
  policy->require_subcommand(1);
  add_policy_check(*policy, arguments.policy_check);
  add_policy_test(*policy, arguments.policy_test);
  return {policy, policy->get_subcommand("check")};
}

Result<ExitCode> run_policy(const PolicyCommands& commands, const Arguments& arguments, Format format) {
  if (commands.check->parsed()) return policy_check(arguments.policy_check, format);
  return policy_test(arguments.policy_test, format);
}

struct LogCommands {
  const CLI::App* log;
  const CLI::App* checkpoint;
  const CLI::App* proof;
};

LogCommands add_log(CLI::App& app, Arguments& arguments) {
  CLI::App* const log = app.add_subcommand("log", "Read the audit log, for clients with the right \"audit\"");
  log->require_subcommand(1);
  add_log_checkpoint(*log, arguments.checkpoint);
  add_log_proof(*log, arguments.proof);
  add_log_entries(*log, arguments.entries);
  return {log, log->get_subcommand("checkpoint"), log->get_subcommand("proof")};
}

Result<void> run_log(const LogCommands& commands, const Arguments& arguments, Format format) {
  if (commands.checkpoint->parsed()) return log_checkpoint(arguments.flags, arguments.checkpoint, format);
  if (commands.proof->parsed()) return log_proof(arguments.flags, arguments.proof, format);
  return log_entries(arguments.flags, arguments.entries, format);
}

/// CLI11 throws; here is the edge. An exit status where the arguments ask for nothing to be done.
std::optional<int> parse(CLI::App& app, int argc, char** argv, bool json) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    const Error usage{.code = ErrorCode::kInvalidArgument, .message = printable(error.what(), 1024)};
    print_error(usage, ExitCode::kUsage, json, next_step(usage));
    return static_cast<int>(ExitCode::kUsage);
  }
}

int finish_failed(const Error& error, bool json) {
  const ExitCode exit_code = exit_code_of(error);
  print_error(error, exit_code, json, next_step(error));
  return static_cast<int>(exit_code);
}

/// Of the commands whose result is a status.
int finish_with_status(const Result<ExitCode>& done, bool json) {
  return done.has_value() ? static_cast<int>(*done) : finish_failed(done.error(), json);
}

int run(int argc, char** argv) {
  CLI::App app(kDescription, "signet");
  Arguments arguments;
  app.footer(kFooter);
  app.require_subcommand(1);
  app.fallthrough();
  add_global_options(app, arguments);
  const CLI::App* const issue_command = add_issue(app, arguments.issue);
  const CLI::App* const renew_command = add_renew(app, arguments.renew);
  const CLI::App* const bundle_command = add_bundle(app, arguments.bundle);
  const LogCommands log_commands = add_log(app, arguments);
  const CLI::App* const lint_command = add_lint(app, arguments.lint);
  const PolicyCommands policy_commands = add_policy(app, arguments);
  const AdminCommands admin_commands = add_admin(app, arguments.admin);
  app.add_subcommand("status", "Version, issuers, tokens and sizes, for clients with the right \"operate\"");

  const bool json = std::any_of(argv + 1, argv + argc, [](std::string_view argument) { return argument == "--json"; });
  if (const auto finished = parse(app, argc, argv, json); finished.has_value()) return *finished;

  const Format format = arguments.json ? Format::kJson : Format::kText;
  if (lint_command->parsed()) return finish_with_status(lint_certificates(arguments.lint, format), arguments.json);
  if (policy_commands.policy->parsed())
    return finish_with_status(run_policy(policy_commands, arguments, format), arguments.json);
  if (admin_commands.admin->parsed()) return run_admin(admin_commands, arguments.admin, format);
  const auto done = issue_command->parsed()      ? issue(arguments.flags, arguments.issue, format)
                    : renew_command->parsed()    ? renew(arguments.flags, arguments.renew, format)
                    : bundle_command->parsed()   ? bundle(arguments.flags, arguments.bundle, format)
                    : log_commands.log->parsed() ? run_log(log_commands, arguments, format)
                                                 : status(arguments.flags, format);
  if (done.has_value()) return static_cast<int>(ExitCode::kOk);
  return finish_failed(done.error(), arguments.json);
}

}  // namespace
}  // namespace signet::cli

int main(int argc, char** argv) {
  signet::open_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that leaves becomes an error that says so
  return signet::cli::run(argc, argv);
}
