#include "log/note_verifier.h"

#include <fmt/format.h>

#include "base/utf8.h"
#include "log/cosignature.h"
#include "log/text_format.h"

namespace signet::log {
namespace {

constexpr std::size_t kEd25519KeyBytes = 32;

std::unexpected<Error> refuse_name(std::string_view name, std::string_view rule) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("the key name \"{}\" {} (C2SP signed-note)", printable(name), rule));
}

std::unexpected<Error> refuse_key_string(std::string_view key_string, std::string_view problem) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("\"{}\" is no verifier key <name>+<8 hex digits of the key id>+<base64>: {}",
                          printable(key_string), problem),
              "verifier key");
}

bool is_elliptic_curve(KeyType type) {
  return type == KeyType::kEcP256 || type == KeyType::kEcP384 || type == KeyType::kEcP521;
}

bool can_make(NoteKeyType type, const PublicKey& key) {
  return type == NoteKeyType::kEcdsa ? is_elliptic_curve(key.type()) : key.type() == KeyType::kEd25519;
}

/// The public key as it stands in verifier keys. An Ed25519 SubjectPublicKeyInfo ends in the key (RFC 8410 section 4).
ByteView encoded_key(NoteKeyType type, const PublicKey& key) {
  return type == NoteKeyType::kEcdsa ? key.spki() : key.spki().last(kEd25519KeyBytes);
}

/// The type byte and the key.
Bytes key_material(NoteKeyType type, const PublicKey& key) {
  Bytes material{static_cast<std::uint8_t>(type)};
  append(material, encoded_key(type, key));
  return material;
}

std::uint32_t key_id_of(std::string_view name, NoteKeyType type, const PublicKey& key) {
  if (type == NoteKeyType::kEcdsa) return read_u32(key.spki_sha256());
  Bytes hashed = copy_of(bytes_of(name));
  hashed.push_back('\n');
  append(hashed, key_material(type, key));
  return read_u32(sha256(hashed));
}

Result<NoteKeyType> read_type(std::uint8_t byte) {
  for (const NoteKeyType type : {NoteKeyType::kEd25519, NoteKeyType::kEcdsa, NoteKeyType::kCosignatureV1}) {
    if (byte == static_cast<std::uint8_t>(type)) return type;
  }
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("its signature type 0x{:02x} is not known; 0x01 (Ed25519), 0x02 (ECDSA) and 0x04 "
                          "(cosignature/v1) are",
                          byte));
}

Result<PublicKey> read_key(NoteKeyType type, ByteView encoded) {
  if (type == NoteKeyType::kEcdsa) return PublicKey::from_spki(encoded);
  if (encoded.size() != kEd25519KeyBytes) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("its key has {} bytes, an Ed25519 key has {}", encoded.size(), kEd25519KeyBytes));
  }
  SIGNET_TRY(const Bytes spki, ed25519_spki(encoded));
  return PublicKey::from_spki(spki);
}

/// From a name, and the type byte and the key.
Result<NoteVerifier> read_verifier(std::string_view name, ByteView material) {
  if (material.empty()) return fail(ErrorCode::kInvalidArgument, "there is no key in it");
  SIGNET_TRY(const NoteKeyType type, read_type(material.front()));
  SIGNET_TRY(const PublicKey key, read_key(type, material.subspan(1)));
  return NoteVerifier::make(std::string(name), type, key);
}

}  // namespace

std::string_view name_of(NoteKeyType type) noexcept {
  switch (type) {
    case NoteKeyType::kEd25519: return "Ed25519";
    case NoteKeyType::kEcdsa: return "ECDSA";
    case NoteKeyType::kCosignatureV1: return "cosignature/v1";
  }
  return "unknown";
}

Result<void> check_key_name(std::string_view name) {
  if (name.empty()) return refuse_name(name, "is empty");
  for (std::string_view rest = name; !rest.empty();) {
    const auto point = take_code_point(rest);
    if (!point.has_value()) return refuse_name(name, "is not UTF-8");
    if (is_unicode_space(*point)) return refuse_name(name, "contains a space");
    if (*point < 0x20 || (*point >= 0x7F && *point < 0xA0)) return refuse_name(name, "contains a control character");
    if (*point == U'+') return refuse_name(name, "contains a '+'");
  }
  return {};
}

NoteVerifier::NoteVerifier(std::string name, NoteKeyType type, PublicKey key)
    : name_(std::move(name)), type_(type), key_(std::move(key)), key_id_(key_id_of(name_, type_, key_)) {}

Result<NoteVerifier> NoteVerifier::make(std::string name, NoteKeyType type, const PublicKey& key) {
  SIGNET_CHECK(check_key_name(name));
  if (!can_make(type, key)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the key of \"{}\" is of type {}, which makes no {} signatures of notes", printable(name),
                            key.describe(), name_of(type)));
  }
  return NoteVerifier(std::move(name), type, key);
}

Result<NoteVerifier> NoteVerifier::parse(std::string_view key_string) {
  const std::size_t first = key_string.find('+');
  const std::size_t second = first == std::string_view::npos ? first : key_string.find('+', first + 1);
  if (second == std::string_view::npos) return refuse_key_string(key_string, "it has fewer than two '+'");
  const auto material = from_base64(key_string.substr(second + 1));
  if (!material.has_value()) return refuse_key_string(key_string, "its last part is " + material.error().message);
  auto verifier = read_verifier(key_string.substr(0, first), *material);
  if (!verifier.has_value()) return refuse_key_string(key_string, verifier.error().message);
  const std::string key_id = fmt::format("{:08x}", verifier->key_id());
  if (key_string.substr(first + 1, second - first - 1) != key_id) {
    return refuse_key_string(key_string, fmt::format("the key id of this name and key is {}", key_id));
  }
  return verifier;
}

std::string NoteVerifier::key_string() const { return describe() + "+" + to_base64(key_material(type_, key_)); }

std::string NoteVerifier::describe() const { return fmt::format("{}+{:08x}", name_, key_id_); }

Result<void> NoteVerifier::verify(std::string_view text, ByteView signature) const {
  if (type_ == NoteKeyType::kEcdsa) return key_.verify(SignatureAlgorithm::kEcdsaSha256, bytes_of(text), signature);
  if (type_ == NoteKeyType::kEd25519) return key_.verify(SignatureAlgorithm::kEd25519, bytes_of(text), signature);
  SIGNET_TRY(const Cosignature cosignature, parse_cosignature(signature));
  return key_.verify(SignatureAlgorithm::kEd25519, cosigned_message(cosignature.time, text), cosignature.signature);
}

}  // namespace signet::log
