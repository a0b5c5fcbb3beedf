// Signs on the token, with a session of one thread.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "keyholder/open_token.h"
#include "token/token_key.h"

namespace signet {

/// One per worker thread, used by it alone. `token` outlives it.
class Signer {
 public:
  explicit Signer(const OpenToken& token) : token_(token) {}

  /// Opens the session and looks every key up, so that this is not done under the first request. Optional.
  [[nodiscard]] Result<void> open();

  /// Signs `message` with a key of the token and verifies the signature with its public key before it is given
  /// out. After any error the session is dropped. Where the token says that session or handle were not valid, so that
  /// it signed nothing, it is tried once more with a new session. Errors: those of TokenKey::sign; kUnavailable
  /// (retryable) when a key has gone; kInternal when the signature does not verify.
  [[nodiscard]] Result<SignatureValue> sign(const std::string& name, const HeldKey& key, SignatureAlgorithm algorithm,
                                            ByteView message);

  /// The login or the token has gone: only a new process gets it back.
  [[nodiscard]] bool token_is_lost() const noexcept { return token_is_lost_; }

 private:
  [[nodiscard]] Result<SignatureValue> try_to_sign(const std::string& name, const HeldKey& key,
                                                   SignatureAlgorithm algorithm, ByteView message);
  [[nodiscard]] Result<SignatureValue> sign_and_verify(const std::string& name, const HeldKey& key,
                                                       SignatureAlgorithm algorithm, ByteView message);
  [[nodiscard]] Result<TokenKey> handle_of(const std::string& name, const HeldKey& key);
  void drop_session(const Error& why) noexcept;

  const OpenToken& token_;
  std::optional<Pkcs11Session> session_;
  std::map<std::string, TokenKey> handles_;
  bool token_is_lost_ = false;
};

}  // namespace signet
