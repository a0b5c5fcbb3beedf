// Extensions (RFC 5280 section 4.2), as certificates and extension requests carry them. Internal to x509.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "x509/certificate.h"
#include "x509/prepared_extensions.h"

namespace signet {

struct Extensions {
  std::optional<BasicConstraints> basic_constraints;
  std::optional<std::uint32_t> key_usage;
  std::vector<std::string> extended_key_usage;
  std::optional<AltNames> alt_names;
  bool alt_names_critical = false;
  std::optional<Bytes> subject_key_id;
  std::optional<Bytes> authority_key_id;
  std::optional<NameConstraints> name_constraints;
  std::vector<CertificatePolicy> policies;
  std::vector<std::string> ocsp_urls;
  std::vector<std::string> ca_issuers_urls;
  std::vector<std::string> crl_urls;
  bool must_staple = false;
  bool ocsp_no_check = false;
  std::vector<ExtraExtension> extra;
};

/// Whose extensions: of a certificate all that are known are read, and the unknown ones kept, as parse_tbs() says. Of a
/// request those are known that stand in TbsFields up to name_constraints: one of the others is refused where it is
/// critical, because it is not granted, and only checked to be DER where it is not.
enum class ExtensionsOf : std::uint8_t { kCertificate, kRequest };

/// Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension. Each at most once. Errors name the extension as their field.
[[nodiscard]] Result<Extensions> parse_extensions(ByteView der, ExtensionsOf whose);

/// The SEQUENCE, in the order of encode_tbs and with its `prepared` as that has it; empty bytes where there is no
/// extension at all.
[[nodiscard]] Bytes encode_extensions(const TbsFields& fields, const PreparedExtensions& prepared);

}  // namespace signet
