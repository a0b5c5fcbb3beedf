#include "certificates.h"

#include <fmt/format.h>

#include "x509/serial_number.h"

namespace signet::ceremony {

namespace {

Bytes key_id_of(const PublicKey& key) { return copy_of(key.key_id()); }

/// What every certificate of a ceremony has, but for its subject.
Result<TbsFields> common_fields(const CaPlan& issuer, const PublicKey& issuer_key, Time not_before,
                                std::chrono::seconds validity, Rng& rng) {
  SIGNET_TRY(SerialNumber serial, SerialNumber::random(rng));
  TbsFields fields{.serial = std::move(serial)};
  fields.algorithm = signature_of(issuer.key);
  fields.issuer = issuer.subject;
  fields.not_before = not_before;
  fields.not_after = not_before + validity;
  fields.authority_key_id = key_id_of(issuer_key);
  return fields;
}

void name_subject(TbsFields& fields, const Name& subject, const PublicKey& key) {
  fields.subject = subject;
  fields.spki = copy_of(key.spki());
  fields.subject_key_id = key_id_of(key);
}

void make_authority(TbsFields& fields, const CaPlan& plan) {
  fields.basic_constraints = BasicConstraints{.ca = true, .path_length = plan.path_length};
  fields.key_usage = kKeyCertSign | kCrlSign;
}

}  // namespace

Time start_of_validity(const Clock& clock) { return std::chrono::floor<std::chrono::seconds>(clock.now()); }

Result<CertificateOrder> root_order(const CaPlan& root, const PublicKey& key, Time not_before, Rng& rng) {
  SIGNET_TRY(TbsFields fields, common_fields(root, key, not_before, root.validity, rng));
  name_subject(fields, root.subject, key);
  make_authority(fields, root);
  return CertificateOrder{.name = "root", .file = root.certificate, .fields = std::move(fields)};
}

Result<CertificateOrder> issuing_order(const CaPlan& issuing, const PublicKey& key, const Signer& root, Rng& rng) {
  SIGNET_TRY(TbsFields fields, common_fields(root.plan, root.certificate.public_key(),
                                             root.certificate.fields().not_before, issuing.validity, rng));
  name_subject(fields, issuing.subject, key);
  make_authority(fields, issuing);
  return CertificateOrder{.name = "issuing", .file = issuing.certificate, .fields = std::move(fields)};
}

Result<CertificateOrder> end_entity_order(const EndEntityPlan& entity, const Csr& request, const Signer& issuer,
                                          Rng& rng) {
  SIGNET_TRY(TbsFields fields, common_fields(issuer.plan, issuer.certificate.public_key(),
                                             issuer.certificate.fields().not_before, entity.validity, rng));
  name_subject(fields, entity.subject, request.public_key());
  fields.basic_constraints = BasicConstraints{.ca = false};
  fields.key_usage = kDigitalSignature;
  fields.extended_key_usage = entity.extended_key_usage;
  if (!entity.names.empty()) fields.alt_names = entity.names;
  return CertificateOrder{.name = entity.name,
                          .file = entity.certificate,
                          .fields = std::move(fields),
                          .csr_sha256 = sha256(request.der())};
}

Result<Certificate> read_back(const TbsDer& tbs, SignatureAlgorithm algorithm, const SignatureValue& signature) {
  const CertificateDer der = assemble_certificate(tbs, algorithm, signature);
  SIGNET_TRY(Certificate certificate, Certificate::parse(der.view()));
  if (encode_tbs(certificate.fields()) == tbs) return certificate;
  return fail(ErrorCode::kInternal, "the certificate does not read back as it was written");
}

Result<Certificate> finish_certificate(const TbsDer& tbs, SignatureAlgorithm algorithm, const SignatureValue& signature,
                                       const PublicKey& issuer) {
  SIGNET_TRY(Certificate certificate, read_back(tbs, algorithm, signature));
  SIGNET_CHECK(certificate.verify_signed_by(issuer));
  return certificate;
}

std::string fingerprint_text(const Certificate& certificate) {
  std::string text;
  for (const std::uint8_t byte : certificate.fingerprint())
    text += fmt::format("{}{:02X}", text.empty() ? "" : ":", byte);
  return text;
}

}  // namespace signet::ceremony
