#include "output_files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <utility>
#include <vector>

#include "base/file.h"

namespace signet::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFile = std::size_t{1} << 20U;
constexpr std::size_t kMaxPath = 4096;

/// As it is compared with others; as it stands where it cannot be followed.
fs::path followed(const std::string& file) {
  std::error_code ignored;
  const auto path = fs::weakly_canonical(fs::absolute(file, ignored), ignored);
  return path.empty() ? fs::path(file) : path;
}

using Flagged = std::vector<std::pair<const char*, std::string>>;

Flagged outputs_of(const IssueArguments& arguments, const std::string& new_key_file) {
  Flagged outputs;
  if (!is_standard_output(arguments.out_file)) outputs.emplace_back("--out", arguments.out_file);
  for (const auto& [flag, file] : {std::pair("--chain-out", arguments.chain_file),
                                   {"--proof", arguments.proof_file},
                                   {"--new-key", new_key_file}}) {
    if (!file.empty()) outputs.emplace_back(flag, file);
  }
  return outputs;
}

/// What is read, and what a new key is kept in.
Flagged inputs_of(const IssueArguments& arguments, const ClientOptions& client, const std::string& new_key_file) {
  Flagged inputs{
      {"--certificate", client.certificate_file}, {"--key", client.key_file}, {"--trust", client.trust_file}};
  if (!arguments.csr_file.empty() && arguments.csr_file != "-") inputs.emplace_back("--csr", arguments.csr_file);
  if (new_key_file.empty()) return inputs;
  for (const char* end : {".pending", ".pending.csr", ".pending.lock"})
    inputs.emplace_back("the pending key of --new-key", new_key_file + end);
  return inputs;
}

bool may_replace(std::string_view output, std::string_view input) {
  return (output == "--new-key" && input == "--key") || (output == "--out" && input == "--certificate");
}

std::unexpected<Error> are_the_same(const char* one, const char* other, const std::string& file) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} and {} are the same file, {}; name two", one, other, printable(file, kMaxPath)), other);
}

Result<void> check_whole_identity(const IssueArguments& arguments, const ClientOptions& client,
                                  const std::string& new_key_file) {
  const bool certificate =
      !is_standard_output(arguments.out_file) && same_file(arguments.out_file, client.certificate_file);
  const bool key = same_file(new_key_file, client.key_file);
  if (certificate == key) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} would be replaced and {} would not, and the two would not belong together any more; in "
                          "place, --out is the certificate and --new-key the key",
                          certificate ? "--certificate" : "--key", certificate ? "--key" : "--certificate"),
              certificate ? "--new-key" : "--out");
}

/// It is not there, or begins as such a file does.
bool is_absent_or_begins(const std::string& file, std::string_view begin) {
  if (file.empty() || ::access(file.c_str(), F_OK) != 0) return true;
  const auto content = read_file(file, kMaxFile, FileTrust::kAnyone, {});
  return content.has_value() && text_of(*content).starts_with(begin);
}

}  // namespace

bool same_file(const std::string& a, const std::string& b) { return followed(a) == followed(b); }

Result<void> check_apart(const IssueArguments& arguments, const ClientOptions& client,
                         const std::string& new_key_file) {
  std::map<fs::path, const char*> seen;
  const Flagged inputs = inputs_of(arguments, client, new_key_file);
  for (const auto& [flag, file] : outputs_of(arguments, new_key_file)) {
    if (is_standard_output(file)) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("{} needs a file; what goes to standard output is the certificate with its chain", flag),
                  flag);
    }
    const auto [other, is_new] = seen.emplace(followed(file), flag);
    if (!is_new) return are_the_same(other->second, flag, file);
    for (const auto& [input, read] : inputs) {
      if (same_file(file, read) && !may_replace(flag, input)) return are_the_same(input, flag, file);
    }
  }
  return new_key_file.empty() ? Result<void>() : check_whole_identity(arguments, client, new_key_file);
}

Result<void> check_outputs(const IssueArguments& arguments, bool force) {
  SIGNET_CHECK(check_writable(arguments.out_file, force, "--out"));
  for (const auto& [flag, file] : outputs_of(arguments, {})) SIGNET_CHECK(check_writable(file, force, flag));
  return {};
}

bool are_of_earlier_attempt(const IssueArguments& arguments, const Bytes& spki) {
  if (spki.empty() || is_standard_output(arguments.out_file)) return false;
  const auto written = read_leaf(arguments.out_file, "--out");
  return written.has_value() && equal(written->public_key().spki(), spki) &&
         is_absent_or_begins(arguments.chain_file, "-----BEGIN CERTIFICATE-----") &&
         is_absent_or_begins(arguments.proof_file, "c2sp.org/tlog-proof@v1");
}

Result<void> check_not_better(const IssueArguments& arguments, const IssuedCertificate& issued) {
  if (is_standard_output(arguments.out_file)) return {};
  const auto there = read_leaf(arguments.out_file, "--out");
  if (!there.has_value() || there->fields().not_after <= Time(issued.not_after)) return {};
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("the new certificate ends at {}, before the one in {}, which ends at {} and is not replaced; "
                          "name other files",
                          time_text(issued.not_after), printable(arguments.out_file, kMaxPath),
                          to_rfc3339(there->fields().not_after)),
              "--out");
}

Result<Certificate> read_leaf(const std::string& file, const std::string& field) {
  SIGNET_TRY(const Bytes content, read_file(file, kMaxFile, FileTrust::kAnyone, field));
  auto certificates = parse_certificates(content, UnknownCritical::kTaken);
  if (certificates.has_value()) return std::move(certificates->front());
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{}: {}", printable(file, kMaxPath), certificates.error().message), field);
}

}  // namespace signet::cli
