// The text that a profile's digest is of.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "policy/profile.h"

namespace signet {

namespace {

std::string_view name_of(CommonNameMode mode) noexcept {
  switch (mode) {
    case CommonNameMode::kNone: return "none";
    case CommonNameMode::kFromSan: return "from-san";
    case CommonNameMode::kFromRequest: return "from-request";
  }
  return "unknown";
}

std::string_view name_of(AltNameMode mode) noexcept {
  switch (mode) {
    case AltNameMode::kRequired: return "required";
    case AltNameMode::kOptional: return "optional";
    case AltNameMode::kNone: return "none";
  }
  return "unknown";
}

class Text {
 public:
  template <class T>
  void line(std::string_view key, const T& value) {
    text_ += fmt::format("{}={}\n", key, value);
  }
  /// A line for each, so that no value can be taken for two.
  void lines(std::string_view key, const std::vector<std::string>& values) {
    for (const std::string& value : values) line(key, value);
  }
  [[nodiscard]] std::string take() && { return std::move(text_); }

 private:
  std::string text_;
};

void add_keys(const Profile& profile, Text& text) {
  std::vector<std::string_view> names;
  for (const KeyType type : profile.keys) names.push_back(signet::name_of(type));
  text.line("keys", fmt::format("{}", fmt::join(names, ", ")));
  text.line("rsa_bits_min", profile.key_rules.rsa_bits_min);
  text.line("rsa_bits_max", profile.key_rules.rsa_bits_max);
  text.line("rsa_exponents", fmt::format("{}", fmt::join(profile.key_rules.rsa_exponents, ",")));
}

void add_subject(const Profile& profile, Text& text) {
  text.line("subject", to_hex(profile.subject.der()));
  for (const SubjectField& field : profile.subject_from_request) {
    for (const std::string& value : field.values) text.line("subject_from_request." + field.attribute, value);
  }
  text.line("common_name", name_of(profile.common_name));
  text.line("alternative_names", name_of(profile.alternative_names));
  text.line("spiffe", profile.spiffe);
  text.lines("names", profile.names.texts());
}

void add_usage(const Profile& profile, Text& text) {
  text.line("ca", profile.is_ca() ? std::to_string(*profile.ca_path_length) : "no");
  for (const auto& [key, usage] : profile.key_usage)
    text.line(fmt::format("key_usage.{}", signet::name_of(key)), usage);
  text.line("extended_key_usage", fmt::format("{}", fmt::join(profile.extended_key_usage, ",")));
}

void add_extensions(const Profile& profile, Text& text) {
  for (const CertificatePolicy& policy : profile.policies) text.line("policy", policy.oid + " " + policy.cps);
  text.lines("ocsp_url", profile.ocsp_urls);
  text.lines("ca_issuers_url", profile.ca_issuers_urls);
  text.lines("crl_url", profile.crl_urls);
  text.line("must_staple", profile.must_staple);
  text.line("ocsp_no_check", profile.ocsp_no_check);
  for (const ExtraExtension& extra : profile.extensions)
    text.line("extension", fmt::format("{} {} {}", extra.oid, extra.critical, to_hex(extra.value)));
}

}  // namespace

std::string canonical_text(const Profile& profile) {
  Text text;
  text.line("name", profile.name);
  text.line("issuer", profile.issuer);
  text.line("validity", profile.validity.count());
  text.line("validity_max", profile.validity_max.count());
  text.line("backdate", profile.backdate.count());
  add_keys(profile, text);
  add_subject(profile, text);
  add_usage(profile, text);
  add_extensions(profile, text);
  text.line("lint", signet::name_of(profile.lint));
  return std::move(text).take();
}

}  // namespace signet
