#include "keyholder/held_key.h"

#include <fmt/format.h>

#include "base/file.h"
#include "base/ops_log.h"
#include "config/log_key_file.h"
#include "keyholder/in_part.h"
#include "token/token_key.h"

namespace signet {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{64} * 1024;

/// Of a key that may sign CRLs the certificate says so, or no verifier would take them (RFC 5280 section 4.2.1.3).
Result<Certificate> read_ca_certificate(const KeyConfig& key, const std::string& field) {
  const std::string& path = key.certificate;
  SIGNET_TRY(const Bytes content, read_file(path, kMaxFileBytes, FileTrust::kNotWritable, field));
  SIGNET_TRY(Certificate certificate, Certificate::parse_any(content));
  const TbsFields& fields = certificate.fields();
  const std::uint32_t usages = fields.key_usage.value_or(kKeyCertSign | kCrlSign);
  if (!fields.basic_constraints || !fields.basic_constraints->ca || (usages & kKeyCertSign) == 0) {
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("{} is not a CA's certificate (CA:TRUE and, with keyUsage, keyCertSign)", printable(path)));
  }
  if ((usages & kCrlSign) == 0 && key.fence.may_sign.contains(ArtifactKind::kCrl)) {
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("{} has no cRLSign in its keyUsage, and key.{}.fence.may_sign names \"{}\"; remove that",
                            printable(path), key.name, name_of(ArtifactKind::kCrl)));
  }
  return certificate;
}

/// What says which key it must be.
struct Evidence {
  std::string part;  ///< of the configuration: "key.issuing-1.certificate"
  std::string what;  ///< "certificate ca/issuing.pem"
  PublicKey public_key;
  std::optional<Certificate> certificate;
};

Result<Evidence> read_evidence(const KeyConfig& key) {
  if (key.signs_log()) {
    const std::string part = fmt::format("key.{}.public_key", key.name);
    SIGNET_TRY(PublicKey public_key, in_part(part, read_log_public_key(key)));
    return Evidence{.part = part,
                    .what = "public key " + printable(key.public_key),
                    .public_key = std::move(public_key),
                    .certificate = {}};
  }
  const std::string part = fmt::format("key.{}.certificate", key.name);
  SIGNET_TRY(Certificate certificate, in_part(part, read_ca_certificate(key, part)));
  PublicKey public_key = certificate.public_key();
  return Evidence{.part = part,
                  .what = "certificate " + printable(key.certificate),
                  .public_key = std::move(public_key),
                  .certificate = std::move(certificate)};
}

Result<void> check_algorithm(SignatureAlgorithm algorithm, const PublicKey& key, const std::string& name) {
  if (fits(algorithm, key.type())) return {};
  const std::string field = fmt::format("key.{}.signature", name);
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("{} is for RSA keys, and this key is {}; remove it", field, key.describe()), field);
}

Result<void> check_belongs(Pkcs11Session& session, const TokenKey& key, const Pkcs11Uri& uri, const Evidence& evidence,
                           SignatureAlgorithm algorithm) {
  const PublicKey& expected = evidence.public_key;
  const auto mismatch = [&](const std::string& found) {
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("{} does not belong to the key {}: it is for {} with key id {}, {}", evidence.what,
                            uri.text(), expected.describe(), to_hex(expected.key_id()), found));
  };
  const auto shown = key.public_key(session);
  if (shown.has_value() && !equal(shown->spki(), expected.spki())) {
    return mismatch(
        fmt::format("the key on the token is {} with key id {}", shown->describe(), to_hex(shown->key_id())));
  }
  // A token need not show the public half; what the key signs tells as well.
  if (!shown.has_value() && shown.error().code != ErrorCode::kNotFound) return std::unexpected(shown.error());
  if (!fits(algorithm, key.type())) return mismatch(fmt::format("the key on the token is {}", name_of(key.type())));
  SIGNET_TRY(const SignatureValue signature, key.sign(session, algorithm, bytes_of(kSelfTest)));
  if (expected.verify(algorithm, bytes_of(kSelfTest), signature.view()).has_value()) return {};
  return mismatch("and what the key on the token signs does not verify with it");
}

void warn_of_weak_protection(const std::string& name, const KeyProtection& is) {
  if (is.sensitive.value_or(true) && !is.extractable.value_or(false)) return;
  ops::warning("the token lets this private key out", {{"key", name},
                                                       {"sensitive", is.sensitive.value_or(true) ? "yes" : "no"},
                                                       {"extractable", is.extractable.value_or(false) ? "yes" : "no"}});
}

/// What the token says, by PKCS#11's names; what it does not say is left out.
std::map<std::string, bool> attributes_of(const KeyProtection& is) {
  std::map<std::string, bool> attributes;
  const auto add = [&](const char* name, std::optional<bool> value) {
    if (value) attributes.emplace(name, *value);
  };
  add("CKA_SENSITIVE", is.sensitive);
  add("CKA_EXTRACTABLE", is.extractable);
  add("CKA_ALWAYS_SENSITIVE", is.always_sensitive);
  add("CKA_NEVER_EXTRACTABLE", is.never_extractable);
  add("CKA_LOCAL", is.local);
  return attributes;
}

}  // namespace

Result<HeldKey> hold_key(Pkcs11Session& session, const DaemonConfig& config, const KeyConfig& key) {
  const std::string uri_part = fmt::format("key.{}.uri", key.name);
  SIGNET_TRY(Evidence evidence, read_evidence(key));
  SIGNET_TRY(const TokenKey found, in_part(uri_part, TokenKey::find(session, key.uri)));
  const SignatureAlgorithm algorithm = key.fence.algorithm_for(evidence.public_key.type());
  SIGNET_CHECK(check_algorithm(algorithm, evidence.public_key, key.name));
  SIGNET_CHECK(in_part(evidence.part, check_belongs(session, found, key.uri, evidence, algorithm)));
  SIGNET_TRY(const KeyProtection protection, in_part(uri_part, found.protection(session)));
  warn_of_weak_protection(key.name, protection);
  const Sha256 spki_sha256 = evidence.public_key.spki_sha256();
  return HeldKey{.uri = key.uri,
                 .rules = key.fence,
                 .public_key = std::move(evidence.public_key),
                 .spki_sha256 = spki_sha256,
                 .certificate = std::move(evidence.certificate),
                 .origin = config.origin_of_log_key(key.name).value_or(""),
                 .crl_token = {},
                 .attributes = attributes_of(protection)};
}

}  // namespace signet
