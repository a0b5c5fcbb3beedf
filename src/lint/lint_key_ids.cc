// subjectKeyIdentifier and authorityKeyIdentifier.
#include <array>

#include "lint/lints.h"

namespace signet::lint {
namespace {

void check_subject_missing(const View& view, Report& report) {
  if (view.find(oid::kSubjectKeyIdentifier) == nullptr) report.found("a CA without subjectKeyIdentifier");
}

void check_subject_empty(const View& view, Report& report) {
  const auto& id = view.values.subject_key_id;
  if (id && id->empty()) report.found("subjectKeyIdentifier is empty");
}

void check_authority_missing(const View& view, Report& report) {
  if (view.find(oid::kAuthorityKeyIdentifier) == nullptr) report.found("no authorityKeyIdentifier");
}

void check_authority_key_id(const View& view, Report& report) {
  const auto& authority = view.values.authority_key_id;
  if (authority && (!authority->key_id || authority->key_id->empty()))
    report.found("authorityKeyIdentifier has no keyIdentifier, or an empty one");
}

void check_authority_pair(const View& view, Report& report) {
  const auto& authority = view.values.authority_key_id;
  if (authority && authority->has_issuer != authority->has_serial)
    report.found("authorityKeyIdentifier has one of authorityCertIssuer and authorityCertSerialNumber");
}

constexpr std::array kLints = {
    Lint{"ski.missing", Severity::kError, Set::kPrivate, kCa, "RFC 5280 section 4.2.1.2",
         "a CA has subjectKeyIdentifier", check_subject_missing},
    Lint{"ski.empty", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.2",
         "subjectKeyIdentifier is not empty", check_subject_empty},
    Lint{"aki.missing", Severity::kError, Set::kPrivate, kNotRoot, "RFC 5280 section 4.2.1.1",
         "a certificate that is not self-signed has authorityKeyIdentifier", check_authority_missing},
    Lint{"aki.no-key-id", Severity::kError, Set::kPrivate, kNotRoot, "RFC 5280 section 4.2.1.1",
         "authorityKeyIdentifier has a keyIdentifier", check_authority_key_id},
    Lint{"aki.half-a-pair", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.1",
         "authorityCertIssuer and authorityCertSerialNumber are both there or both absent", check_authority_pair},
};

}  // namespace

std::span<const Lint> key_id_lints() noexcept { return kLints; }

}  // namespace signet::lint
