#include "policy_verdict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace signet::cli {
namespace {

using nlohmann::json;

/// Name and contents of an extension, as a person reads them.
using Shown = std::pair<std::string, std::string>;

std::string joined(const std::vector<std::string>& texts) { return fmt::format("{}", fmt::join(texts, ", ")); }

std::vector<std::string> key_usages(const TbsFields& fields) {
  std::vector<std::string> names;
  for (const std::string& name : key_usage_names()) {
    if ((fields.key_usage.value_or(0) & key_usage_from(name).value_or(0)) != 0) names.push_back(name);
  }
  return names;
}

std::vector<std::string> extended_key_usages(const TbsFields& fields) {
  std::vector<std::string> names;
  for (const std::string& oid : fields.extended_key_usage) names.push_back(eku_name_of(oid));
  return names;
}

std::string basic_constraints(const BasicConstraints& constraints) {
  if (!constraints.ca) return "CA:FALSE";
  return constraints.path_length ? fmt::format("CA:TRUE, path length {}", *constraints.path_length) : "CA:TRUE";
}

std::string policy_text(const CertificatePolicy& policy) {
  return policy.cps.empty() ? policy.oid : fmt::format("{} ({})", policy.oid, policy.cps);
}

/// Where the certificate points to, and what it promises.
void add_information(const TbsFields& fields, std::vector<Shown>& shown) {
  std::vector<std::string> policies;
  for (const CertificatePolicy& policy : fields.policies) policies.push_back(policy_text(policy));
  if (!policies.empty()) shown.emplace_back("certificatePolicies", joined(policies));
  if (!fields.ocsp_urls.empty()) shown.emplace_back("authorityInfoAccess OCSP", joined(fields.ocsp_urls));
  if (!fields.ca_issuers_urls.empty())
    shown.emplace_back("authorityInfoAccess caIssuers", joined(fields.ca_issuers_urls));
  if (!fields.crl_urls.empty()) shown.emplace_back("cRLDistributionPoints", joined(fields.crl_urls));
  if (fields.must_staple) shown.emplace_back("tlsFeature", "status_request (must staple)");
  if (fields.ocsp_no_check) shown.emplace_back("ocspNoCheck", "present");
  for (const ExtraExtension& extra : fields.extra_extensions)
    shown.emplace_back(extra.critical ? extra.oid + " (critical)" : extra.oid, to_hex(extra.value));
}

/// In the order of encode_tbs.
std::vector<Shown> extensions_of(const TbsFields& fields) {
  std::vector<Shown> shown;
  if (fields.basic_constraints)
    shown.emplace_back("basicConstraints (critical)", basic_constraints(*fields.basic_constraints));
  if (fields.key_usage) shown.emplace_back("keyUsage (critical)", joined(key_usages(fields)));
  if (!fields.extended_key_usage.empty()) shown.emplace_back("extendedKeyUsage", joined(extended_key_usages(fields)));
  if (fields.alt_names) {
    const bool critical = fields.subject.empty();  // RFC 5280 section 4.1.2.6
    shown.emplace_back(critical ? "subjectAltName (critical)" : "subjectAltName", joined(fields.alt_names->texts()));
  }
  if (fields.subject_key_id) shown.emplace_back("subjectKeyIdentifier", to_hex(*fields.subject_key_id));
  if (fields.authority_key_id) shown.emplace_back("authorityKeyIdentifier", to_hex(*fields.authority_key_id));
  if (fields.name_constraints)
    shown.emplace_back("nameConstraints (critical)", joined(fields.name_constraints->texts()));
  add_information(fields, shown);
  return shown;
}

std::string seconds_text(Time time) { return time_text(std::chrono::floor<std::chrono::seconds>(time)); }

json certificate_json(const Decision& decision) {
  const TbsFields& fields = decision.fields;
  json extensions = json::array();
  for (const auto& [name, text] : extensions_of(fields)) extensions.push_back({{"name", name}, {"value", text}});
  return {{"issuer", decision.ca->name},
          {"issuer_name", fields.issuer.text()},
          {"subject", fields.subject.text()},
          {"names", fields.alt_names.value_or(AltNames{}).texts()},
          {"key", decision.csr.public_key().describe()},
          {"not_before", seconds_text(fields.not_before)},
          {"not_after", seconds_text(fields.not_after)},
          {"key_usage", key_usages(fields)},
          {"extended_key_usage", extended_key_usages(fields)},
          {"extensions", extensions}};
}

json verdict_json(const PolicyVerdict& verdict) {
  json object = {{"verdict", verdict.refusal ? "refused" : "issued"},
                 {"client", verdict.client},
                 {"profile", verdict.profile},
                 {"lint", json::array()},
                 {"not_checked", verdict.not_checked}};
  for (const lint::Finding& finding : verdict.findings) {
    object["lint"].push_back({{"id", finding.id},
                              {"severity", name_of(finding.severity)},
                              {"clause", finding.clause},
                              {"message", finding.message}});
  }
  if (verdict.decision) object["certificate"] = certificate_json(*verdict.decision);
  if (verdict.refusal) {
    object["refusal"] = {{"code", name_of(verdict.refusal->code)},
                         {"field", verdict.refusal->field},
                         {"rule", rule_of(*verdict.refusal)},
                         {"message", verdict.refusal->message}};
  }
  return object;
}

std::string line(std::string_view name, std::string_view value) {
  return fmt::format("  {:<12} {}\n", fmt::format("{}:", name), printable(value, 4096));
}

std::string certificate_text(const Decision& decision) {
  const TbsFields& fields = decision.fields;
  std::string text = line("issuer", fmt::format("{} ({})", decision.ca->name, fields.issuer.text()));
  text += line("subject", fields.subject.empty() ? "empty" : fields.subject.text());
  for (const std::string& name : fields.alt_names.value_or(AltNames{}).texts()) text += line("name", name);
  text += line("key", decision.csr.public_key().describe());
  text += line("not before", seconds_text(fields.not_before));
  text += line("not after", seconds_text(fields.not_after));
  text += "  extensions:\n";
  for (const auto& [name, value] : extensions_of(fields))
    text += fmt::format("    {}: {}\n", name, printable(value, 4096));
  return text;
}

std::string refusal_text(const Error& refusal) {
  return line("field", refusal.field) + line("rule", rule_of(refusal)) + line("code", name_of(refusal.code)) +
         line("because", refusal.message);
}

std::string verdict_text(const PolicyVerdict& verdict) {
  std::string text = verdict.refusal ? "would be REFUSED\n" : "would be issued\n";
  if (verdict.refusal) text += refusal_text(*verdict.refusal);
  text += line("client", verdict.client.empty() ? "none" : verdict.client);
  if (!verdict.profile.empty()) text += line("profile", verdict.profile);
  if (verdict.decision) {
    text += certificate_text(*verdict.decision);
    if (verdict.findings.empty()) text += line("lint", "no findings");
  }
  for (const lint::Finding& finding : verdict.findings)
    text += line("lint",
                 fmt::format("{} {}: {} ({})", name_of(finding.severity), finding.id, finding.message, finding.clause));
  for (const std::string& what : verdict.not_checked) text += line("not checked", what);
  return text;
}

}  // namespace

std::string rule_of(const Error& refusal) {
  constexpr std::string_view kMark = "(rule ";
  const std::size_t start = refusal.message.rfind(kMark);
  if (start == std::string::npos) return refusal.field;
  const std::string rest = refusal.message.substr(start + kMark.size());
  return rest.substr(0, rest.find(')'));
}

Result<void> print_verdict(const PolicyVerdict& verdict, Format format) {
  return format == Format::kJson ? print_json(verdict_json(verdict)) : print(verdict_text(verdict));
}

}  // namespace signet::cli
