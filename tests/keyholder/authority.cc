#include "keyholder/authority.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

#include "base/rng.h"
#include "x509/der.h"

namespace signet::test {

Bytes fresh_spki() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  Bytes der(static_cast<std::size_t>(i2d_PUBKEY(key.get(), nullptr)));
  std::uint8_t* end = der.data();
  i2d_PUBKEY(key.get(), &end);
  return der;
}

TbsFields ca_fields(const PublicKey& public_key, std::string_view name, Time now) {
  const Name subject = Name::from_attributes({{"O", "Signet test"}, {"CN", std::string(name)}}).value();
  const Bytes key_id = copy_of(public_key.key_id());
  return TbsFields{.serial = SerialNumber::random(system_rng()).value(),
                   .algorithm = default_algorithm(public_key.type()),
                   .issuer = subject,
                   .not_before = now,
                   .not_after = now + std::chrono::days(3650),
                   .subject = subject,
                   .spki = copy_of(public_key.spki()),
                   .basic_constraints = BasicConstraints{.ca = true, .path_length = 0},
                   .key_usage = kKeyCertSign | kCrlSign,
                   .extended_key_usage = {},
                   .alt_names = {},
                   .subject_key_id = key_id,
                   .authority_key_id = key_id};
}

TbsFields leaf_fields(const Certificate& ca, Time now) {
  const Bytes spki = fresh_spki();
  return TbsFields{.serial = SerialNumber::random(system_rng()).value(),
                   .algorithm = default_algorithm(ca.public_key().type()),
                   .issuer = ca.fields().subject,
                   .not_before = now,
                   .not_after = now + std::chrono::days(90),
                   .subject = Name::from_attributes({{"CN", "payment-service"}}).value(),
                   .spki = spki,
                   .basic_constraints = BasicConstraints{.ca = false, .path_length = {}},
                   .key_usage = kDigitalSignature,
                   .extended_key_usage = {eku_oid_from("serverAuth").value()},
                   .alt_names = AltNames{.dns = {"payment-service"}, .ips = {}, .uris = {}, .emails = {}},
                   .subject_key_id = copy_of(PublicKey::from_spki(spki).value().key_id()),
                   .authority_key_id = ca.fields().subject_key_id};
}

CrlFields crl_fields(const Certificate& ca, Time now, std::uint64_t number) {
  now = std::chrono::floor<std::chrono::seconds>(now);
  CrlFields fields{.algorithm = default_algorithm(ca.public_key().type()),
                   .issuer = ca.fields().subject,
                   .this_update = now,
                   .next_update = now + std::chrono::days(1)};
  for (const CrlReason reason : {CrlReason::kSuperseded, CrlReason::kKeyCompromise}) {
    fields.revoked.push_back({.serial = SerialNumber::random(system_rng()).value(),
                              .revoked = now - std::chrono::hours(1),
                              .reason = reason,
                              .invalid_since = {}});
  }
  fields.authority_key_id = ca.fields().subject_key_id;
  fields.number = CrlNumber(number);
  return fields;
}

OcspFields ocsp_fields(const Certificate& ca, Time now) {
  now = std::chrono::floor<std::chrono::seconds>(now);
  OcspFields fields{
      .responder_name = {}, .responder_key_hash = ocsp_hash_of(OcspHash::kSha1, ca.public_key()), .produced_at = now};
  for (const OcspStatus status : {OcspStatus::kGood, OcspStatus::kRevoked}) {
    fields.responses.push_back({.id = {.hash = OcspHash::kSha1,
                                       .issuer_name_hash = ocsp_hash_of(OcspHash::kSha1, ca.fields().subject),
                                       .issuer_key_hash = ocsp_hash_of(OcspHash::kSha1, ca.public_key()),
                                       .serial = SerialNumber::random(system_rng()).value()},
                                .status = status,
                                .revoked = status == OcspStatus::kRevoked ? now - std::chrono::hours(1) : Time{},
                                .reason = {},
                                .this_update = now,
                                .next_update = now + std::chrono::days(1)});
  }
  return fields;
}

Bytes with_extension(ByteView tbs, unsigned tag, std::string_view oid, ByteView value) {
  const std::uint8_t wrapper = der::context_constructed(tag);
  der::Reader outer(tbs);
  der::Reader fields = outer.enter(der::kSequence, "structure").value();
  Bytes contents;
  while (fields.peek() != wrapper) append(contents, fields.any("field").value().whole);
  der::Reader inner = fields.enter(wrapper, "extensions").value();
  Bytes extensions = copy_of(inner.element(der::kSequence, "Extensions").value().contents);
  append(extensions, der::sequence({der::oid(oid), der::octet_string(value)}));
  append(contents, der::element(wrapper, der::element(der::kSequence, extensions)));
  return der::element(der::kSequence, contents);
}

Certificate unsigned_certificate(const TbsFields& fields) {
  const CertificateDer der =
      assemble_certificate(encode_tbs(fields), fields.algorithm, SignatureValue(Bytes(70, 0x30)));
  return Certificate::parse(der.view()).value();
}

}  // namespace signet::test
