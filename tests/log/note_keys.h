// Keys of OpenSSL that sign notes in tests.
#pragma once

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/x509.h>

#include <stdexcept>
#include <string>

#include "log/cosignature.h"
#include "log/note.h"
#include "x509/openssl_handles.h"

namespace signet::log {

/// A private key with the names a note knows it by.
class TestKey {
 public:
  explicit TestKey(KeyType type) : type_(type), key_(make(type)) {}

  [[nodiscard]] PublicKey public_key() const {
    std::uint8_t* der = nullptr;
    const int length = i2d_PUBKEY(key_.get(), &der);
    if (length <= 0) throw std::runtime_error("i2d_PUBKEY");
    const Bytes spki(der, der + length);
    OPENSSL_free(der);
    return PublicKey::from_spki(spki).value();
  }

  [[nodiscard]] NoteVerifier verifier(const std::string& name, NoteKeyType type) const {
    return NoteVerifier::make(name, type, public_key()).value();
  }
  /// Of the type a log signs with.
  [[nodiscard]] NoteVerifier verifier(const std::string& name) const {
    return verifier(name, type_ == KeyType::kEd25519 ? NoteKeyType::kEd25519 : NoteKeyType::kEcdsa);
  }

  /// ECDSA hashes with SHA-256 whatever the curve.
  [[nodiscard]] Bytes sign(ByteView message) const {
    const EvpMdCtxPtr context(EVP_MD_CTX_new());
    const EVP_MD* const digest = type_ == KeyType::kEd25519 ? nullptr : EVP_sha256();
    Bytes signature(512);
    std::size_t length = signature.size();
    if (EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), signature.data(), &length, message.data(), message.size()) != 1) {
      throw std::runtime_error("EVP_DigestSign");
    }
    signature.resize(length);
    return signature;
  }
  [[nodiscard]] NoteSigner signer() const {
    return [this](ByteView message) -> Result<Bytes> { return sign(message); };
  }

  /// A witness's signature line for `text`.
  [[nodiscard]] NoteSignature cosign(std::string_view text, const std::string& name, std::int64_t time) const {
    const NoteVerifier self = verifier(name, NoteKeyType::kCosignatureV1);
    Bytes blob;
    append_u64(blob, static_cast<std::uint64_t>(time));
    append(blob, sign(cosigned_message(std::chrono::sys_seconds(std::chrono::seconds(time)), text)));
    return NoteSignature{name, self.key_id(), std::move(blob)};
  }

 private:
  static EvpPkeyPtr make(KeyType type) {
    EVP_PKEY* key = nullptr;
    switch (type) {
      case KeyType::kEd25519: key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"); break;
      case KeyType::kEcP256: key = EVP_EC_gen("P-256"); break;
      case KeyType::kEcP384: key = EVP_EC_gen("P-384"); break;
      case KeyType::kEcP521: key = EVP_EC_gen("P-521"); break;
      case KeyType::kRsa: key = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}); break;
    }
    if (key == nullptr) throw std::runtime_error("no key");
    return EvpPkeyPtr(key);
  }

  KeyType type_;
  EvpPkeyPtr key_;
};

/// A note of `text` signed by `key` as `name`.
inline Note signed_note(const std::string& text, const TestKey& key, const std::string& name) {
  return Note{text, {sign_note(text, key.verifier(name), key.signer()).value()}};
}

inline std::string text_of_note(const Note& note) { return std::string(text_of(format_note(note).value())); }

}  // namespace signet::log
