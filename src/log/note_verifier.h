// Keys that sign notes, as verifiers know them (C2SP signed-note, sections "Signatures" and "Signature types").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "x509/public_key.h"

namespace signet::log {

/// The signature type identifier bytes this log knows.
enum class NoteKeyType : std::uint8_t {
  kEd25519 = 0x01,        ///< Ed25519 (RFC 8032) over the text
  kEcdsa = 0x02,          ///< P-256, P-384 or P-521: DER ECDSA-Sig-Value over SHA-256 of the text
  kCosignatureV1 = 0x04,  ///< Ed25519 with a time, of a witness (C2SP tlog-cosignature)
};

/// "Ed25519", "ECDSA", "cosignature/v1".
[[nodiscard]] std::string_view name_of(NoteKeyType type) noexcept;

/// A key name is not empty, is UTF-8, and has no Unicode spaces, no control characters (U+007F to U+009F are some,
/// too) and no '+'. So it is safe to print. Errors: kInvalidArgument.
[[nodiscard]] Result<void> check_key_name(std::string_view name);

/// A named public key. Name and key id together say which key and which algorithm made a signature. Immutable, cheap to
/// copy, thread-safe.
class NoteVerifier {
 public:
  /// Errors: kInvalidArgument when the name breaks its rules (check_key_name) or the key cannot make that type of
  /// signature.
  [[nodiscard]] static Result<NoteVerifier> make(std::string name, NoteKeyType type, const PublicKey& key);

  /// From a verifier key string, `<name>+<key id>+<base64>`: the key id has 8 lower-case hex digits, the base64 holds
  /// the type byte and the public key, 32 bytes of Ed25519 or a DER SubjectPublicKeyInfo. Takes exactly what
  /// key_string() writes. Errors: kInvalidArgument with field "verifier key", also when the key id is not that of name
  /// and key.
  [[nodiscard]] static Result<NoteVerifier> parse(std::string_view key_string);
  [[nodiscard]] std::string key_string() const;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] NoteKeyType type() const noexcept { return type_; }
  [[nodiscard]] const PublicKey& key() const noexcept { return key_; }
  /// The first 4 bytes, big-endian, of SHA-256(name || 0x0A || type || 32-byte key) for the Ed25519 types, of
  /// SHA-256(DER SubjectPublicKeyInfo) for ECDSA.
  [[nodiscard]] std::uint32_t key_id() const noexcept { return key_id_; }
  /// `<name>+<key id>`, for messages.
  [[nodiscard]] std::string describe() const;

  /// `signature` is what follows the key id in a signature line. Errors: kInvalidArgument.
  [[nodiscard]] Result<void> verify(std::string_view text, ByteView signature) const;

  friend bool operator==(const NoteVerifier& a, const NoteVerifier& b) {
    return a.name_ == b.name_ && a.type_ == b.type_ && equal(a.key_.spki(), b.key_.spki());
  }

 private:
  NoteVerifier(std::string name, NoteKeyType type, PublicKey key);
  std::string name_;
  NoteKeyType type_;
  PublicKey key_;
  std::uint32_t key_id_;
};

}  // namespace signet::log
