#include "issue_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/clock.h"
#include "base/file.h"
#include "connect.h"
#include "new_key.h"

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

/// As it is compared with others; as it stands where it cannot be followed.
std::filesystem::path followed(const std::string& file) {
  std::error_code ignored;
  const auto path = std::filesystem::weakly_canonical(std::filesystem::absolute(file, ignored), ignored);
  return path.empty() ? std::filesystem::path(file) : path;
}

/// The files of an issuance can be written, each on its own. `key_file` is empty where no key is made.
Result<void> check_outputs(const IssueArguments& arguments, const std::string& key_file) {
  SIGNET_CHECK(check_writable(arguments.out_file, arguments.force, "--out"));
  std::map<std::filesystem::path, std::string> flags;
  if (!is_standard_output(arguments.out_file)) flags.emplace(followed(arguments.out_file), "--out");
  for (const auto& [flag, file] :
       {std::pair("--chain-out", arguments.chain_file), {"--proof", arguments.proof_file}, {"--new-key", key_file}}) {
    if (file.empty()) continue;
    if (is_standard_output(file)) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("{} needs a file; what goes to standard output is the certificate with its chain", flag),
                  flag);
    }
    SIGNET_CHECK(check_writable(file, arguments.force, flag));
    const auto [other, is_new] = flags.emplace(followed(file), flag);
    if (is_new) continue;
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} and {} are the same file, {}; name two", other->second, flag, printable(file, 4096)),
                flag);
  }
  return {};
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

/// What does not verify is not written at all.
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
  if (format == Format::kJson) return print_json(to_json(issued, key));
  if (!to_file) SIGNET_CHECK(print(pem));
  std::fputs(line_for_people(issued, arguments, key).c_str(), stderr);
  return {};
}

/// The end of both commands. `issued` is the answer to a request with this idempotency key.
Result<void> finish(const Result<IssuedCertificate>& issued, const std::string& key, const IssueArguments& arguments,
                    const LogKey& log_key, Format format) {
  if (!issued.has_value())
    return std::unexpected(may_be_issued(issued.error()) ? with_key(issued.error(), key) : issued.error());
  auto written = write_issued(*issued, arguments, log_key, format);
  if (!written.has_value()) return std::unexpected(with_key(written.error(), key));
  return {};
}

}  // namespace

Result<void> issue(const Flags& flags, const IssueArguments& arguments, Format format) {
  SIGNET_CHECK(check_outputs(arguments, {}));
  SIGNET_TRY(Bytes csr, read_csr(arguments.csr_file));
  SIGNET_TRY(IssueOptions options, options_of<IssueOptions>(arguments, std::move(csr)));
  options.profile = arguments.profile;
  SIGNET_TRY(Settings settings, load_settings(flags));
  SIGNET_TRY(Client client, make_client(std::move(settings.client), format, options.idempotency_key));
  return finish(client.issue(options), options.idempotency_key, arguments, settings.log_key, format);
}

namespace {

Result<void> renew_with_request(Settings settings, const IssueArguments& arguments, Format format) {
  SIGNET_TRY(Bytes csr, read_csr(arguments.csr_file));
  SIGNET_TRY(const RenewOptions options, options_of<RenewOptions>(arguments, std::move(csr)));
  SIGNET_TRY(Client client, make_client(std::move(settings.client), format, options.idempotency_key));
  return finish(client.renew(options), options.idempotency_key, arguments, settings.log_key, format);
}

/// The idempotency key follows from the request, so that the same command, which finds the same request, gets the same
/// certificate.
Result<void> renew_with_new_key(Settings settings, const RenewArguments& arguments, Format format) {
  SIGNET_TRY(const PendingKey pending, PendingKey::open(arguments.new_key_file, settings.client.key_file));
  const std::string key = to_hex(sha256(pending.csr())).substr(0, 32);
  auto options = options_of<RenewOptions>(arguments.issue, pending.csr(), key);
  auto client = options.has_value() ? make_client(std::move(settings.client), format, options->idempotency_key)
                                    : std::unexpected(options.error());
  const Result<IssuedCertificate> issued =
      client.has_value() ? client->renew(*options) : std::unexpected(client.error());
  if (!issued.has_value() && !may_be_issued(issued.error())) {
    pending.discard();
    return std::unexpected(issued.error());
  }
  auto done = finish(issued, options->idempotency_key, arguments.issue, settings.log_key, format);
  if (done.has_value()) return pending.keep(arguments.issue.force);
  done.error().message += fmt::format("; the new key is in {} until then, and the same command goes on with it",
                                      printable(pending.key_file(), 4096));
  return done;
}

}  // namespace

Result<void> renew(const Flags& flags, const RenewArguments& arguments, Format format) {
  SIGNET_CHECK(check_outputs(arguments.issue, arguments.new_key_file));
  SIGNET_TRY(Settings settings, load_settings(flags));
  if (arguments.new_key_file.empty()) return renew_with_request(std::move(settings), arguments.issue, format);
  return renew_with_new_key(std::move(settings), arguments, format);
}

}  // namespace signet::cli
