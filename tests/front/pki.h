// Certificates for the front's tests, made with libcrypto.
#pragma once

#include <string>
#include <vector>

#include "front/tls_context.h"

namespace signet::test {

struct Identity {
  PkeyPtr key;
  X509Ptr certificate;
  [[nodiscard]] std::string certificate_pem() const;
  [[nodiscard]] std::string key_pem() const;
};

/// What a test may want to be wrong with a leaf.
struct LeafOptions {
  std::string extended_key_usage = "clientAuth";  ///< empty = the extension is left out
  int starts_in_seconds = -3600;
  int ends_in_seconds = 3600;
  unsigned rsa_bits = 0;  ///< 0 = P-256
  bool has_authority_key_identifier = true;
};

/// P-256 keys. Failures of libcrypto throw std::runtime_error.
[[nodiscard]] Identity make_root(const std::string& common_name);
[[nodiscard]] Identity make_intermediate(const Identity& issuer, const std::string& common_name);
[[nodiscard]] Identity make_leaf(const Identity& issuer, const std::string& common_name,
                                 const LeafOptions& options = {});

}  // namespace signet::test
