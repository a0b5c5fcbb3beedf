#include "issuer/pki.h"

namespace signet::test {
namespace {

using std::chrono::hours;

TbsFields fields_of(EVP_PKEY* key, const std::string& common_name, std::chrono::hours lifetime) {
  const PublicKey read = public_key_of(key);
  const Time now = std::chrono::floor<std::chrono::seconds>(system_clock().now());
  TbsFields fields{.serial = SerialNumber::random(system_rng()).value()};
  fields.algorithm = SignatureAlgorithm::kEcdsaSha256;
  fields.subject = Name::from_attributes({{"O", "Signet test"}, {"CN", common_name}}).value();
  fields.not_before = now - hours(1);
  fields.not_after = now + lifetime;
  fields.spki = copy_of(read.spki());
  fields.subject_key_id = copy_of(read.key_id());
  return fields;
}

TbsFields ca_fields(EVP_PKEY* key, const std::string& common_name) {
  TbsFields fields = fields_of(key, common_name, hours(24 * 3650));
  fields.basic_constraints = BasicConstraints{.ca = true, .path_length = {}};
  fields.key_usage = kKeyCertSign | kCrlSign;
  return fields;
}

Identity finish(EvpPkeyPtr key, TbsFields fields, const TbsFields* issuer, EVP_PKEY* issuer_key, const Tweak& tweak) {
  fields.issuer = issuer != nullptr ? issuer->subject : fields.subject;
  if (issuer != nullptr) fields.authority_key_id = issuer->subject_key_id;
  if (tweak) tweak(fields);
  const TbsDer tbs = encode_tbs(fields);
  const CertificateDer der =
      assemble_certificate(tbs, fields.algorithm, sign(issuer_key, fields.algorithm, tbs.view()));
  return Identity{.key = std::move(key), .certificate = Certificate::parse(der.view()).value()};
}

}  // namespace

Identity make_root(const std::string& common_name, const Tweak& tweak) {
  EvpPkeyPtr key = make_key(KeyType::kEcP256);
  EVP_PKEY* const own = key.get();
  return finish(std::move(key), ca_fields(own, common_name), nullptr, own, tweak);
}

Identity make_ca(const Identity& issuer, const std::string& common_name, const Tweak& tweak) {
  EvpPkeyPtr key = make_key(KeyType::kEcP256);
  TbsFields fields = ca_fields(key.get(), common_name);
  return finish(std::move(key), std::move(fields), &issuer.certificate.fields(), issuer.key.get(), tweak);
}

Identity make_client(const Identity& issuer, const std::string& uri, const Tweak& tweak) {
  EvpPkeyPtr key = make_key(KeyType::kEcP256);
  TbsFields fields = fields_of(key.get(), "client", hours(24));
  fields.basic_constraints = BasicConstraints{};
  fields.key_usage = kDigitalSignature;
  fields.extended_key_usage = {eku_oid_from("clientAuth").value()};
  fields.alt_names = AltNames{.uris = {uri}};
  return finish(std::move(key), std::move(fields), &issuer.certificate.fields(), issuer.key.get(), tweak);
}

SignatureValue sign_with(const Identity& signer, ByteView message) {
  return sign(signer.key.get(), SignatureAlgorithm::kEcdsaSha256, message);
}

}  // namespace signet::test
