// A small hierarchy signed in memory, for tests that need certificates.
#pragma once

#include "crypto.h"

namespace signet::test {

/// A root that is valid from 2026 to 2046.
[[nodiscard]] inline TbsFields root_fields(EVP_PKEY* key) {
  const PublicKey read = public_key_of(key);
  TbsFields fields{.serial = SerialNumber::random(system_rng()).value()};
  fields.algorithm = default_algorithm(read.type());
  fields.issuer = name("CN=Root,O=Example,C=DE");
  fields.subject = fields.issuer;
  fields.not_before = at("2026-01-01T00:00:00.000000Z");
  fields.not_after = at("2046-01-01T00:00:00.000000Z");
  fields.spki = copy_of(read.spki());
  fields.basic_constraints = BasicConstraints{.ca = true, .path_length = 1};
  fields.key_usage = kKeyCertSign | kCrlSign;
  fields.subject_key_id = Bytes(read.key_id().begin(), read.key_id().end());
  return fields;
}

/// A TLS server's certificate below `issuer`, valid in 2026, with all four kinds of names.
[[nodiscard]] inline TbsFields leaf_fields(EVP_PKEY* key, const TbsFields& issuer) {
  const PublicKey read = public_key_of(key);
  TbsFields fields{.serial = SerialNumber::random(system_rng()).value()};
  fields.algorithm = issuer.algorithm;
  fields.issuer = issuer.subject;
  fields.subject = name("CN=payment-service,O=Example");
  fields.not_before = at("2026-02-03T04:05:06.000000Z");
  fields.not_after = at("2026-12-31T23:59:59.000000Z");
  fields.spki = copy_of(read.spki());
  fields.basic_constraints = BasicConstraints{};
  fields.key_usage = kDigitalSignature;
  fields.extended_key_usage = {"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"};
  fields.alt_names = AltNames{.dns = {"payment-service", "p.example"},
                              .ips = {IpAddress::parse("10.1.2.3").value(), IpAddress::parse("2001:db8::1").value()},
                              .uris = {"spiffe://example/payments"},
                              .emails = {"ops@example.com"}};
  fields.subject_key_id = Bytes(read.key_id().begin(), read.key_id().end());
  fields.authority_key_id = issuer.subject_key_id;
  return fields;
}

[[nodiscard]] inline CertificateDer issue(const TbsFields& fields, EVP_PKEY* issuer_key) {
  const TbsDer tbs = encode_tbs(fields);
  return assemble_certificate(tbs, fields.algorithm, sign(issuer_key, fields.algorithm, tbs.view()));
}

}  // namespace signet::test
