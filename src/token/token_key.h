// A private key on a token: found by its URI, used to sign.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/pkcs11_uri.h"
#include "token/pkcs11_session.h"
#include "x509/public_key.h"

namespace signet {

struct NewKey;

/// What the token promises about a private key; nothing where it does not say.
struct KeyProtection {
  std::optional<bool> sensitive;          ///< CKA_SENSITIVE: never shown in the clear
  std::optional<bool> extractable;        ///< CKA_EXTRACTABLE: can leave the token wrapped
  std::optional<bool> local;              ///< CKA_LOCAL: was made on the token
  std::optional<bool> never_extractable;  ///< CKA_NEVER_EXTRACTABLE
  std::optional<bool> always_sensitive;   ///< CKA_ALWAYS_SENSITIVE
};

/// A handle of a private key. A small value without ownership; it is good for every session of this process with that
/// token, until one of them says otherwise (session_was_lost in pkcs11_error.h).
class TokenKey {
 public:
  /// The one private key that the URI's object and id match; the session must be logged in, and its token is taken as
  /// the one the URI means. kNotFound (none) and kFailedPrecondition (more than one) list the private keys that are
  /// there. Refused too: a URI whose type is not "private", kinds of key that cannot sign certificates here, and keys
  /// that want the PIN before every signature (CKA_ALWAYS_AUTHENTICATE).
  [[nodiscard]] static Result<TokenKey> find(Pkcs11Session& session, const Pkcs11Uri& uri);

  [[nodiscard]] KeyType type() const noexcept { return type_; }
  [[nodiscard]] CK_OBJECT_HANDLE handle() const noexcept { return handle_; }

  /// The public half: from the public key object with the same CKA_ID, or from what the private key itself shows.
  /// kNotFound where the token has neither, kFailedPrecondition where public key objects with the same CKA_ID disagree.
  [[nodiscard]] Result<PublicKey> public_key(Pkcs11Session& session) const;

  [[nodiscard]] Result<KeyProtection> protection(Pkcs11Session& session) const;

  /// Signs `message`, hashed here unless the token has only mechanisms that hash (choose_mechanism). ECDSA comes back
  /// as DER ECDSA-Sig-Value (RFC 3279 section 2.2.3), RSA as RSASSA-PKCS1-v1_5 or RSASSA-PSS, Ed25519 as RFC 8032 has
  /// it. Whoever gives the signature away verifies it first. Errors: kInvalidArgument (the algorithm is not the key's),
  /// kFailedPrecondition (the token has no mechanism for it), otherwise those of fail_pkcs11; after any error the
  /// session is not used again.
  [[nodiscard]] Result<SignatureValue> sign(Pkcs11Session& session, SignatureAlgorithm algorithm,
                                            ByteView message) const;

 private:
  TokenKey(CK_OBJECT_HANDLE handle, KeyType type) : handle_(handle), type_(type) {}
  friend Result<PublicKey> generate_key(Pkcs11Session&, const NewKey&);
  CK_OBJECT_HANDLE handle_;
  KeyType type_;
};

/// CKA_LABEL of every private key on the token, in its order. The session must be logged in.
[[nodiscard]] Result<std::vector<std::string>> key_labels(Pkcs11Session& session);
/// Whether a private or public key has this CKA_LABEL.
[[nodiscard]] Result<bool> has_key_label(Pkcs11Session& session, std::string_view label);

}  // namespace signet
