// Keys, certificates and requests for tests of the client, made by OpenSSL in the test's own folder.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "support/temp_directory.h"

namespace signet::test {

/// A key and a certificate, also as files. Shared, because OpenSSL counts references anyway.
struct Identity {
  std::shared_ptr<EVP_PKEY> key;
  std::shared_ptr<X509> certificate;
  std::string certificate_file;
  std::string key_file;
};

struct CertificateWish {
  std::string name;                ///< common name, and the stem of the files
  std::string key_type = "P-256";  ///< "P-256", "P-384", "ED25519", "RSA"
  std::string alt_names = {};      ///< OpenSSL's text, such as "DNS:localhost,IP:127.0.0.1"
  std::string usage = {};          ///< extendedKeyUsage: "serverAuth", "clientAuth", "none"; empty = a CA
  int not_before_seconds = -3600;  ///< from now
  int not_after_seconds = 3600;
};

/// Makes a certificate signed by `issuer`, or by itself where that is null. Throws std::runtime_error.
[[nodiscard]] Identity make_identity(const TempDirectory& folder, const CertificateWish& wish, const Identity* issuer);

/// A PKCS#10 request (DER) of a new P-256 key for one DNS name.
enum class Asks : std::uint8_t { kForAnEndEntity, kForACa };  ///< kForACa: with critical CA:TRUE
[[nodiscard]] Bytes make_csr(const std::string& dns_name, Asks asks = Asks::kForAnEndEntity);

/// A certificate (DER) that `issuer` signs for the key of `csr_der`.
[[nodiscard]] Bytes issue_for(const Identity& issuer, ByteView csr_der);

[[nodiscard]] Bytes der_of(const X509* certificate);

}  // namespace signet::test
