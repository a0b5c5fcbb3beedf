// PKCS#11 URIs (RFC 7512): how configuration and ceremonies name a key on a token.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace signet {

/// What a "pkcs11:" URI says. An attribute that is absent matches everything. Immutable once parsed.
struct Pkcs11Uri {
  std::optional<std::string> token = {};         ///< the token's label, at most 32 bytes
  std::optional<std::string> manufacturer = {};  ///< of the token, at most 32 bytes
  std::optional<std::string> model = {};         ///< of the token, at most 16 bytes
  std::optional<std::string> serial = {};        ///< of the token, at most 16 bytes
  std::optional<std::string> object = {};        ///< CKA_LABEL
  std::optional<Bytes> id = {};                  ///< CKA_ID
  std::optional<std::string> type = {};          ///< "private", "public", "cert", "secret-key" or "data"

  /// Strict: no repeated or empty attribute, only characters RFC 7512 section 2.3 allows, percent-encoding decoded.
  /// Path attributes other than these seven are refused (slot numbers and library names change without notice), and so
  /// is every query: a PIN comes from the PIN file, a module from the HSM profile. Error field "uri". Messages repeat
  /// the names of attributes, but no more of a refused URI than that, the value of `type` and one character that must
  /// be encoded: it may hold a PIN.
  [[nodiscard]] static Result<Pkcs11Uri> parse(std::string_view text);

  /// The URI again, attributes in the order above, percent-encoded where needed (the id throughout).
  [[nodiscard]] std::string text() const;

  friend bool operator==(const Pkcs11Uri&, const Pkcs11Uri&) = default;
};

}  // namespace signet
