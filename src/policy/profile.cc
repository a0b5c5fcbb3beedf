#include "policy/profile.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/clock.h"

namespace signet {

namespace {

constexpr std::chrono::seconds kShortestValidity{60};
constexpr std::size_t kLongestCommonName = 64;  // ub-common-name, RFC 5280 appendix A

std::string key_names(const Profile& profile) {
  std::vector<std::string_view> names;
  for (const KeyType type : profile.keys) names.push_back(name_of(type));
  return fmt::format("{}", fmt::join(names, ", "));
}

/// The name that becomes the CN: the first DNS name, else the first other one.
std::string first_name(const AltNames& names) {
  if (!names.dns.empty()) return names.dns.front();
  if (!names.ips.empty()) return names.ips.front().text();
  if (!names.uris.empty()) return names.uris.front();
  return names.emails.empty() ? std::string() : names.emails.front();
}

bool is_one_of(const AltNames& names, const std::string& common_name) {
  const auto same_host = [&](const std::string& dns) { return ascii::to_lower(dns) == ascii::to_lower(common_name); };
  if (std::ranges::any_of(names.dns, same_host)) return true;
  if (const auto ip = IpAddress::parse(common_name); ip && std::ranges::find(names.ips, *ip) != names.ips.end())
    return true;
  return std::ranges::find(names.uris, common_name) != names.uris.end() ||
         std::ranges::find(names.emails, common_name) != names.emails.end();
}

}  // namespace

std::string_view name_of(LintRules rules) noexcept {
  return rules == LintRules::kPublicTrust ? "public-trust" : "private";
}

Result<void> check_key(const Profile& profile, const PublicKey& key) {
  if (!profile.keys.contains(key.type())) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the request's key is {}; the profile {} takes {} (rule key.type)", key.describe(),
                            profile.name, key_names(profile)),
                "csr.subjectPublicKeyInfo");
  }
  Result<void> sound = check_key_quality(key, profile.key_rules);
  if (!sound.has_value()) {
    std::string& message = sound.error().message;
    message = fmt::format("the profile {} does not take the request's key: {}", profile.name, message);
  }
  return sound;
}

Result<std::chrono::seconds> choose_validity(const Profile& profile, const PolicyClient& client,
                                             std::chrono::seconds wished) {
  const std::chrono::seconds longest =
      std::min(profile.validity_max, client.validity_max.value_or(profile.validity_max));
  const std::chrono::seconds fallback = std::min(profile.validity, longest);
  if (wished.count() == 0) return fallback;
  if (wished >= kShortestValidity && wished <= longest) return wished;
  const bool by_client = longest < profile.validity_max;
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format(
          "a validity of {} s was wished; the {} {} gets from {} s to {} s, and {} s where none is wished (rule "
          "validity.max)",
          wished.count(), by_client ? "client" : "profile", by_client ? client.name : profile.name,
          kShortestValidity.count(), longest.count(), fallback.count()),
      "validity_seconds");
}

namespace {

constexpr std::string_view kSubjectField = "csr.subject";

/// What to do about a CN that the certificate will not have.
std::string way_out(const Profile& profile, const std::vector<std::string>& constant) {
  if (profile.alternative_names != AltNameMode::kNone) return "leave it out or add it to them";
  if (constant.empty()) return "leave it out";
  return fmt::format("leave it out, or ask for CN={}", printable(constant.front()));
}

/// What a certificate must not say of anybody but the one it names.
Result<void> check_common_names(const Profile& profile, const Name& asked, const AltNames& names) {
  const std::vector<std::string> constant = profile.subject.common_names();
  for (const std::string& common_name : asked.common_names()) {
    if (is_one_of(names, common_name) || std::ranges::find(constant, common_name) != constant.end()) continue;
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the request's common name \"{}\" is none of its alternative names; {} (rule subject.cn)",
                            printable(common_name), way_out(profile, constant)),
                std::string(kSubjectField));
  }
  return {};
}

bool allows(const SubjectField& field, std::string_view value) {
  return std::ranges::any_of(field.values, [&](std::string_view pattern) {
    if (!pattern.ends_with('*')) return value == pattern;
    pattern.remove_suffix(1);
    return value.starts_with(pattern);
  });
}

std::vector<std::string> values_of(const Name& name, std::string_view attribute) {
  std::vector<std::string> values;
  for (const auto& [key, value] : name.attributes()) {
    if (key == attribute) values.push_back(value);
  }
  return values;
}

using Attributes = std::vector<std::pair<std::string, std::string>>;

Result<void> take_field(const Profile& profile, const SubjectField& field, const Name& from, Attributes& to) {
  const std::vector<std::string> values = values_of(from, field.attribute);
  if (values.empty()) return {};
  if (values.size() > 1) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} stands {} times in the subject; the profile {} takes one (rule subject.repeated)",
                            field.attribute, values.size(), profile.name),
                std::string(kSubjectField));
  }
  if (!allows(field, values.front())) {
    return fail(
        ErrorCode::kPermissionDenied,
        fmt::format("the subject has {}=\"{}\"; the profile {} takes \"{}\" (rule subject.value)", field.attribute,
                    printable(values.front()), profile.name, fmt::join(field.values, "\", \"")),
        std::string(kSubjectField));
  }
  to.emplace_back(field.attribute, values.front());
  return {};
}

/// Empty where there is none.
std::string common_name_of(const Profile& profile, const Name& from, const AltNames& names) {
  switch (profile.common_name) {
    case CommonNameMode::kNone: break;
    case CommonNameMode::kFromSan: {
      std::string name = first_name(names);
      return name.size() <= kLongestCommonName ? name : std::string();
    }
    case CommonNameMode::kFromRequest: {
      const std::vector<std::string> given = from.common_names();
      return given.empty() ? std::string() : given.front();
    }
  }
  return {};
}

}  // namespace

Result<Name> choose_subject(const Profile& profile, const Name& asked, const AltNames& names, const Name* kept) {
  SIGNET_CHECK(check_common_names(profile, asked, names));
  const Name& from = kept != nullptr ? *kept : asked;
  if (kept != nullptr && profile.common_name == CommonNameMode::kFromRequest)
    SIGNET_CHECK(check_common_names(profile, from, names));
  Attributes attributes = profile.subject.attributes();
  for (const SubjectField& field : profile.subject_from_request)
    SIGNET_CHECK(take_field(profile, field, from, attributes));
  std::string common_name = common_name_of(profile, from, names);
  if (!common_name.empty()) attributes.emplace_back("CN", std::move(common_name));
  auto subject = Name::from_attributes(attributes);
  if (subject.has_value()) return subject;
  return fail(ErrorCode::kInvalidArgument, "the request's subject: " + subject.error().message + " (rule subject.form)",
              std::string(kSubjectField));
}

Result<void> check_svid(const Profile& profile, const AltNames& names) {
  if (!profile.spiffe) return {};
  constexpr std::string_view kScheme = "spiffe://";
  const bool is_svid = names.uris.size() == 1 && is_spiffe_id(names.uris.front()) &&
                       names.uris.front().find('/', kScheme.size()) != std::string::npos;
  if (is_svid) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("the profile {} makes X509-SVIDs, which have exactly one URI, a SPIFFE ID with a path; the "
                          "request has {} (rule spiffe.id)",
                          profile.name,
                          names.uris.empty() ? "none" : printable(fmt::format("{}", fmt::join(names.uris, ", ")), 512)),
              "csr.subjectAltName");
}

void apply_constant_part(const Profile& profile, KeyType key, TbsFields& fields) {
  fields.basic_constraints = BasicConstraints{.ca = profile.is_ca(), .path_length = profile.ca_path_length};
  fields.key_usage = profile.key_usage.at(key);
  fields.extended_key_usage = profile.extended_key_usage;
  fields.policies = profile.policies;
  fields.ocsp_urls = profile.ocsp_urls;
  fields.ca_issuers_urls = profile.ca_issuers_urls;
  fields.crl_urls = profile.crl_urls;
  fields.must_staple = profile.must_staple;
  fields.ocsp_no_check = profile.ocsp_no_check;
  fields.extra_extensions = profile.extensions;
}

void prepare_constant_der(Profile& profile) {
  TbsFields fields{.serial = SerialNumber::unassigned()};
  for (const KeyType key : profile.keys) {
    apply_constant_part(profile, key, fields);
    profile.constant_der.insert_or_assign(key, prepare_extensions(fields));
  }
}

}  // namespace signet
