// A ResponseData we accept is one OpenSSL accepts, with the same responder, times, certificates and verdicts; and what
// encode_ocsp_data makes of its fields is read back to the same bytes.
#pragma once

#include <openssl/ocsp.h>

#include <ctime>

#include "openssl_view.h"
#include "property.h"
#include "x509/der.h"
#include "x509/ocsp_response.h"

namespace signet::test {

using BasicResponsePtr = std::unique_ptr<OCSP_BASICRESP, Freer<&OCSP_BASICRESP_free>>;

/// With an algorithm and a signature that are nobody's, because OpenSSL has no reader of ResponseData alone.
[[nodiscard]] inline Bytes basic_response_of(ByteView data) {
  return der::sequence({data, algorithm_identifier(SignatureAlgorithm::kEcdsaSha256), der::bit_string(Bytes(8, 7))});
}

[[nodiscard]] inline std::optional<Time> ocsp_time_of(const ASN1_GENERALIZEDTIME* time) {
  std::tm fields{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &fields) != 1) return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::seconds(timegm(&fields)));
}

[[nodiscard]] inline std::string compare_cert_id(const OcspCertId& ours, const OCSP_SINGLERESP* single) {
  ASN1_OCTET_STRING* name = nullptr;
  ASN1_OCTET_STRING* key = nullptr;
  ASN1_OBJECT* hash = nullptr;
  ASN1_INTEGER* serial = nullptr;
  OCSP_id_get0_info(&name, &hash, &key, &serial, const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(single)));
  if (OBJ_obj2nid(hash) != (ours.hash == OcspHash::kSha1 ? NID_sha1 : NID_sha256)) return "another hash";
  if (bytes_in(name) != ours.issuer_name_hash || bytes_in(key) != ours.issuer_key_hash) return "another issuer";
  const ByteView number = ours.serial.bytes();
  return bytes_in(serial) == copy_of(number[0] == 0 ? number.subspan(1) : number) ? "" : "another serial number";
}

[[nodiscard]] inline std::string compare_single(const OcspSingle& ours, OCSP_SINGLERESP* single) {
  if (std::string difference = compare_cert_id(ours.id, single); !difference.empty()) return difference;
  int reason = -1;
  ASN1_GENERALIZEDTIME* revoked = nullptr;
  ASN1_GENERALIZEDTIME* this_update = nullptr;
  ASN1_GENERALIZEDTIME* next_update = nullptr;
  const int status = OCSP_single_get0_status(single, &reason, &revoked, &this_update, &next_update);
  constexpr int kStatuses[] = {V_OCSP_CERTSTATUS_GOOD, V_OCSP_CERTSTATUS_REVOKED, V_OCSP_CERTSTATUS_UNKNOWN};
  if (status != kStatuses[static_cast<std::size_t>(ours.status)]) return "another status";
  if (ocsp_time_of(this_update) != ours.this_update) return "another thisUpdate";
  if (ocsp_time_of(next_update) != ours.next_update) return "another nextUpdate";
  if (ours.status != OcspStatus::kRevoked) return "";
  if (ocsp_time_of(revoked) != ours.revoked) return "another revocationTime";
  return reason == (ours.reason ? static_cast<int>(*ours.reason) : -1) ? "" : "another reason";
}

[[nodiscard]] inline std::string compare_ocsp(const OcspFields& ours, OCSP_BASICRESP* theirs) {
  const ASN1_OCTET_STRING* key = nullptr;
  const X509_NAME* name = nullptr;
  if (OCSP_resp_get0_id(theirs, &key, &name) != 1) return "OpenSSL finds no responder";
  if ((name != nullptr) != ours.responder_name.has_value()) return "another sort of responder";
  if (name != nullptr && openssl_encode<i2d_X509_NAME>(name) != copy_of(ours.responder_name->der()))
    return "another responder's name";
  if (key != nullptr && bytes_in(key) != ours.responder_key_hash) return "another responder's key";
  if (ocsp_time_of(OCSP_resp_get0_produced_at(theirs)) != ours.produced_at) return "another producedAt";
  if (ours.responses.size() != static_cast<std::size_t>(OCSP_resp_count(theirs))) return "another number of responses";
  for (std::size_t i = 0; i < ours.responses.size(); ++i) {
    const std::string difference = compare_single(ours.responses[i], OCSP_resp_get0(theirs, static_cast<int>(i)));
    if (!difference.empty()) return difference;
  }
  return "";
}

[[nodiscard]] inline Outcome ocsp_property(ByteView input) {
  const Result<OcspFields> fields = parse_ocsp_data(input);
  if (!fields) return {};
  const Bytes basic = basic_response_of(input);
  const auto theirs = openssl_parse<BasicResponsePtr, d2i_OCSP_BASICRESP>(basic);
  if (!theirs) return {.accepted = true, .violation = "OpenSSL refuses it"};
  if (std::string difference = compare_ocsp(*fields, theirs.get()); !difference.empty())
    return {.accepted = true, .violation = difference};
  if (openssl_encode<i2d_OCSP_BASICRESP>(theirs.get()) != basic)
    return {.accepted = true, .violation = "OpenSSL writes it differently"};
  const OcspDataDer written = encode_ocsp_data(*fields);
  const Result<OcspFields> again = parse_ocsp_data(written.view());
  if (!again || !(*again == *fields) || encode_ocsp_data(*again) != written)
    return {.accepted = true, .violation = "what encode_ocsp_data writes is read differently"};
  return {.accepted = true, .violation = ""};
}

}  // namespace signet::test
