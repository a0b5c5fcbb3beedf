#include "policy/profile_extensions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "x509/der.h"

namespace signet {

namespace {

constexpr std::size_t kMostEntries = 16;
constexpr std::size_t kLongestUrl = 512;
constexpr std::size_t kLongestValue = 4096;
constexpr std::size_t kMostBytes = 8192;  // leaves room for names in what decide() lets through
constexpr std::string_view kServerAuth = "1.3.6.1.5.5.7.3.1";
constexpr std::uint32_t kOfCas = kKeyCertSign | kCrlSign;

std::uint32_t bit_named(const std::string& usage) { return key_usage_from(usage).value_or(0); }

/// The usages that go with the profile's kind: signing certificates and CRLs belongs to CAs, and nothing else does, but
/// that a CA may sign its own OCSP responses.
std::vector<std::string> usages_for(const Profile& profile) {
  const std::uint32_t of_kind = profile.is_ca() ? kOfCas | kDigitalSignature : ~kOfCas;
  auto names = key_usage_names();
  std::erase_if(names, [&](const std::string& name) { return (bit_named(name) & of_kind) == 0; });
  return names;
}

/// RFC 3279 section 2.3.1 for RSA, RFC 8813 section 3 for EC, RFC 9295 section 3 for Ed25519.
std::uint32_t usages_of(KeyType key) noexcept {
  constexpr std::uint32_t kSigning = kDigitalSignature | kNonRepudiation | kOfCas;
  switch (key) {
    case KeyType::kRsa: return kSigning | kKeyEncipherment | kDataEncipherment;
    case KeyType::kEcP256:
    case KeyType::kEcP384:
    case KeyType::kEcP521: return kSigning | kKeyAgreement | kEncipherOnly | kDecipherOnly;
    case KeyType::kEd25519: return kSigning;
  }
  return 0;
}

std::string names_in(std::uint32_t mask) {
  std::vector<std::string> names = key_usage_names();
  std::erase_if(names, [&](const std::string& name) { return (bit_named(name) & mask) == 0; });
  return fmt::format("{}", fmt::join(names, ", "));
}

void check_key_usage(TomlTable& table, const Profile& profile, std::uint32_t mask) {
  if (mask == 0) return;  // was complained about
  if ((mask & (kEncipherOnly | kDecipherOnly)) != 0 && (mask & kKeyAgreement) == 0) {
    // RFC 5280 section 4.2.1.3: undefined otherwise.
    table.complain("key_usage",
                   "has encipherOnly or decipherOnly without keyAgreement, which gives them their meaning");
  }
  if (profile.is_ca() && (mask & kOfCas) != kOfCas)
    table.complain("key_usage", "lacks keyCertSign or cRLSign; a CA has both");
  std::uint32_t possible = 0;
  for (const KeyType key : profile.keys) {
    possible |= usages_of(key);
    if ((mask & usages_of(key)) == 0) {
      table.complain("key_usage", fmt::format("has nothing that a key of type {} can do; it can do {}", name_of(key),
                                              names_in(usages_of(key) & ~kOfCas)));
    }
  }
  if (profile.keys.empty() || (mask & ~possible) == 0) return;
  table.complain("key_usage",
                 fmt::format("has {}, which none of the keys can do; remove it or add another type to keys",
                             names_in(mask & ~possible)));
}

/// One that everybody fetches: https would need a certificate to be checked first (RFC 5280 section 8).
void check_url(TomlTable& table, const std::string& key, const std::string& url, bool may_be_https) {
  const bool right_scheme = url.starts_with("http://") || (may_be_https && url.starts_with("https://"));
  if (right_scheme && url.size() <= kLongestUrl && check_uri(url).has_value()) return;
  table.complain(key, fmt::format("is \"{}\"; expected an {} URL of at most {} characters, scheme and host in lower "
                                  "case, without query and fragment",
                                  printable(url), may_be_https ? "http or https" : "http", kLongestUrl));
}

void check_count(TomlTable& table, const std::string& key, std::size_t count) {
  if (count > kMostEntries) table.complain(key, fmt::format("has {} entries; at most {}", count, kMostEntries));
}

std::vector<std::string> read_urls(TomlTable& table, const std::string& key) {
  std::vector<std::string> urls = table.texts(key);
  check_count(table, key, urls.size());
  for (const std::string& url : urls) {
    if (!url.empty()) check_url(table, key, url, false);
  }
  const auto is_twice = [&](const std::string& url) { return std::ranges::count(urls, url) > 1; };
  if (const auto twice = std::ranges::find_if(urls, is_twice); twice != urls.end())
    table.complain(key, fmt::format("has \"{}\" twice", printable(*twice)));
  return urls;
}

std::vector<CertificatePolicy> read_policies(TomlTable& owner) {
  std::vector<CertificatePolicy> policies;
  for (TomlTable& table : owner.tables("policies")) {
    CertificatePolicy policy{.oid = table.text("oid"), .cps = table.optional_text("cps").value_or("")};
    if (!policy.oid.empty() && !der::is_oid(policy.oid))
      table.complain("oid", fmt::format("is \"{}\"; expected a dotted object identifier", printable(policy.oid)));
    if (!policy.cps.empty()) check_url(table, "cps", policy.cps, true);
    if (std::ranges::find(policies, policy.oid, &CertificatePolicy::oid) != policies.end())
      table.complain("oid", fmt::format("is \"{}\", which stands there twice", printable(policy.oid)));
    policies.push_back(std::move(policy));
  }
  check_count(owner, "policies", policies.size());
  return policies;
}

Result<Bytes> read_value(const std::string& hex) {
  auto value = from_hex(hex);
  if (!value) return fail(ErrorCode::kInvalidArgument, "is not hexadecimal");
  if (value->size() > kLongestValue) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("has {} bytes; at most {} are taken", value->size(), kLongestValue));
  }
  if (const auto form = der::check_well_formed(*value, "the value"); !form.has_value())
    return fail(ErrorCode::kInvalidArgument, "is not DER: " + form.error().message);
  return value;
}

std::vector<ExtraExtension> read_extra_extensions(TomlTable& owner) {
  std::vector<ExtraExtension> extensions;
  for (TomlTable& table : owner.tables("extensions")) {
    ExtraExtension extension{.oid = table.text("oid"), .critical = table.boolean("critical", false), .value = {}};
    if (!extension.oid.empty()) {
      if (const auto free = check_extra_extension(extension.oid); !free.has_value())
        table.complain("oid", free.error().message);
    }
    if (const std::string value = table.text("value"); !value.empty())
      extension.value = table.accept("value", read_value(value));
    if (std::ranges::find(extensions, extension.oid, &ExtraExtension::oid) != extensions.end())
      table.complain("oid", fmt::format("is {}, which stands there twice", extension.oid));
    extensions.push_back(std::move(extension));
  }
  check_count(owner, "extensions", extensions.size());
  return extensions;
}

bool has_purpose(const Profile& profile, std::string_view purpose) {
  return std::ranges::find(profile.extended_key_usage, purpose) != profile.extended_key_usage.end();
}

bool read_must_staple(TomlTable& table, const Profile& profile) {
  const bool must_staple = table.boolean("must_staple", false);
  if (must_staple && !has_purpose(profile, kServerAuth))
    table.complain("must_staple", "is for TLS servers, and extended_key_usage has no serverAuth");
  if (must_staple && profile.ocsp_urls.empty())
    table.complain("must_staple", "needs ocsp_urls: a server cannot staple what it cannot fetch");
  return must_staple;
}

bool read_ocsp_no_check(TomlTable& table, const Profile& profile) {
  const bool no_check = table.boolean("ocsp_no_check", false);
  const bool only_answers =
      !profile.is_ca() && profile.extended_key_usage.size() == 1 && has_purpose(profile, kOcspSigningOid);
  if (no_check && !only_answers) {
    table.complain("ocsp_no_check",
                   "is for OCSP responders alone: extended_key_usage = [\"OCSPSigning\"], and not ca = true");
  }
  return no_check;
}

/// Every certificate of the profile has them, and stands in the log as a whole.
void check_size(TomlTable& table, const Profile& profile) {
  std::size_t bytes = 0;
  for (const auto* urls : {&profile.ocsp_urls, &profile.ca_issuers_urls, &profile.crl_urls})
    for (const std::string& url : *urls) bytes += url.size();
  for (const CertificatePolicy& policy : profile.policies) bytes += policy.oid.size() + policy.cps.size();
  for (const ExtraExtension& extra : profile.extensions) bytes += extra.oid.size() + extra.value.size();
  if (bytes <= kMostBytes) return;
  table.complain("",
                 fmt::format("has {} bytes of policies, URLs and extensions together; at most {} are taken, because "
                             "every certificate has them",
                             bytes, kMostBytes));
}

}  // namespace

void read_key_usage(TomlTable& table, Profile& profile) {
  std::uint32_t mask = 0;
  for (const std::string& name : table.choices("key_usage", usages_for(profile), 1)) mask |= bit_named(name);
  check_key_usage(table, profile, mask);
  for (const KeyType key : profile.keys) profile.key_usage.emplace(key, mask & usages_of(key));
}

void read_extensions(TomlTable& table, Profile& profile) {
  profile.policies = read_policies(table);
  profile.ocsp_urls = read_urls(table, "ocsp_urls");
  profile.ca_issuers_urls = read_urls(table, "ca_issuers_urls");
  profile.crl_urls = read_urls(table, "crl_urls");
  profile.must_staple = read_must_staple(table, profile);
  profile.ocsp_no_check = read_ocsp_no_check(table, profile);
  profile.extensions = read_extra_extensions(table);
  check_size(table, profile);
}

}  // namespace signet
