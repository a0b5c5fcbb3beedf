// Keys, signatures and requests made by OpenSSL, for tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "x509/algorithm.h"
#include "x509/certificate.h"
#include "x509/openssl_handles.h"
#include "x509/public_key.h"

namespace signet::test {

/// A new key; RSA of 2048 bits.
[[nodiscard]] EvpPkeyPtr make_key(KeyType type);
[[nodiscard]] Bytes spki_of(EVP_PKEY* key);
[[nodiscard]] PublicKey public_key_of(EVP_PKEY* key);
[[nodiscard]] SignatureValue sign(EVP_PKEY* key, SignatureAlgorithm algorithm, ByteView message);

/// A request written by OpenSSL: the subject "CN=<common_name>" and an extensionRequest with these extensions, named
/// and written as in openssl.cnf.
[[nodiscard]] Bytes make_csr(EVP_PKEY* key, const std::string& common_name,
                             const std::vector<std::pair<std::string, std::string>>& extensions);

/// The contents of a CertificationRequestInfo's attributes are given whole; signed with the key's default algorithm.
[[nodiscard]] Bytes make_csr_with_attributes(EVP_PKEY* key, KeyType type, ByteView attributes);
/// An Attribute extensionRequest with these Extension elements.
[[nodiscard]] Bytes extension_request(ByteView extensions);
/// One Extension element.
[[nodiscard]] Bytes extension(std::string_view oid, bool critical, ByteView value);

[[nodiscard]] Name name(std::string_view rfc4514);
[[nodiscard]] Time at(std::string_view rfc3339);

}  // namespace signet::test
