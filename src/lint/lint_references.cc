// Where to find more: cRLDistributionPoints and authorityInfoAccess.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "lint/lints.h"
#include "lint/name_syntax.h"

namespace signet::lint {
namespace {

std::string quoted(std::string_view text) { return fmt::format("\"{}\"", printable(text, 100)); }

/// Calls `check(name)` for the fullName of every distribution point.
template <class F>
void for_crl_names(const View& view, F check) {
  if (!view.values.distribution_points) return;
  for (const DistributionPoint& point : *view.values.distribution_points) {
    for (const GeneralName& name : point.full_name) check(name);
  }
}

void check_cdp_empty(const View& view, Report& report) {
  if (view.values.distribution_points && view.values.distribution_points->empty())
    report.found("cRLDistributionPoints has no point");
}

void check_cdp_name(const View& view, Report& report) {
  if (!view.values.distribution_points) return;
  for (const DistributionPoint& point : *view.values.distribution_points) {
    const bool empty_name = point.is_full_name && point.full_name.empty();
    if (empty_name || (!point.has_name && !point.has_crl_issuer))
      report.found("a distribution point without a name and without cRLIssuer");
  }
}

bool is_wrong_uri(const GeneralName& name) {
  return name.tag == kUri && (!ascii::is_all_ascii(name.text) || !is_absolute_uri(name.text));
}

void check_cdp_uri(const View& view, Report& report) {
  for_crl_names(view, [&](const GeneralName& name) {
    if (is_wrong_uri(name)) report.found("distribution point " + quoted(name.text) + " is not an absolute URI");
  });
}

void check_aia_empty(const View& view, Report& report) {
  if (view.values.authority_info_access && view.values.authority_info_access->empty())
    report.found("authorityInfoAccess has no access description");
}

void check_aia_uri(const View& view, Report& report) {
  if (!view.values.authority_info_access) return;
  for (const AccessDescription& access : *view.values.authority_info_access) {
    if (is_wrong_uri(access.location))
      report.found("access location " + quoted(access.location.text) + " is not an absolute URI");
  }
}

void check_https(const View& view, Report& report) {
  for_crl_names(view, [&](const GeneralName& name) {
    if (name.tag == kUri && has_scheme(name.text, "https")) report.found("distribution point " + quoted(name.text));
  });
  if (!view.values.authority_info_access) return;
  for (const AccessDescription& access : *view.values.authority_info_access) {
    if (access.location.tag == kUri && has_scheme(access.location.text, "https"))
      report.found("access location " + quoted(access.location.text));
  }
}

constexpr std::array kLints = {
    Lint{"cdp.empty", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.13",
         "cRLDistributionPoints has a point", check_cdp_empty},
    Lint{"cdp.nameless", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.13",
         "a distribution point has a name or cRLIssuer", check_cdp_name},
    Lint{"cdp.uri-syntax", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.13",
         "the URI of a distribution point is absolute", check_cdp_uri},
    Lint{"aia.empty", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.2.1",
         "authorityInfoAccess has an access description", check_aia_empty},
    Lint{"aia.uri-syntax", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.2.1",
         "the URI of an access location is absolute", check_aia_uri},
    Lint{"reference.https", Severity::kWarning, Set::kPrivate, kAny, "RFC 5280 section 8",
         "CRLs, OCSP and issuers' certificates are not fetched by https, which would need them itself", check_https},
};

}  // namespace

std::span<const Lint> reference_lints() noexcept { return kLints; }

}  // namespace signet::lint
