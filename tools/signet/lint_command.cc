#include "lint_command.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "lint/lint.h"
#include "x509/certificate.h"

namespace signet::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxFileBytes = std::size_t{16} * 1024 * 1024;
constexpr std::string_view kLabel = "CERTIFICATE";

struct Linted {
  Bytes der;
  std::vector<lint::Finding> findings;
};

/// Not parse_certificates: what is linted may be anything.
Result<std::vector<Bytes>> read_certificates(const std::string& file) {
  const bool standard_input = file == "-";
  SIGNET_TRY(Bytes content, standard_input ? read_standard_input(kMaxFileBytes, "FILE")
                                           : read_file(file, kMaxFileBytes, FileTrust::kAnyone, "FILE"));
  const std::string_view text = text_of(content);
  if (text.find("-----BEGIN ") == std::string_view::npos) {
    std::vector<Bytes> one;
    one.push_back(std::move(content));
    return one;
  }
  auto blocks = decode_pem(text, kLabel);
  if (!blocks) blocks.error().field = "FILE";
  return blocks;
}

Result<void> check_arguments(const LintArguments& arguments) {
  if (arguments.list != arguments.file.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                arguments.list ? "--list prints the rules and takes no FILE" : "a FILE is needed, or --list", "FILE");
  }
  return {};
}

std::string fingerprint(const Linted& linted) { return to_hex(sha256(linted.der)); }

json to_json(const std::vector<Linted>& all, lint::Set set) {
  json certificates = json::array();
  for (const Linted& linted : all) {
    json findings = json::array();
    for (const lint::Finding& finding : linted.findings) {
      findings.push_back({{"id", finding.id},
                          {"severity", name_of(finding.severity)},
                          {"clause", finding.clause},
                          {"message", finding.message}});
    }
    certificates.push_back({{"sha256", fingerprint(linted)}, {"findings", findings}});
  }
  return {{"version", lint::kVersion}, {"set", name_of(set)}, {"certificates", certificates}};
}

std::string to_text(const std::vector<Linted>& all) {
  std::string text;
  for (std::size_t i = 0; i < all.size(); ++i) {
    text += fmt::format("certificate {}, sha256 {}: ", i + 1, fingerprint(all[i]));
    text += all[i].findings.empty() ? "no findings\n" : fmt::format("{} finding(s)\n", all[i].findings.size());
    for (const lint::Finding& finding : all[i].findings) {
      text +=
          fmt::format("  {:<7} {}: {} ({})\n", name_of(finding.severity), finding.id, finding.message, finding.clause);
    }
  }
  return text;
}

json rule_to_json(const lint::Rule& rule) {
  return {{"id", rule.id},
          {"severity", name_of(rule.severity)},
          {"set", name_of(rule.set)},
          {"applies_to", rule.applies_to},
          {"clause", rule.clause},
          {"text", rule.text}};
}

Result<void> print_rules(Format format) {
  if (format == Format::kJson) {
    json rules = json::array();
    for (const lint::Rule& rule : lint::rules()) rules.push_back(rule_to_json(rule));
    return print_json({{"version", lint::kVersion}, {"rules", rules}});
  }
  std::string text;
  for (const lint::Rule& rule : lint::rules()) {
    text += fmt::format("{:<40} {:<8} {:<13} {}\n{:40} {}; for: {}\n", rule.id, name_of(rule.severity),
                        name_of(rule.set), rule.clause, "", rule.text, rule.applies_to);
  }
  return print(text);
}

}  // namespace

Result<ExitCode> lint_certificates(const LintArguments& arguments, Format format) {
  SIGNET_CHECK(check_arguments(arguments));
  if (arguments.list) {
    SIGNET_CHECK(print_rules(format));
    return ExitCode::kOk;
  }
  const lint::Set set = arguments.public_trust ? lint::Set::kPublicTrust : lint::Set::kPrivate;
  SIGNET_TRY(std::vector<Bytes> certificates, read_certificates(arguments.file));
  std::vector<Linted> all;
  bool has_error = false;
  for (Bytes& der : certificates) {
    std::vector<lint::Finding> findings = lint::lint_certificate(der, set);
    has_error = has_error || lint::has_error(findings);
    all.push_back({.der = std::move(der), .findings = std::move(findings)});
  }
  SIGNET_CHECK(format == Format::kJson ? print_json(to_json(all, set)) : print(to_text(all)));
  return has_error ? ExitCode::kFindings : ExitCode::kOk;
}

}  // namespace signet::cli
