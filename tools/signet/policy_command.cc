#include "policy_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <ranges>

#include "base/file.h"
#include "base/rng.h"
#include "policy/escalation.h"
#include "policy/lint_verdict.h"
#include "policy_issuer.h"
#include "policy_verdict.h"

namespace signet::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxPolicyBytes = std::size_t{1} << 20U;
constexpr std::size_t kMaxOtherBytes = std::size_t{1} << 20U;

Result<Bytes> read_input(const std::string& file, std::size_t max_bytes, const std::string& field) {
  if (file == "-") return read_standard_input(max_bytes, field);
  return read_file(file, max_bytes, FileTrust::kAnyone, field);
}

/// How mistakes call the file, also where its name is of a shape that would confuse.
std::string name_in_messages(const std::string& file) { return file == "-" ? "standard input" : printable(file); }

Result<Policy> read_policy(const std::string& file) {
  SIGNET_TRY(const Bytes text, read_input(file, kMaxPolicyBytes, "FILE"));
  auto policy = Policy::parse(text, name_in_messages(file));
  if (!policy) policy.error().field = "FILE";
  return policy;
}

template <class Map>
std::vector<std::string> keys_of(const Map& map) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : map) keys.push_back(key);
  return keys;
}

/// Takes "12:" from the start of `text`; 0 where it does not begin so.
unsigned take_number(std::string_view& text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto length = static_cast<std::size_t>(end - text.data());
  if (error != std::errc() || length >= text.size() || text[length] != ':') return 0;
  text.remove_prefix(length + 1);
  return number;
}

/// "file:line:column: key: what" of Policy::parse, in parts.
json mistake_json(std::string_view mistake, std::string_view file) {
  if (mistake.starts_with(file)) mistake.remove_prefix(std::min(file.size() + 1, mistake.size()));
  const unsigned line = take_number(mistake);
  const unsigned column = take_number(mistake);
  if (mistake.starts_with(' ')) mistake.remove_prefix(1);
  return {{"line", line}, {"column", column}, {"message", mistake}};
}

Result<ExitCode> report_mistakes(const std::string& file, const Error& error, Format format) {
  const std::string name = name_in_messages(file);
  json mistakes = json::array();
  for (const auto part : std::views::split(error.message, '\n'))
    mistakes.push_back(mistake_json(std::string_view(part.begin(), part.end()), name));
  SIGNET_CHECK(format == Format::kJson
                   ? print_json({{"file", file}, {"valid", false}, {"mistakes", mistakes}})
                   : print(fmt::format("{}\n{}: {} mistake(s)\n", error.message, name, mistakes.size())));
  return ExitCode::kUsage;
}

json client_json(const PolicyClient& client) {
  std::vector<std::string_view> rights;
  for (const Right right : client.rights) rights.push_back(name_of(right));
  return {{"identities", client.identities}, {"profiles", client.profiles}, {"rights", rights}};
}

Result<void> report_sound(const std::string& file, const Policy& policy, Format format) {
  if (format == Format::kJson) {
    json clients = json::object();
    for (const auto& [name, client] : policy.clients()) clients[name] = client_json(client);
    return print_json({{"file", file},
                       {"valid", true},
                       {"sha256", to_hex(policy.sha256())},
                       {"profiles", keys_of(policy.profiles())},
                       {"clients", clients},
                       {"warnings", escalations(policy)}});
  }
  std::string warnings;
  for (const std::string& escalation : escalations(policy)) warnings += fmt::format("  warning: {}\n", escalation);
  return print(fmt::format(
      "{}: sound\n  profiles: {}\n  clients:  {}\n{}"
      "  not checked: that the daemon has the profiles' issuers, and their fences let through what the profiles allow "
      "(signetd --check)\n",
      name_in_messages(file), fmt::join(keys_of(policy.profiles()), ", "), fmt::join(keys_of(policy.clients()), ", "),
      warnings));
}

std::unexpected<Error> usage(std::string message, std::string field) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(field));
}

/// By its name, or by the certificate in a file; null where the policy knows nobody with that certificate.
Result<const PolicyClient*> find_client(const Policy& policy, const std::string& client) {
  if (const auto named = policy.clients().find(client); named != policy.clients().end()) return &named->second;
  const auto content = read_file(client, kMaxOtherBytes, FileTrust::kAnyone, "--client");
  if (!content) {
    return usage(fmt::format("\"{}\" is neither a client of the policy ({}) nor a file with a certificate",
                             printable(client), fmt::join(keys_of(policy.clients()), ", ")),
                 "--client");
  }
  auto certificates = parse_certificates(*content);
  if (!certificates) return usage(fmt::format("{}: {}", printable(client), certificates.error().message), "--client");
  return policy.find_client(PeerIdentity::from(certificates->front()));
}

/// The certificate that is renewed, if any: the one that the client would connect with.
Result<std::optional<Certificate>> read_renewed(const std::string& file, const Policy& policy,
                                                const PolicyClient& client) {
  if (file.empty()) return std::nullopt;
  SIGNET_TRY(const Bytes content, read_file(file, kMaxOtherBytes, FileTrust::kAnyone, "--renews"));
  auto certificates = parse_certificates(content);
  if (!certificates) return usage(fmt::format("{}: {}", printable(file), certificates.error().message), "--renews");
  const PolicyClient* const holder = policy.find_client(PeerIdentity::from(certificates->front()));
  if (holder == &client) return std::move(certificates->front());
  return usage(fmt::format("the certificate identifies {}, not the client {}; whoever renews a certificate connects "
                           "with it",
                           holder == nullptr ? "no client of the policy" : "the client " + holder->name, client.name),
               "--renews");
}

Result<std::string> choose_profile(const PolicyTestArguments& arguments, const PolicyClient& client) {
  if (!arguments.profile.empty()) return arguments.profile;
  if (client.profiles.size() == 1) return *client.profiles.begin();
  return usage(fmt::format("the client {} may use {}; name one of its profiles", client.name,
                           client.profiles.empty() ? "none" : fmt::format("{}", fmt::join(client.profiles, ", "))),
               "--profile");
}

std::vector<std::string> unchecked(const PolicyTestArguments& arguments, const PolicyClient& client) {
  std::vector<std::string> what;
  if (arguments.issuer_certificate_file.empty()) {
    what.emplace_back(
        "what depends on the issuing CA: its name and key id are a stand-in's here, its name constraints and the end "
        "of "
        "its validity are not known, and whether the key is its own (--issuer-certificate)");
  }
  if (!arguments.renews_file.empty()) {
    what.emplace_back(
        "whether the daemon's issuer has made the certificate that is renewed, by this profile, and not revoked it");
  }
  what.emplace_back("the daemon's block list of keys, and the fence of the issuing key");
  if (client.must_sign) what.emplace_back("the request's signature, which this client has to make (must_sign)");
  if (client.rate) what.emplace_back("the client's rate");
  return what;
}

/// Decides as the daemon does, then lints what it would sign, with a serial number as it would have.
Result<void> decide_and_lint(const Policy& policy, const PolicyClient& client, const Wish& wish, const IssuingCas& cas,
                             PolicyVerdict& verdict) {
  if (auto right = check_right(client, wish.renews == nullptr ? Right::kIssue : Right::kRenew); !right) {
    verdict.refusal = std::move(right).error();
    return {};
  }
  auto decision = decide(policy, client, wish, cas, system_clock().now());
  if (!decision) {
    verdict.refusal = std::move(decision).error();
    return {};
  }
  SIGNET_TRY(decision->fields.serial, SerialNumber::random(system_rng()));
  verdict.findings = lint::lint_tbs(encode_tbs(decision->fields).view(), lint_set(*decision->profile));
  if (auto sound = check_lint(verdict.findings, *decision->profile); !sound) verdict.refusal = std::move(sound).error();
  verdict.decision.emplace(*std::move(decision));
  return {};
}

}  // namespace

Result<ExitCode> policy_check(const PolicyCheckArguments& arguments, Format format) {
  SIGNET_TRY(const Bytes text, read_input(arguments.file, kMaxPolicyBytes, "FILE"));
  const auto policy = Policy::parse(text, name_in_messages(arguments.file));
  if (!policy) return report_mistakes(arguments.file, policy.error(), format);
  SIGNET_CHECK(report_sound(arguments.file, *policy, format));
  return ExitCode::kOk;
}

Result<ExitCode> policy_test(const PolicyTestArguments& arguments, Format format) {
  SIGNET_TRY(const Policy policy, read_policy(arguments.file));
  SIGNET_TRY(const PolicyClient* const client, find_client(policy, arguments.client));
  SIGNET_TRY(const Bytes csr, read_input(arguments.csr_file, kMaxOtherBytes, "--csr"));
  std::chrono::seconds validity{0};
  if (!arguments.validity.empty()) {
    SIGNET_TRY(validity, parse_duration(arguments.validity));
  }
  PolicyVerdict verdict;
  if (client == nullptr) {
    verdict.refusal =
        Error{.code = ErrorCode::kPermissionDenied,
              .message = "no client of the policy has an identity of this certificate (rule client.identity)",
              .field = "client certificate"};
    SIGNET_CHECK(print_verdict(verdict, format));
    return ExitCode::kRefused;
  }
  SIGNET_TRY(const std::optional<Certificate> renewed, read_renewed(arguments.renews_file, policy, *client));
  SIGNET_TRY(const std::string profile, choose_profile(arguments, *client));
  const Profile* const chosen = policy.find_profile(profile);
  SIGNET_TRY(const IssuingCas cas,
             issuing_cas(chosen == nullptr ? "" : chosen->issuer, arguments.issuer_certificate_file));
  verdict.client = client->name;
  verdict.profile = profile;
  verdict.not_checked = unchecked(arguments, *client);
  const Wish wish{
      .profile = profile, .csr = csr, .validity = validity, .renews = renewed.has_value() ? &*renewed : nullptr};
  SIGNET_CHECK(decide_and_lint(policy, *client, wish, cas, verdict));
  SIGNET_CHECK(print_verdict(verdict, format));
  return verdict.refusal ? ExitCode::kRefused : ExitCode::kOk;
}

}  // namespace signet::cli
