#include "x509/certificate.h"

#include <fmt/format.h>

#include <algorithm>

#include "x509/der.h"
#include "x509/field.h"
#include "x509/signed_structure.h"

namespace signet {
namespace {

constexpr std::size_t kMaxCertificateBytes = 64 * 1024;
constexpr std::string_view kLabel = "CERTIFICATE";

Result<void> check_size(ByteView der) {
  if (der.size() <= kMaxCertificateBytes) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} bytes; a certificate has at most {}", der.size(), kMaxCertificateBytes), "certificate");
}

Result<void> check_critical(const TbsFields& fields) {
  const auto unknown = std::ranges::find(fields.extra_extensions, true, &ExtraExtension::critical);
  if (unknown == fields.extra_extensions.end()) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("extension {} is critical and not understood here", unknown->oid),
              "tbsCertificate.extensions");
}

/// DER begins with SEQUENCE and, as no certificate is shorter than 128 bytes, a long length, which no text does.
bool looks_like_der(ByteView bytes) noexcept {
  return bytes.size() > 1 && bytes[0] == der::kSequence && bytes[1] >= 0x80;
}

}  // namespace

CertificateDer assemble_certificate(const TbsDer& tbs, SignatureAlgorithm algorithm, const SignatureValue& signature) {
  return CertificateDer(assemble_signed(tbs.view(), algorithm, signature.view()));
}

Result<Certificate> Certificate::parse(ByteView der, UnknownCritical unknown_critical) {
  SIGNET_CHECK(check_size(der));
  SIGNET_TRY(const SignedParts parts, in_field("certificate", split_signed(der, "Certificate", "TBSCertificate")));
  SIGNET_TRY(TbsFields fields, in_field("certificate", parse_tbs(parts.tbs)));
  if (unknown_critical == UnknownCritical::kRefused) SIGNET_CHECK(in_field("certificate", check_critical(fields)));
  SIGNET_CHECK(in_field("certificate", check_same_algorithm(parts, fields.algorithm, "TBSCertificate", "4.1.1.2")));
  SIGNET_TRY(PublicKey key, in_field("certificate", PublicKey::from_spki(fields.spki)));
  Certificate certificate(CertificateDer(copy_of(der)), std::move(fields), std::move(key));
  certificate.tbs_offset_ = static_cast<std::size_t>(parts.tbs.data() - der.data());
  certificate.tbs_size_ = parts.tbs.size();
  certificate.signature_ = copy_of(parts.signature);
  return certificate;
}

Result<Certificate> Certificate::parse_any(ByteView pem_or_der) {
  SIGNET_TRY(std::vector<Certificate> all, parse_certificates(pem_or_der));
  if (all.size() != 1) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} certificates where one was expected", all.size()),
                "certificate");
  }
  return std::move(all.front());
}

bool Certificate::is_self_issued() const { return same_name(fields_.issuer, fields_.subject); }

Result<void> Certificate::verify_signed_by(const PublicKey& issuer) const {
  return in_field("certificate.signatureValue", issuer.verify(fields_.algorithm, tbs(), signature_));
}

Result<std::vector<Certificate>> parse_certificates(ByteView pem_or_der, UnknownCritical unknown_critical) {
  std::vector<Bytes> blocks;
  if (looks_like_der(pem_or_der)) {
    blocks.push_back(copy_of(pem_or_der));
  } else {
    SIGNET_TRY(blocks, in_field("certificate", decode_pem(text_of(pem_or_der), kLabel)));
  }
  std::vector<Certificate> certificates;
  for (const Bytes& block : blocks) {
    SIGNET_TRY(Certificate certificate, Certificate::parse(block, unknown_critical));
    certificates.push_back(std::move(certificate));
  }
  return certificates;
}

}  // namespace signet
