// An Ed25519 key that every process of a test has, without a token.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

#include "log/note_verifier.h"
#include "x509/openssl_handles.h"

namespace signet::test {

inline constexpr const char* kFixedOrigin = "test.example/log";

class FixedKey {
 public:
  FixedKey() : key_(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, kSeed.data(), kSeed.size())) {
    if (key_ == nullptr) throw std::runtime_error("no key");
  }

  [[nodiscard]] PublicKey public_key() const {
    std::uint8_t* der = nullptr;
    const int length = i2d_PUBKEY(key_.get(), &der);
    const Bytes spki(der, der + length);
    OPENSSL_free(der);
    return PublicKey::from_spki(spki).value();
  }
  [[nodiscard]] log::NoteVerifier verifier() const {
    return log::NoteVerifier::make(kFixedOrigin, log::NoteKeyType::kEd25519, public_key()).value();
  }
  /// SHA-256 of the SubjectPublicKeyInfo: what a journal knows it by.
  [[nodiscard]] Sha256 id() const { return sha256(public_key().spki()); }

  [[nodiscard]] Bytes sign(std::string_view text) const {
    const EvpMdCtxPtr context(EVP_MD_CTX_new());
    Bytes signature(64);
    std::size_t length = signature.size();
    if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), signature.data(), &length, bytes_of(text).data(), text.size()) != 1) {
      throw std::runtime_error("EVP_DigestSign");
    }
    return signature;
  }

 private:
  static constexpr std::array<std::uint8_t, 32> kSeed = {0x51, 0x67};
  EvpPkeyPtr key_;
};

}  // namespace signet::test
