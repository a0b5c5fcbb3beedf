// Extensions (RFC 5280 section 4.2), as certificates and extension requests carry them. Internal to x509.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "x509/certificate.h"

namespace signet {

struct Extensions {
  std::optional<BasicConstraints> basic_constraints;
  std::optional<std::uint32_t> key_usage;
  std::vector<std::string> extended_key_usage;
  std::optional<AltNames> alt_names;
  bool alt_names_critical = false;
  std::optional<Bytes> subject_key_id;
  std::optional<Bytes> authority_key_id;
};

/// Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension. Each at most once; one that is unknown is refused where it is
/// critical and must be well-formed DER where it is not. Errors name the extension as their field.
[[nodiscard]] Result<Extensions> parse_extensions(ByteView der);

/// The SEQUENCE, in the order of encode_tbs; empty bytes where there is no extension at all.
[[nodiscard]] Bytes encode_extensions(const Extensions& extensions);

}  // namespace signet
