#include "issuer/authorities.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/ops_log.h"
#include "x509/ca_certificate.h"

namespace signet {

Result<void> check_is_ca(const Certificate& certificate, const std::string& path, const std::string& field) {
  const std::string_view why_not = why_no_ca(certificate);
  if (why_not.empty()) return {};
  return fail(ErrorCode::kFailedPrecondition, fmt::format("{}: {}", path, why_not), field);
}

bool is_issued_by(const Certificate& lower, const Certificate& upper) {
  return equal(lower.fields().issuer.der(), upper.fields().subject.der()) &&
         lower.verify_signed_by(upper.public_key()).has_value();
}

void warn_if_expired(const Certificate& certificate, const std::string& where) {
  if (system_clock().now() <= certificate.fields().not_after) return;
  ops::warning("a CA certificate has expired", {{"where", where},
                                                {"subject", certificate.fields().subject.text()},
                                                {"not_after", to_rfc3339(certificate.fields().not_after)}});
}

namespace {

constexpr std::size_t kMaxCertificateFile = std::size_t{64} * 1024;

Result<Certificate> load_certificate(const std::string& path, const std::string& field) {
  SIGNET_TRY(const Bytes content, read_file(path, kMaxCertificateFile, FileTrust::kNotWritable, field));
  auto certificate = Certificate::parse_any(content);
  if (certificate.has_value()) return certificate;
  Error error = std::move(certificate).error();
  error.message = path + ": " + error.message;
  error.field = field;
  return std::unexpected(std::move(error));
}

Result<void> check_issued_by(const Certificate& lower, const Certificate& upper, const std::string& field) {
  if (!is_issued_by(lower, upper)) {
    return fail(
        ErrorCode::kFailedPrecondition,
        fmt::format("\"{}\" was not issued by \"{}\"; give the certificates from the issuing CA upwards, without gaps",
                    lower.fields().subject.text(), upper.fields().subject.text()),
        field);
  }
  return {};
}

Result<void> check_chain(const Authority& authority, const std::string& field) {
  const Certificate* lower = &authority.certificate;
  for (const Certificate& upper : authority.chain) {
    SIGNET_CHECK(check_issued_by(*lower, upper, field + ".chain"));
    lower = &upper;
  }
  return check_issued_by(*lower, authority.root, field + ".root");
}

Result<void> check_self_signed(const Certificate& root, const std::string& path, const std::string& field) {
  if (check_issued_by(root, root, field).has_value()) return {};
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("{}: \"{}\" is not self-signed, so it is no root; give the certificate at the top", path,
                          root.fields().subject.text()),
              field);
}

Result<void> check_algorithm(SignatureAlgorithm algorithm, const PublicKey& key, const std::string& name) {
  if (fits(algorithm, key.type())) return {};
  const std::string field = "key." + name + ".signature";
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("{} is for RSA keys, and this key is {}; remove it", field, key.describe()), field);
}

Result<Authority> load_authority(const IssuerConfig& issuer, const KeyConfig& key) {
  const std::string field = "issuer." + issuer.name;
  const std::string key_field = "key." + key.name + ".certificate";
  SIGNET_TRY(Certificate certificate, load_certificate(key.certificate, key_field));
  SIGNET_CHECK(check_is_ca(certificate, key.certificate, key_field));
  const SignatureAlgorithm algorithm = key.fence.algorithm_for(certificate.public_key().type());
  SIGNET_CHECK(check_algorithm(algorithm, certificate.public_key(), key.name));
  SIGNET_TRY(Certificate root, load_certificate(issuer.root, field + ".root"));
  SIGNET_CHECK(check_is_ca(root, issuer.root, field + ".root"));
  SIGNET_CHECK(check_self_signed(root, issuer.root, field + ".root"));
  Authority authority{.name = issuer.name,
                      .key = issuer.key,
                      .state = issuer.state,
                      .algorithm = algorithm,
                      .certificate = std::move(certificate),
                      .chain = {},
                      .root = std::move(root),
                      .presented = {}};
  authority.presented.push_back(authority.certificate.der());
  for (const std::string& path : issuer.chain) {
    SIGNET_TRY(Certificate intermediate, load_certificate(path, field + ".chain"));
    SIGNET_CHECK(check_is_ca(intermediate, path, field + ".chain"));
    authority.presented.push_back(intermediate.der());
    authority.chain.push_back(std::move(intermediate));
  }
  SIGNET_CHECK(check_chain(authority, field));
  warn_if_expired(authority.certificate, field);
  warn_if_expired(authority.root, field);
  return authority;
}

}  // namespace

Result<Authorities> load_authorities(const DaemonConfig& config) {
  Authorities authorities;
  for (const auto& [name, issuer] : config.issuers) {
    SIGNET_TRY(Authority authority, load_authority(issuer, config.keys.at(issuer.key)));
    authorities.emplace(name, std::move(authority));
  }
  return authorities;
}

}  // namespace signet
