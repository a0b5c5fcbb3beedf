// X509-SVIDs: certificates with a URI of the scheme "spiffe" in subjectAltName.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "lint/lints.h"
#include "lint/name_syntax.h"
#include "x509/certificate.h"

namespace signet::lint {
namespace {

constexpr std::string_view kPrefix = "spiffe://";
constexpr std::size_t kLongestId = 2048;
constexpr std::size_t kLongestTrustDomain = 255;

std::vector<std::string_view> uris_of(const View& view) {
  std::vector<std::string_view> uris;
  if (!view.values.subject_alt_name) return uris;
  for (const GeneralName& name : *view.values.subject_alt_name) {
    if (name.tag == kUri) uris.push_back(name.text);
  }
  return uris;
}

/// The first SPIFFE ID, well-formed or not; empty where the certificate is no SVID.
std::string_view id_of(const View& view) {
  for (const std::string_view uri : uris_of(view)) {
    if (has_scheme(uri, "spiffe")) return uri;
  }
  return {};
}

bool is_svid(const View& view) { return !id_of(view).empty(); }

/// Behind the trust domain, with its first '/'.
std::string_view path_of(std::string_view id) noexcept {
  if (!id.starts_with(kPrefix)) return {};
  const std::size_t slash = id.find('/', kPrefix.size());
  return slash == std::string_view::npos ? std::string_view() : id.substr(slash);
}

bool is_path_character(char c) noexcept { return ascii::is_alnum(c) || c == '-' || c == '.' || c == '_'; }

bool is_trust_domain(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kLongestTrustDomain &&
         std::ranges::all_of(text, [](char c) { return is_path_character(c) && !ascii::is_upper(c); });
}

/// Empty, or "/" and a segment, as often as wanted; segments are neither empty nor "." nor "..".
bool is_path(std::string_view path) noexcept {
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    if (segment.empty() || segment == "." || segment == ".." || !std::ranges::all_of(segment, is_path_character))
      return false;
    path.remove_prefix(end);
  }
  return true;
}

bool is_spiffe_id(std::string_view id) noexcept {
  if (!id.starts_with(kPrefix) || id.size() > kLongestId) return false;
  const std::string_view path = path_of(id);
  return is_trust_domain(id.substr(kPrefix.size(), id.size() - kPrefix.size() - path.size())) && is_path(path);
}

void check_many(const View& view, Report& report) {
  if (is_svid(view) && uris_of(view).size() != 1)
    report.found(fmt::format("{} URIs in subjectAltName; an X509-SVID has exactly one", uris_of(view).size()));
}

void check_id(const View& view, Report& report) {
  if (is_svid(view) && !is_spiffe_id(id_of(view)))
    report.found(fmt::format("\"{}\" is not a SPIFFE ID", printable(id_of(view), 100)));
}

void check_leaf_path(const View& view, Report& report) {
  if (is_spiffe_id(id_of(view)) && path_of(id_of(view)).empty())
    report.found(fmt::format("SPIFFE ID \"{}\" of a leaf has no path", printable(id_of(view), 100)));
}

void check_ca_path(const View& view, Report& report) {
  if (!path_of(id_of(view)).empty())
    report.found(fmt::format("SPIFFE ID \"{}\" of a CA has a path", printable(id_of(view), 100)));
}

void check_key_usage(const View& view, Report& report) {
  if (!is_svid(view)) return;
  const RawExtension* const extension = view.find(oid::kKeyUsage);
  if (extension == nullptr || !extension->critical) report.found("an X509-SVID without critical keyUsage");
}

void check_leaf_usage(const View& view, Report& report) {
  if (!is_svid(view) || !view.values.key_usage) return;
  if ((*view.values.key_usage & kDigitalSignature) == 0) report.found("the keyUsage of a leaf has no digitalSignature");
  if ((*view.values.key_usage & kCrlSign) != 0) report.found("the keyUsage of a leaf has cRLSign");
}

void check_purposes(const View& view, Report& report) {
  if (!is_svid(view) || !view.values.extended_key_usage) return;
  const auto& purposes = *view.values.extended_key_usage;
  const auto has = [&](Oid purpose) { return std::ranges::find(purposes, purpose) != purposes.end(); };
  if (!has(oid::kServerAuth) || !has(oid::kClientAuth))
    report.found("the extKeyUsage of an X509-SVID has not both serverAuth and clientAuth");
}

constexpr std::array kLints = {
    Lint{"spiffe.one-uri", Severity::kError, Set::kPrivate, kAny, "X509-SVID section 2",
         "an X509-SVID has exactly one URI in subjectAltName", check_many},
    Lint{"spiffe.id", Severity::kError, Set::kPrivate, kAny, "SPIFFE-ID section 2",
         "a URI of the scheme spiffe is a SPIFFE ID", check_id},
    Lint{"spiffe.leaf-path", Severity::kError, Set::kPrivate, kEndEntity, "X509-SVID section 3.1",
         "the SPIFFE ID of a leaf has a path", check_leaf_path},
    Lint{"spiffe.ca-path", Severity::kError, Set::kPrivate, kCa, "X509-SVID section 3.2",
         "the SPIFFE ID of a CA has no path", check_ca_path},
    Lint{"spiffe.key-usage", Severity::kError, Set::kPrivate, kAny, "X509-SVID section 4.3",
         "an X509-SVID has critical keyUsage", check_key_usage},
    Lint{"spiffe.leaf-usage", Severity::kError, Set::kPrivate, kEndEntity, "X509-SVID section 4.3",
         "a leaf has digitalSignature and no cRLSign", check_leaf_usage},
    Lint{"spiffe.purposes", Severity::kError, Set::kPrivate, kEndEntity, "X509-SVID section 4.4",
         "where extKeyUsage is there, it has serverAuth and clientAuth", check_purposes},
};

}  // namespace

std::span<const Lint> spiffe_lints() noexcept { return kLints; }

}  // namespace signet::lint
