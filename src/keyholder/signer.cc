#include "keyholder/signer.h"

#include <fmt/format.h>

#include "token/pkcs11_error.h"

namespace signet {

Result<void> Signer::open() {
  for (const auto& [name, key] : token_.keys) SIGNET_CHECK(handle_of(name, key));
  return {};
}

Result<SignatureValue> Signer::sign(const std::string& name, const HeldKey& key, SignatureAlgorithm algorithm,
                                    ByteView message) {
  auto signature = try_to_sign(name, key, algorithm, message);
  if (signature.has_value() || !session_was_lost(signature.error())) return signature;
  return try_to_sign(name, key, algorithm, message);
}

Result<SignatureValue> Signer::try_to_sign(const std::string& name, const HeldKey& key, SignatureAlgorithm algorithm,
                                           ByteView message) {
  auto signature = sign_and_verify(name, key, algorithm, message);
  if (!signature.has_value()) drop_session(signature.error());
  return signature;
}

Result<SignatureValue> Signer::sign_and_verify(const std::string& name, const HeldKey& key,
                                               SignatureAlgorithm algorithm, ByteView message) {
  SIGNET_TRY(const TokenKey handle, handle_of(name, key));
  SIGNET_TRY(SignatureValue signature, handle.sign(*session_, algorithm, message));
  if (key.public_key.verify(algorithm, message, signature.view()).has_value()) return signature;
  return fail(ErrorCode::kInternal,
              fmt::format("the token's signature with key '{}' does not verify with its public key and was "
                          "thrown away; the token may be faulty",
                          name));
}

Result<TokenKey> Signer::handle_of(const std::string& name, const HeldKey& key) {
  if (!session_) {
    SIGNET_TRY(session_, Pkcs11Session::open(token_.module, token_.info, SessionAccess::kRead));
  }
  if (const auto known = handles_.find(name); known != handles_.end()) return known->second;
  const auto found = TokenKey::find(*session_, key.uri);
  if (found.has_value()) return handles_.emplace(name, *found).first->second;
  if (found.error().code == ErrorCode::kUnavailable) return found;
  // It was there at the start: whatever the reason is, this process cannot help it.
  token_is_lost_ = true;
  return fail_retryable(
      ErrorCode::kUnavailable,
      fmt::format("key '{}' was on the token at the start and is not any more: {}", name, found.error().message),
      std::chrono::seconds(1));
}

void Signer::drop_session(const Error& why) noexcept {
  if (login_was_lost(why)) token_is_lost_ = true;
  handles_.clear();
  session_.reset();
}

}  // namespace signet
