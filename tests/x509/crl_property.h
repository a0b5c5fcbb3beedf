// A CRL we accept is one OpenSSL accepts, with the same issuer, times, number, scope and entries; and what
// encode_tbs_crl makes of its fields is read back to the same bytes.
#pragma once

#include <ctime>

#include "openssl_view.h"
#include "property.h"
#include "x509/crl.h"

namespace signet::test {

using CrlPtr = std::unique_ptr<X509_CRL, Freer<&X509_CRL_free>>;
using Asn1IntegerPtr = std::unique_ptr<ASN1_INTEGER, Freer<&ASN1_INTEGER_free>>;
using Asn1EnumeratedPtr = std::unique_ptr<ASN1_ENUMERATED, Freer<&ASN1_ENUMERATED_free>>;
using Asn1TimePtr = std::unique_ptr<ASN1_TIME, Freer<&ASN1_TIME_free>>;
using PointPtr = std::unique_ptr<ISSUING_DIST_POINT, Freer<&ISSUING_DIST_POINT_free>>;

[[nodiscard]] inline std::optional<Time> crl_time_of(const ASN1_TIME* time) {
  std::tm fields{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &fields) != 1) return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::seconds(timegm(&fields)));
}

/// Without zeros in front, as ASN1_INTEGER holds a number.
[[nodiscard]] inline Bytes magnitude(ByteView number) {
  while (number.size() > 1 && number[0] == 0) number = number.subspan(1);
  return copy_of(number);
}

/// The number in an extension; nothing where there is none.
[[nodiscard]] inline std::optional<Bytes> number_in(const X509_CRL* crl, int nid) {
  const Asn1IntegerPtr number(static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(crl, nid, nullptr, nullptr)));
  return number ? std::optional(bytes_in(number.get())) : std::nullopt;
}

[[nodiscard]] inline std::optional<Bytes> number_of(const std::optional<CrlNumber>& number) {
  return number ? std::optional(magnitude(number->padded())) : std::nullopt;
}

[[nodiscard]] inline std::string compare_scope(const std::optional<CrlScope>& ours, const X509_CRL* theirs) {
  const PointPtr point(
      static_cast<ISSUING_DIST_POINT*>(X509_CRL_get_ext_d2i(theirs, NID_issuing_distribution_point, nullptr, nullptr)));
  if (ours.has_value() != (point != nullptr)) return "another opinion on issuingDistributionPoint";
  if (!ours) return "";
  if ((point->onlyuser > 0) != ours->only_user_certificates) return "another onlyContainsUserCerts";
  if ((point->onlyCA > 0) != ours->only_ca_certificates) return "another onlyContainsCACerts";
  if (point->indirectCRL > 0 || point->onlyattr > 0 || point->onlysomereasons != nullptr) return "more in its scope";
  const auto names = point->distpoint == nullptr ? std::nullopt : alt_names_of(point->distpoint->name.fullname);
  return names.value_or(AltNames{}).uris == ours->urls ? "" : "other URLs";
}

[[nodiscard]] inline std::string compare_entry(const RevokedCertificate& ours, const X509_REVOKED* theirs) {
  if (bytes_in(X509_REVOKED_get0_serialNumber(theirs)) != magnitude(ours.serial.bytes()))
    return "another serial number";
  if (crl_time_of(X509_REVOKED_get0_revocationDate(theirs)) != ours.revoked) return "another revocationDate";
  const Asn1EnumeratedPtr reason(
      static_cast<ASN1_ENUMERATED*>(X509_REVOKED_get_ext_d2i(theirs, NID_crl_reason, nullptr, nullptr)));
  if ((reason != nullptr) != ours.reason.has_value()) return "another opinion on reasonCode";
  if (reason && ASN1_ENUMERATED_get(reason.get()) != static_cast<long>(*ours.reason)) return "another reason";
  const Asn1TimePtr since(
      static_cast<ASN1_TIME*>(X509_REVOKED_get_ext_d2i(theirs, NID_invalidity_date, nullptr, nullptr)));
  return crl_time_of(since.get()) == ours.invalid_since ? "" : "another invalidityDate";
}

[[nodiscard]] inline std::string compare_entries(const CrlFields& ours, X509_CRL* theirs) {
  const STACK_OF(X509_REVOKED)* const entries = X509_CRL_get_REVOKED(theirs);
  const int count = entries == nullptr ? 0 : sk_X509_REVOKED_num(entries);
  if (ours.revoked.size() != static_cast<std::size_t>(count)) return "another number of entries";
  for (int i = 0; i < count; ++i) {
    const auto& entry = ours.revoked[static_cast<std::size_t>(i)];
    if (std::string found = compare_entry(entry, sk_X509_REVOKED_value(entries, i)); !found.empty()) return found;
  }
  return "";
}

[[nodiscard]] inline std::string compare_crl(const CrlFields& ours, X509_CRL* theirs) {
  if (X509_CRL_get_version(theirs) != X509_CRL_VERSION_2) return "another version";
  if (openssl_encode<i2d_X509_NAME>(X509_CRL_get_issuer(theirs)) != copy_of(ours.issuer.der())) return "another issuer";
  if (crl_time_of(X509_CRL_get0_lastUpdate(theirs)) != ours.this_update) return "another thisUpdate";
  if (crl_time_of(X509_CRL_get0_nextUpdate(theirs)) != ours.next_update) return "another nextUpdate";
  if (number_in(theirs, NID_crl_number) != number_of(ours.number)) return "another cRLNumber";
  if (number_in(theirs, NID_delta_crl) != number_of(ours.delta_base)) return "another deltaCRLIndicator";
  if (std::string found = compare_scope(ours.scope, theirs); !found.empty()) return found;
  return compare_entries(ours, theirs);
}

[[nodiscard]] inline std::string crl_violation(const Crl& crl) {
  const CrlPtr theirs = openssl_parse<CrlPtr, d2i_X509_CRL>(crl.der().view());
  if (!theirs) return "OpenSSL refuses it";
  // In the order in which they stand: OpenSSL sorts them when it looks for one.
  if (std::string difference = compare_crl(crl.fields(), theirs.get()); !difference.empty()) return difference;
  if (openssl_encode<i2d_X509_CRL>(theirs.get()) != crl.der().bytes()) return "OpenSSL writes it differently";
  const TbsCrlDer written = encode_tbs_crl(crl.fields());
  const Result<CrlFields> again = parse_tbs_crl(written.view());
  if (!again) return "what encode_tbs_crl writes is refused: " + again.error().message;
  if (!(*again == crl.fields()) || encode_tbs_crl(*again) != written)
    return "what encode_tbs_crl writes is read differently";
  return "";
}

[[nodiscard]] inline Outcome crl_property(ByteView input) {
  const Result<Crl> crl = Crl::parse(input);
  if (!crl) return {};
  return {.accepted = true, .violation = crl_violation(*crl)};
}

}  // namespace signet::test
