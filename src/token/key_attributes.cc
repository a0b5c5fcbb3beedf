#include "token/key_attributes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace signet {
namespace {

// OBJECT IDENTIFIERs of SEC 2 (RFC 5480 section 2.1.1.1) and PrintableString "edwards25519", as DER.
constexpr std::array<std::uint8_t, 10> kP256 = {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};
constexpr std::array<std::uint8_t, 7> kP384 = {0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22};
constexpr std::array<std::uint8_t, 7> kP521 = {0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x23};
constexpr std::array<std::uint8_t, 14> kEdwards25519 = {0x13, 0x0C, 'e', 'd', 'w', 'a', 'r',
                                                        'd',  's',  '2', '5', '5', '1', '9'};
constexpr std::array<std::uint8_t, 5> kEd25519Rfc8410 = {0x06, 0x03, 0x2B, 0x65, 0x70};
constexpr std::array<std::uint8_t, 11> kEd25519Gnu = {0x06, 0x09, 0x2B, 0x06, 0x01, 0x04, 0x01, 0xDA, 0x47, 0x0F, 0x01};

struct CurveName {
  ByteView ec_params;
  KeyType type;
};

const std::array<CurveName, 6>& curve_names() noexcept {
  static const std::array<CurveName, 6> kNames = {{{kP256, KeyType::kEcP256},
                                                   {kP384, KeyType::kEcP384},
                                                   {kP521, KeyType::kEcP521},
                                                   {kEdwards25519, KeyType::kEd25519},
                                                   {kEd25519Rfc8410, KeyType::kEd25519},
                                                   {kEd25519Gnu, KeyType::kEd25519}}};
  return kNames;
}

std::size_t point_bytes(KeyType type) noexcept {
  switch (type) {
    case KeyType::kEcP256: return 65;
    case KeyType::kEcP384: return 97;
    case KeyType::kEcP521: return 133;
    case KeyType::kEd25519: return 32;
    case KeyType::kRsa: break;
  }
  return 0;
}

/// Tag, length and (for a BIT STRING) the unused-bits byte before `size` bytes of contents.
Bytes header_before(std::size_t size, std::uint8_t tag) {
  const std::size_t contents = size + (tag == 0x03 ? 1 : 0);
  Bytes header = {tag};
  if (contents > 127) header.push_back(0x81);
  header.push_back(static_cast<std::uint8_t>(contents));
  if (tag == 0x03) header.push_back(0);
  return header;
}

std::unexpected<Error> not_supported(Pkcs11Session& session, CK_OBJECT_HANDLE key, const std::string& what) {
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("key {} {} is {}; supported are EC P-256, P-384 and P-521, Ed25519 and RSA",
                          describe_object(session, key), session.where(), what));
}

Result<std::optional<PublicKey>> key_from_spki(Result<Bytes> spki) {
  if (!spki.has_value()) return std::unexpected(std::move(spki).error());
  SIGNET_TRY(PublicKey key, PublicKey::from_spki(*spki));
  return std::optional(std::move(key));
}

Result<std::optional<PublicKey>> read_rsa(Pkcs11Session& session, CK_OBJECT_HANDLE key) {
  SIGNET_TRY(const std::optional<Bytes> modulus, read_attribute(session, key, CKA_MODULUS));
  SIGNET_TRY(const std::optional<Bytes> exponent, read_attribute(session, key, CKA_PUBLIC_EXPONENT));
  if (!modulus || modulus->empty() || !exponent || exponent->empty()) return std::optional<PublicKey>();
  return key_from_spki(rsa_spki(*modulus, *exponent));
}

Result<std::optional<PublicKey>> read_point(Pkcs11Session& session, CK_OBJECT_HANDLE key, KeyType type) {
  SIGNET_TRY(const std::optional<Bytes> written, read_attribute(session, key, CKA_EC_POINT));
  if (!written || written->empty()) return std::optional<PublicKey>();
  SIGNET_TRY(const Bytes point, bare_ec_point(type, *written));
  return key_from_spki(type == KeyType::kEd25519 ? ed25519_spki(point) : ec_spki(type, point));
}

}  // namespace

ByteView ec_params_of(KeyType type) noexcept {
  const auto& names = curve_names();
  const auto found = std::ranges::find(names, type, &CurveName::type);
  return found == names.end() ? ByteView() : found->ec_params;
}

std::optional<KeyType> key_type_from_ec_params(ByteView ec_params) noexcept {
  for (const CurveName& name : curve_names()) {
    if (equal(name.ec_params, ec_params)) return name.type;
  }
  return std::nullopt;
}

Result<Bytes> bare_ec_point(KeyType type, ByteView ec_point) {
  const std::size_t size = point_bytes(type);
  if (ec_point.size() == size) return copy_of(ec_point);
  for (const std::uint8_t tag : {std::uint8_t{0x04}, std::uint8_t{0x03}}) {
    const Bytes header = header_before(size, tag);
    if (ec_point.size() == header.size() + size && equal(ec_point.first(header.size()), header)) {
      return copy_of(ec_point.subspan(header.size()));
    }
  }
  return fail(ErrorCode::kDataLoss,
              fmt::format("CKA_EC_POINT of an {} key has {} bytes and is neither the point of {} bytes nor "
                          "an OCTET STRING around it",
                          name_of(type), ec_point.size(), size));
}

Result<KeyType> read_key_type(Pkcs11Session& session, CK_OBJECT_HANDLE key) {
  SIGNET_TRY(const std::optional<CK_ULONG> kind, read_number(session, key, CKA_KEY_TYPE));
  if (!kind) return not_supported(session, key, "of no known CKA_KEY_TYPE");
  if (*kind == CKK_RSA) return KeyType::kRsa;
  if (*kind != CKK_EC && *kind != CKK_EC_EDWARDS)
    return not_supported(session, key, fmt::format("of CKA_KEY_TYPE 0x{:x}", *kind));
  SIGNET_TRY(const std::optional<Bytes> ec_params, read_attribute(session, key, CKA_EC_PARAMS));
  const auto type = key_type_from_ec_params(ec_params.value_or(Bytes()));
  if (!type)
    return not_supported(session, key,
                         fmt::format("on a curve with CKA_EC_PARAMS {}", to_hex(ec_params.value_or(Bytes()))));
  return *type;
}

Result<std::optional<PublicKey>> read_public_key(Pkcs11Session& session, CK_OBJECT_HANDLE key, KeyType type) {
  SIGNET_TRY(std::optional<PublicKey> found,
             type == KeyType::kRsa ? read_rsa(session, key) : read_point(session, key, type));
  if (found) return found;
  SIGNET_TRY(const std::optional<Bytes> spki, read_attribute(session, key, CKA_PUBLIC_KEY_INFO));
  if (!spki || spki->empty()) return std::optional<PublicKey>();
  return key_from_spki(*spki);
}

}  // namespace signet
