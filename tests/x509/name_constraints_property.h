// Name constraints that we accept OpenSSL accepts, and names that we permit under them OpenSSL permits. Where we refuse
// and OpenSSL does not, it is for one of the reasons that x509/name_constraints.h gives.
#pragma once

#include <openssl/err.h>

#include <algorithm>

#include "openssl_view.h"
#include "property.h"
#include "x509/der.h"
#include "x509/name_constraints.h"

namespace signet::test {

using NameConstraintsPtr = std::unique_ptr<NAME_CONSTRAINTS, Freer<&NAME_CONSTRAINTS_free>>;
using X509NamePtr = std::unique_ptr<X509_NAME, Freer<&X509_NAME_free>>;

/// Null where OpenSSL does not take it.
[[nodiscard]] inline NameConstraintsPtr openssl_name_constraints(ByteView der) {
  const unsigned char* from = der.data();
  return NameConstraintsPtr(reinterpret_cast<NAME_CONSTRAINTS*>(
      ASN1_item_d2i(nullptr, &from, static_cast<long>(der.size()), ASN1_ITEM_rptr(NAME_CONSTRAINTS))));
}

/// A certificate with nothing but these names.
[[nodiscard]] inline X509Ptr named_certificate(const Name& subject, const AltNames& names) {
  X509Ptr certificate(X509_new());
  const auto name = openssl_parse<X509NamePtr, &d2i_X509_NAME>(subject.der());
  if (X509_set_subject_name(certificate.get(), name.get()) != 1) std::abort();
  if (names.empty()) return certificate;
  const auto general = openssl_parse<GeneralNamesPtr, &d2i_GENERAL_NAMES>(names.encode());
  if (X509_add1_ext_i2d(certificate.get(), NID_subject_alt_name, general.get(), 0, 0) != 1) std::abort();
  X509_check_purpose(certificate.get(), -1, 0);  // has the extensions read, which NAME_CONSTRAINTS_check relies on
  ERR_clear_error();                             // and complains of all that is not in this certificate
  return certificate;
}

/// As X509_verify_cert asks of the last certificate of a chain.
[[nodiscard]] inline bool openssl_permits(NAME_CONSTRAINTS* constraints, const Name& subject, const AltNames& names) {
  const X509Ptr certificate = named_certificate(subject, names);
  if (NAME_CONSTRAINTS_check(certificate.get(), constraints) != X509_V_OK) return false;
  return !names.dns.empty() || NAME_CONSTRAINTS_check_CN(certificate.get(), constraints) == X509_V_OK;
}

/// Why we may be stricter than OpenSSL with these names.
[[nodiscard]] inline bool is_stricter_here(const NameConstraints& constraints, const Name& subject,
                                           const AltNames& names) {
  const auto constrains = [&](std::string_view what) {
    return std::ranges::any_of(constraints.texts(),
                               [&](const std::string& text) { return text.find(what) != std::string::npos; });
  };
  const auto is_wildcard = [](const std::string& name) { return name.starts_with("*."); };
  if (std::ranges::any_of(names.dns, is_wildcard) && constrains("excluded DNS:")) return true;
  if (constrains("excluded DNS:.")) return true;
  if (constrains(" URI:") && std::ranges::any_of(names.uris, [](const auto& uri) { return !host_of_uri(uri); }))
    return true;
  const auto is_unclear = [](const auto& folded) { return !folded; };
  if (constrains(" DNS:") && std::ranges::any_of(names.dns, is_unclear, fold_dns)) return true;
  if (constrains(" email:") && std::ranges::any_of(names.emails, is_unclear, fold_address)) return true;
  const auto in_subject = email_addresses(subject);
  if (constrains(" email:") && in_subject && std::ranges::any_of(*in_subject, is_unclear, fold_address)) return true;
  const bool by_common_name = names.dns.empty() && std::ranges::any_of(subject.common_names(), reads_like_host);
  return by_common_name && constrains(" DNS:");
}

/// `input` is three DER elements: the extension, GeneralNames (an empty SEQUENCE for none) and a Name.
[[nodiscard]] inline Outcome name_constraints_property(ByteView input) {
  der::Reader reader(input);
  const auto extension = reader.any("extension");
  const auto general = reader.any("names");
  const auto subject_der = reader.any("subject");
  if (!extension || !general || !subject_der || !reader.at_end()) return {};
  const auto constraints = NameConstraints::parse(extension->whole);
  if (!constraints) return {};
  const auto theirs = openssl_name_constraints(extension->whole);
  if (!theirs) return {.accepted = true, .violation = "OpenSSL does not take the extension"};
  const auto subject = Name::parse(subject_der->whole);
  const bool has_names = !general->contents.empty();
  const auto names = has_names ? AltNames::parse(general->whole) : Result<AltNames>(AltNames());
  if (!subject || !names) return {.accepted = true, .violation = ""};
  const bool permitted = constraints->permit(*subject, *names).has_value();
  const bool permitted_by_openssl = openssl_permits(theirs.get(), *subject, *names);
  if (permitted && !permitted_by_openssl) return {.accepted = true, .violation = "OpenSSL does not permit the names"};
  if (!permitted && permitted_by_openssl && !is_stricter_here(*constraints, *subject, *names))
    return {.accepted = true, .violation = "OpenSSL permits the names"};
  return {.accepted = true, .violation = ""};
}

}  // namespace signet::test
