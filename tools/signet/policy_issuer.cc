#include "policy_issuer.h"

#include <fmt/format.h>

#include "base/file.h"
#include "base/openssl_ptr.h"
#include "base/rng.h"
#include "x509/ca_certificate.h"

namespace signet::cli {
namespace {

constexpr const char* kFlag = "--issuer-certificate";
constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20U;

Result<PublicKey> make_public_key() {
  const PkeyPtr key(EVP_EC_gen("P-256"));
  unsigned char* encoded = nullptr;
  const int size = key == nullptr ? 0 : i2d_PUBKEY(key.get(), &encoded);
  if (size <= 0) return fail(ErrorCode::kInternal, "OpenSSL makes no key");
  const Bytes spki(encoded, encoded + size);
  OPENSSL_free(encoded);
  return PublicKey::from_spki(spki);
}

/// For all times and names; nobody looks at its signature.
Result<Certificate> make_stand_in(const std::string& issuer) {
  constexpr std::size_t kLongestCommonName = 64;
  const Bytes no_signature = {0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01};
  SIGNET_TRY(const PublicKey key, make_public_key());
  SIGNET_TRY(SerialNumber serial, SerialNumber::random(system_rng()));
  SIGNET_TRY(const Name name,
             Name::from_attributes({{"CN", issuer.empty() ? "issuer" : issuer.substr(0, kLongestCommonName)}}));
  TbsFields fields{.serial = std::move(serial)};
  fields.issuer = name;
  fields.subject = name;
  fields.not_before = std::chrono::sys_days(std::chrono::year(2000) / 1 / 1);
  fields.not_after = std::chrono::sys_days(std::chrono::year(9999) / 1 / 1);
  fields.spki = copy_of(key.spki());
  fields.basic_constraints = BasicConstraints{.ca = true, .path_length = {}};
  fields.key_usage = kKeyCertSign | kCrlSign;
  fields.subject_key_id = Bytes(key.key_id().begin(), key.key_id().end());
  return Certificate::parse(
      assemble_certificate(encode_tbs(fields), fields.algorithm, SignatureValue(no_signature)).view());
}

std::unexpected<Error> usage(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), kFlag);
}

Result<void> check_order(const std::vector<Certificate>& certificates) {
  for (std::size_t i = 0; i < certificates.size(); ++i) {
    const std::string subject = printable(certificates[i].fields().subject.text());
    if (const std::string_view why = why_no_ca(certificates[i]); !why.empty())
      return usage(fmt::format("\"{}\" is no CA: {}", subject, why));
    if (i + 1 == certificates.size() || certificates[i].verify_signed_by(certificates[i + 1].public_key())) continue;
    return usage(fmt::format(
        "\"{}\" is not signed by the one behind it; put the issuing CA first, then the one above it", subject));
  }
  return {};
}

}  // namespace

Result<IssuingCas> issuing_cas(const std::string& name, const std::string& certificate_file) {
  std::vector<Certificate> certificates;
  if (certificate_file.empty()) {
    SIGNET_TRY(Certificate stand_in, make_stand_in(name));
    certificates.push_back(std::move(stand_in));
  } else {
    SIGNET_TRY(const Bytes content, read_file(certificate_file, kMaxFileBytes, FileTrust::kAnyone, kFlag));
    auto parsed = parse_certificates(content);
    if (!parsed) return usage(fmt::format("{}: {}", printable(certificate_file), parsed.error().message));
    certificates = *std::move(parsed);
  }
  SIGNET_CHECK(check_order(certificates));
  IssuingCas cas;
  cas.emplace(name, IssuingCa{.name = name, .certificates = std::move(certificates)});
  return cas;
}

}  // namespace signet::cli
