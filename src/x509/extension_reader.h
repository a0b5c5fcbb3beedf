// What extensions of certificates, requests and CRLs have in common. Internal to x509.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "x509/der.h"

namespace signet {

inline constexpr std::string_view kAuthorityKeyIdentifierOid = "2.5.29.35";

struct Extension {
  std::string oid;
  bool critical = false;
  ByteView value;  ///< the contents of extnValue
};

/// The next Extension (RFC 5280 section 4.1).
[[nodiscard]] Result<Extension> read_extension(der::Reader& extensions);
/// A BOOLEAN DEFAULT FALSE: absent, or TRUE (X.690 section 11.5: a default value is not encoded).
[[nodiscard]] Result<bool> default_false(der::Reader& reader, std::string_view what);
/// The keyIdentifier of an AuthorityKeyIdentifier (RFC 5280 section 4.2.1.1), where it has one. Issuer and serial
/// number beside it are checked, but not kept.
[[nodiscard]] Result<std::optional<Bytes>> read_authority_key_id(ByteView value);
/// AuthorityKeyIdentifier with a keyIdentifier alone.
[[nodiscard]] Bytes encode_authority_key_id(ByteView key_id);

enum class Criticality : std::uint8_t { kNotCritical, kCritical };
/// One Extension behind what `to` holds.
void append_extension(Bytes& to, std::string_view oid, Criticality criticality, ByteView value);

}  // namespace signet
