// signet-audit: verifies an audit log from its folder and public keys.
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <optional>

#include "base/bytes.h"
#include "base/file.h"
#include "base/standard_streams.h"
#include "base/version.h"
#include "output.h"
#include "progress.h"
#include "show.h"
#include "signet/audit.h"

namespace signet::audit::cli {
namespace {

constexpr const char* kDescription = R"(signet-audit - verifies the audit log of a Signet daemon

It needs the log's folder, or a copy of it, and public keys: no network, no daemon, no database.

Examples:
  signet-audit verify --log-key log-1.vkey --issuer issuing.pem --since last-audit.checkpoint /copy/of/log
  signet-audit prove --certificate www.pem --out www.tlog-proof /copy/of/log
  signet-audit check-proof --log-key log-1.vkey --certificate www.pem www.tlog-proof
  signet-audit show --type orphaned /copy/of/log)";

constexpr const char* kFooter = R"(Exit status:
  0  clean; done
  1  findings; the proof does not hold; the log has no such certificate to prove
  2  usage: an option, or a file that an option names
  3  the log cannot be read, or standard output not be written)";

/// The help of a command ends with what its exit status means, too.
std::string with_status(const char* footer) { return std::string(footer) + "\n\n" + kFooter; }

constexpr const char* kVerifyFooter =
    R"(A log key is a verifier key "name+key id+base64", or a file with one, or a PEM public key. Without --log-key the key that
the log itself names is taken, which proves nothing about who made the log.

Without --since, --witness or --journal nothing rules out that an older copy of the folder was put back: it says
"rollback not excluded". Keep the file "checkpoint" of each audit for the --since of the next one.

Each finding is a line with a stable name, the entry or file, and what was expected and found. docs/audit.md lists them.)";

struct Arguments {
  bool json = false;
  VerifyOptions verify;
  std::string directory;
  std::optional<std::uint64_t> index;
  std::string certificate;
  std::string out;
  bool force = false;
  ProofOptions proof;
  ShowArguments show;
};

CLI::App* add_verify(CLI::App& app, Arguments& arguments) {
  VerifyOptions& options = arguments.verify;
  CLI::App* const command = app.add_subcommand("verify", "Check everything that can be checked of a log");
  command->add_option("LOGFOLDER", options.directory, "The log's folder, or a copy of it")->required();
  command->add_option("--log-key", options.log_key, "The key that signs checkpoints")->type_name("FILE-or-VKEY");
  command->add_option("--issuer", options.issuers, "Certificate of an issuing CA (repeatable)")
      ->type_name("FILE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--since", options.since, "A checkpoint seen earlier: the log must begin with that tree")
      ->type_name("FILE");
  command->add_option("--witness", options.witnesses, "Verifier key of a witness (repeatable)")
      ->type_name("VKEY")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--journal", options.journals, "A keyholder's journal, or a copy (repeatable)")
      ->type_name("FILE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--predecessor-key", options.predecessor_key, "The key of the log that this one goes on from")
      ->type_name("FILE-or-VKEY");
  command->add_option("--threads", options.threads, "That check (one for each processor)")->type_name("N");
  command->add_option("--show-findings", options.findings_per_kind, "Of each kind; the rest is counted (20)")
      ->type_name("N");
  command->footer(with_status(kVerifyFooter));
  return command;
}

CLI::App* add_prove(CLI::App& app, Arguments& arguments) {
  CLI::App* const command = app.add_subcommand("prove", "Write the proof that an entry is in the log");
  command->add_option("LOGFOLDER", arguments.directory, "The log's folder, or a copy of it")->required();
  auto* const index = command->add_option("--index", arguments.index, "The entry")->type_name("N");
  command->add_option("--certificate", arguments.certificate, "The entry that issued this certificate")
      ->type_name("FILE")
      ->excludes(index);
  command->add_option("--out", arguments.out, "The proof; - or none is standard output")->type_name("FILE");
  command->add_flag("--force", arguments.force, "Replace a file that exists");
  command->footer(
      with_status("The proof is C2SP tlog-proof with the entry as extra data; check-proof checks it without the log."));
  return command;
}

CLI::App* add_check_proof(CLI::App& app, Arguments& arguments) {
  ProofOptions& options = arguments.proof;
  CLI::App* const command = app.add_subcommand("check-proof", "Check a proof from the file alone");
  command->add_option("PROOF", options.proof, "A tlog-proof file")->required();
  command->add_option("--log-key", options.log_key, "The key that signs checkpoints")
      ->required()
      ->type_name("FILE-or-VKEY");
  command->add_option("--witness", options.witnesses, "Verifier key of a witness that must have cosigned (repeatable)")
      ->type_name("VKEY")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--certificate", options.certificate, "The entry must have issued this certificate")
      ->type_name("FILE");
  command->footer(kFooter);
  return command;
}

CLI::App* add_show(CLI::App& app, Arguments& arguments) {
  ShowArguments& options = arguments.show;
  CLI::App* const command = app.add_subcommand("show", "Print entries, one a line; checks nothing");
  command->add_option("LOGFOLDER", options.directory, "The log's folder, or a copy of it")->required();
  command->add_option("--from", options.from, "The first entry")->type_name("N");
  command->add_option("--to", options.to, "The last entry")->type_name("N");
  command->add_option("--type", options.type, "Such as issued")->type_name("T");
  command->add_option("--serial", options.serial, "Entries with this serial number")->type_name("HEX");
  command->add_option("--client", options.client, "Entries that this client caused")->type_name("C");
  command->add_option("--certificate", options.certificate, "Entries about this certificate")->type_name("FILE");
  return command;
}

/// Prints what is found as it is found, or keeps it for one JSON object.
class Printer : public Listener {
 public:
  explicit Printer(Format format) : format_(format) {}
  void found(const Finding& finding) override {
    if (format_ == Format::kJson) {
      findings_.push_back(finding);
      return;
    }
    line_.clear();
    std::fputs(line_of(finding).c_str(), stdout);
  }
  void progress(const Progress& progress) override { line_.show(progress); }

  void finish(const Summary& summary) {
    line_.clear();
    std::fputs((format_ == Format::kJson ? json_of(summary, findings_) : text_of(summary)).c_str(), stdout);
  }

 private:
  Format format_;
  ProgressLine line_;
  std::vector<Finding> findings_;
};

/// An error with a field is about an option, but for the two that are the answer (signet/audit.h).
ExitCode exit_code_of(const Error& error) {
  if (error.field.empty()) return ExitCode::kCannotRead;
  return error.field == "proof" || error.field == "certificate_sha256" ? ExitCode::kFindings : ExitCode::kUsage;
}

ExitCode fail_with(const Error& error, Format format) {
  print_error(error, format);
  return exit_code_of(error);
}

ExitCode run_verify(const Arguments& arguments, Format format) {
  Printer printer(format);
  const auto summary = verify(arguments.verify, printer);
  if (!summary.has_value()) return fail_with(summary.error(), format);
  printer.finish(*summary);
  return summary->clean() ? ExitCode::kClean : ExitCode::kFindings;
}

bool goes_to_standard_output(const Arguments& arguments) { return arguments.out.empty() || arguments.out == "-"; }

/// Before the log is read.
Result<void> check_prove(const Arguments& arguments) {
  const auto refuse = [](ErrorCode code, std::string message, std::string option) {
    return fail(code, std::move(message), std::move(option));
  };
  if (!arguments.index && arguments.certificate.empty()) {
    return refuse(ErrorCode::kInvalidArgument, "prove needs --index or --certificate", "index");
  }
  struct stat state{};
  if (arguments.force || goes_to_standard_output(arguments) || ::lstat(arguments.out.c_str(), &state) != 0) return {};
  return refuse(ErrorCode::kAlreadyExists,
                printable(arguments.out) + " exists; remove it, name another file or give --force", "out");
}

Result<void> write_out(const Arguments& arguments, ByteView proof) {
  if (goes_to_standard_output(arguments)) return print(signet::text_of(proof));
  auto written =
      arguments.force ? replace_file(arguments.out, proof, 0644) : write_new_file(arguments.out, proof, 0644);
  if (!written.has_value()) written.error().field = "out";
  return written;
}

Result<void> write_proof(const Arguments& arguments) {
  SIGNET_CHECK(check_prove(arguments));
  std::uint64_t index = arguments.index.value_or(0);
  if (!arguments.index) {
    SIGNET_TRY(index, find_certificate(arguments.directory, arguments.certificate));
  }
  SIGNET_TRY(const Bytes proof, prove(arguments.directory, index));
  return write_out(arguments, proof);
}

ExitCode run_prove(const Arguments& arguments, Format format) {
  const auto written = write_proof(arguments);
  return written.has_value() ? ExitCode::kClean : fail_with(written.error(), format);
}

ExitCode run_check_proof(const Arguments& arguments, Format format) {
  const auto proven = check_proof(arguments.proof);
  if (!proven.has_value()) return fail_with(proven.error(), format);
  std::fputs((format == Format::kJson ? json_of(*proven) : text_of(*proven)).c_str(), stdout);
  return ExitCode::kClean;
}

ExitCode run_show(const Arguments& arguments, Format format) {
  const auto shown = show(arguments.show, format);
  if (!shown.has_value()) return fail_with(shown.error(), format);
  return ExitCode::kClean;
}

/// CLI11 throws; here is the edge. An exit status where the arguments ask for nothing to be done.
std::optional<int> parse(CLI::App& app, int argc, char** argv, Format format) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    print_error({.code = ErrorCode::kInvalidArgument, .message = printable(error.what(), 1024)}, format);
    return static_cast<int>(ExitCode::kUsage);
  }
}

int run(int argc, char** argv) {
  CLI::App app(kDescription, "signet-audit");
  Arguments arguments;
  app.footer(kFooter);
  app.require_subcommand(1);
  app.fallthrough();
  app.add_flag("--json", arguments.json, "JSON on standard output, for errors too");
  app.set_version_flag("--version", "signet-audit " SIGNET_VERSION);
  const CLI::App* const verify_command = add_verify(app, arguments);
  const CLI::App* const prove_command = add_prove(app, arguments);
  const CLI::App* const check_command = add_check_proof(app, arguments);
  add_show(app, arguments);

  const bool json = std::any_of(argv + 1, argv + argc, [](std::string_view argument) { return argument == "--json"; });
  const Format format = json ? Format::kJson : Format::kText;
  if (const auto finished = parse(app, argc, argv, format); finished.has_value()) return *finished;
  ExitCode code = verify_command->parsed()  ? run_verify(arguments, format)
                  : prove_command->parsed() ? run_prove(arguments, format)
                  : check_command->parsed() ? run_check_proof(arguments, format)
                                            : run_show(arguments, format);
  // An answer that did not arrive is none.
  if (const auto arrived = finish_output(); !arrived.has_value()) code = fail_with(arrived.error(), Format::kText);
  return static_cast<int>(code);
}

}  // namespace
}  // namespace signet::audit::cli

int main(int argc, char** argv) {
  signet::open_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that leaves becomes an error that says so
  return signet::audit::cli::run(argc, argv);
}
