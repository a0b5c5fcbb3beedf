#include "issue_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/clock.h"
#include "base/file.h"
#include "connect.h"
#include "new_key.h"
#include "output_files.h"

namespace signet::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxCsrBytes = std::size_t{60} * 1024;

Result<Bytes> read_csr(const std::string& file) {
  if (file == "-") return read_standard_input(kMaxCsrBytes, "--csr");
  return read_file(file, kMaxCsrBytes, FileTrust::kAnyone, "--csr");
}

/// Keys are shown in messages and typed again, so every byte must be one that a terminal and a shell keep.
Result<void> check_key(const std::string& key) {
  if (std::ranges::all_of(key, [](char c) { return c >= '!' && c <= '~'; })) return {};
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("--idempotency-key \"{}\" holds more than the printable ASCII characters ! to ~, without space",
                  printable(key)),
      "--idempotency-key");
}

/// What `issue` and `renew` ask for alike; `Options` is the client library's. `default_key` is taken where none is
/// given; empty = a new one.
template <class Options>
Result<Options> options_of(const IssueArguments& arguments, Bytes csr, const std::string& default_key = {}) {
  Options options;
  options.csr = std::move(csr);
  if (!arguments.validity.empty()) {
    auto validity = parse_duration(arguments.validity);
    if (!validity.has_value() || validity->count() <= 0) {
      return fail(
          ErrorCode::kInvalidArgument,
          fmt::format("--validity \"{}\" is not a duration, such as 12h, 30d or 1y", printable(arguments.validity)),
          "--validity");
    }
    options.validity = *validity;
  }
  SIGNET_CHECK(check_key(arguments.idempotency_key));
  options.idempotency_key = arguments.idempotency_key.empty() ? default_key : arguments.idempotency_key;
  if (options.idempotency_key.empty()) {
    SIGNET_TRY(options.idempotency_key, new_idempotency_key());
  }
  options.wait_for_proof = !arguments.proof_file.empty();
  return options;
}

/// Whatever fails once the daemon may have issued: how to get that certificate.
Error with_key(Error error, const std::string& key) {
  error.message +=
      fmt::format("; with --idempotency-key {} the same request gets the same certificate", printable(key));
  return error;
}

/// Only a refusal of the daemon, or a fault of this side's input that kept it from asking, says that nothing was
/// issued.
bool may_be_issued(const Error& error) noexcept {
  const ExitCode exit_code = exit_code_of(error);
  const bool refused =
      exit_code == ExitCode::kRefused || (exit_code == ExitCode::kUnauthenticated && error.from_daemon);
  return !refused && exit_code != ExitCode::kUsage;
}

json to_json(const IssuedCertificate& issued, const LogKey& key) {
  json chain = json::array();
  for (const auto& certificate : issued.chain) chain.push_back(to_pem(certificate));
  json object = {{"serial", to_hex(issued.serial)},
                 {"not_after", time_text(issued.not_after)},
                 {"log_index", issued.log_index},
                 {"intent_log_index", issued.intent_log_index},
                 {"idempotency_key", printable(issued.idempotency_key)},
                 {"request_id", issued.request_id},
                 {"certificate", to_pem(issued.certificate)},
                 {"chain", chain}};
  if (!issued.proof.empty()) {
    object["proof"] = text_of(issued.proof);
    object["signature_checked"] = key.has_value();
  }
  return object;
}

std::string line_for_people(const IssuedCertificate& issued, const IssueArguments& arguments, const LogKey& key) {
  std::string line = fmt::format("issued serial {}, valid until {}, log entry {}", to_hex(issued.serial),
                                 time_text(issued.not_after), issued.log_index);
  if (!is_standard_output(arguments.out_file)) line += ", written to " + printable(arguments.out_file, 4096);
  if (issued.proof.empty()) return line + "\n";
  return line + fmt::format("\nproof of log entry {}, {}, written to {}\n", issued.log_index, how_checked(key),
                            printable(arguments.proof_file, 4096));
}

/// What does not verify is not written at all. PEM for standard output is an output like the files.
Result<void> write_issued(const IssuedCertificate& issued, const IssueArguments& arguments, const LogKey& key,
                          Format format) {
  if (!arguments.proof_file.empty()) SIGNET_CHECK(check_issued(issued, key));
  const std::string pem = to_pem(issued.certificate, issued.chain);
  const bool to_file = !is_standard_output(arguments.out_file);
  if (to_file) SIGNET_CHECK(write_output(arguments.out_file, pem, arguments.force));
  if (!arguments.chain_file.empty()) {
    SIGNET_CHECK(write_output(arguments.chain_file, to_pem({}, issued.chain), arguments.force));
  }
  if (!arguments.proof_file.empty()) {
    SIGNET_CHECK(write_output(arguments.proof_file, std::string(text_of(issued.proof)), arguments.force));
  }
  return to_file || format == Format::kJson ? Result<void>() : print(pem);
}

/// The last thing that is done.
Result<void> show_issued(const IssuedCertificate& issued, const IssueArguments& arguments, const LogKey& key,
                         Format format) {
  if (format == Format::kJson) return print_json(to_json(issued, key));
  std::fputs(line_for_people(issued, arguments, key).c_str(), stderr);
  return {};
}

/// The end of a request with this idempotency key, whose files are given by whoever asks.
Result<void> finish(const Result<IssuedCertificate>& issued, const std::string& key, const IssueArguments& arguments,
                    const LogKey& log_key, Format format) {
  if (!issued.has_value())
    return std::unexpected(may_be_issued(issued.error()) ? with_key(issued.error(), key) : issued.error());
  auto done = write_issued(*issued, arguments, log_key, format);
  if (done.has_value()) done = show_issued(*issued, arguments, log_key, format);
  if (!done.has_value()) return std::unexpected(with_key(done.error(), key));
  return {};
}

}  // namespace

Result<void> issue(const Flags& flags, const IssueArguments& arguments, Format format) {
  SIGNET_CHECK(check_outputs(arguments, arguments.force));
  SIGNET_TRY(Bytes csr, read_csr(arguments.csr_file));
  SIGNET_TRY(IssueOptions options, options_of<IssueOptions>(arguments, std::move(csr)));
  options.profile = arguments.profile;
  SIGNET_TRY(Settings settings, load_settings(flags));
  SIGNET_CHECK(check_apart(arguments, settings.client, {}));
  SIGNET_TRY(Client client, make_client(std::move(settings.client), format, options.idempotency_key));
  return finish(client.issue(options), options.idempotency_key, arguments, settings.log_key, format);
}

namespace {

Result<void> renew_with_request(Settings settings, const IssueArguments& arguments, Format format) {
  SIGNET_CHECK(check_outputs(arguments, arguments.force));
  SIGNET_TRY(Bytes csr, read_csr(arguments.csr_file));
  SIGNET_TRY(const RenewOptions options, options_of<RenewOptions>(arguments, std::move(csr)));
  SIGNET_TRY(Client client, make_client(std::move(settings.client), format, options.idempotency_key));
  auto issued = client.renew(options);
  if (issued.has_value()) {
    if (auto kept = check_not_better(arguments, *issued); !kept.has_value())
      issued = std::unexpected(with_key(kept.error(), options.idempotency_key));
  }
  return finish(issued, options.idempotency_key, arguments, settings.log_key, format);
}

/// A renewal with a key that is made for it, from its files to its files.
class NewKeyRenewal {
 public:
  NewKeyRenewal(Settings settings, const RenewArguments& arguments, Format format, PendingKey pending)
      : settings_(std::move(settings)),
        arguments_(arguments.issue),
        new_key_file_(arguments.new_key_file),
        format_(format),
        force_key_(arguments.issue.force),
        pending_(std::move(pending)) {}

  Result<void> run() {
    SIGNET_CHECK(finish_interrupted());
    const bool goes_on = are_of_earlier_attempt(arguments_, pending_.spki());
    SIGNET_CHECK(check_outputs(arguments_, arguments_.force || goes_on));
    SIGNET_TRY(renewed_, read_leaf_bytes());
    SIGNET_CHECK(pending_.make(settings_.client.key_file));
    Result<IssuedCertificate> issued = ask();
    if (!issued.has_value() && is_of_no_use(issued.error())) {
      if (format_ == Format::kText)
        std::fputs(fmt::format("signet: {}; beginning anew\n", issued.error().message).c_str(), stderr);
      SIGNET_CHECK(pending_.make_anew(settings_.client.key_file));
      issued = ask();
    } else {
      arguments_.force = arguments_.force || goes_on;
    }
    return issued.has_value() ? keep(*issued) : std::unexpected(failed(issued.error()));
  }

 private:
  Result<Bytes> read_leaf_bytes() const {
    SIGNET_TRY(const Certificate leaf, read_leaf(settings_.client.certificate_file, "certificate"));
    return copy_of(leaf.der().view());
  }

  /// In place, the certificate takes its name before its key does: whoever was killed in between has neither.
  Result<void> finish_interrupted() {
    if (pending_.spki().empty() || !same_file(new_key_file_, settings_.client.key_file)) return {};
    const auto certificate = read_leaf(settings_.client.certificate_file, "certificate");
    if (!certificate.has_value() || !equal(certificate->public_key().spki(), pending_.spki())) return {};
    SIGNET_CHECK(pending_.keep(force_key_));
    if (format_ == Format::kText) {
      std::fputs(fmt::format("signet: a renewal that was interrupted is finished: {} is the key of {} now\n",
                             printable(new_key_file_, 4096), printable(settings_.client.certificate_file, 4096))
                     .c_str(),
                 stderr);
    }
    return {};
  }

  /// The idempotency key follows from the request and from what is renewed, so that the same command, which finds the
  /// same request, gets the same certificate, and another one never does.
  Result<IssuedCertificate> ask() {
    Bytes both = pending_.csr();
    append(both, renewed_);
    SIGNET_TRY(const RenewOptions options,
               options_of<RenewOptions>(arguments_, pending_.csr(), to_hex(sha256(both)).substr(0, 32)));
    key_ = options.idempotency_key;
    ClientOptions client_options = settings_.client;
    client_options.on_retry = [this](const Error& error, auto) { in_doubt_ = in_doubt_ || may_have_been_done(error); };
    SIGNET_TRY(Client client, make_client(std::move(client_options), format_, key_));
    return client.renew(options);
  }

  /// Of what is tried again: everything but the want of a token.
  static bool may_have_been_done(const Error& error) {
    return !error.from_daemon || error.code != ErrorCode::kResourceExhausted;
  }

  /// The daemon has an answer to this very request, and it is of no use any more: it expired, or was revoked.
  [[nodiscard]] bool is_of_no_use(const Error& error) const {
    return error.from_daemon && error.code == ErrorCode::kFailedPrecondition && error.field == "idempotency_key" &&
           arguments_.idempotency_key.empty() && !pending_.is_new();
  }

  Result<void> keep(const IssuedCertificate& issued) {
    auto kept = check_not_better(arguments_, issued);
    if (kept.has_value()) kept = write_issued(issued, arguments_, settings_.log_key, format_);
    if (kept.has_value()) kept = pending_.keep(force_key_);
    if (!kept.has_value()) return std::unexpected(goes_on_later(with_key(kept.error(), key_)));
    return show_issued(issued, arguments_, settings_.log_key, format_);
  }

  Error failed(Error error) {
    if (may_be_issued(error)) return goes_on_later(key_.empty() ? std::move(error) : with_key(std::move(error), key_));
    if (error.from_daemon && error.code == ErrorCode::kAlreadyExists) {
      error.message += fmt::format(
          "; {} are of an attempt with other options: repeat with those, or remove both files to begin anew",
          pending_.both());
      return error;
    }
    if (in_doubt_) return goes_on_later(std::move(error));
    pending_.discard();
    return error;
  }

  [[nodiscard]] Error goes_on_later(Error error) const {
    error.message += fmt::format("; the new key is in {} until then, and the same command goes on with it",
                                 printable(pending_.key_file(), 4096));
    return error;
  }

  Settings settings_;
  IssueArguments arguments_;
  std::string new_key_file_;
  Format format_;
  bool force_key_;
  PendingKey pending_;
  Bytes renewed_;          // the certificate, DER
  std::string key_;        // of the last request
  bool in_doubt_ = false;  // an attempt failed, and may have been carried out
};

}  // namespace

Result<void> renew(const Flags& flags, const RenewArguments& arguments, Format format) {
  SIGNET_TRY(Settings settings, load_settings(flags));
  SIGNET_CHECK(check_apart(arguments.issue, settings.client, arguments.new_key_file));
  if (arguments.new_key_file.empty()) return renew_with_request(std::move(settings), arguments.issue, format);
  SIGNET_CHECK(check_writable(arguments.new_key_file, arguments.issue.force, "--new-key"));
  SIGNET_TRY(PendingKey pending, PendingKey::open(arguments.new_key_file));
  return NewKeyRenewal(std::move(settings), arguments, format, std::move(pending)).run();
}

}  // namespace signet::cli
