#include "token/token_key.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "token/key_attributes.h"
#include "token/pkcs11_error.h"
#include "token/pkcs11_object.h"
#include "token/signing_mechanism.h"

namespace signet {
namespace {

Result<std::vector<CK_OBJECT_HANDLE>> find_private_keys(Pkcs11Session& session, const Pkcs11Uri& uri) {
  AttributeList wanted;
  wanted.add_number(CKA_CLASS, CKO_PRIVATE_KEY);
  if (uri.object) wanted.add(CKA_LABEL, bytes_of(*uri.object));
  if (uri.id) wanted.add(CKA_ID, *uri.id);
  return find_objects(session, wanted);
}

std::string describe_objects(Pkcs11Session& session, const std::vector<CK_OBJECT_HANDLE>& objects) {
  std::vector<std::string> texts;
  for (const CK_OBJECT_HANDLE object : objects) texts.push_back(describe_object(session, object));
  return texts.empty() ? "no private keys" : fmt::format("private keys {}", fmt::join(texts, ", "));
}

Result<CK_OBJECT_HANDLE> find_one_private_key(Pkcs11Session& session, const Pkcs11Uri& uri) {
  if (uri.type.value_or("private") != "private") {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} does not name a private key: its type is '{}'", uri.text(), *uri.type), "uri");
  }
  SIGNET_TRY(const std::vector<CK_OBJECT_HANDLE> found, find_private_keys(session, uri));
  if (found.size() == 1) return found.front();
  if (!found.empty()) {
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("{} private keys match {} {}: {}; name one by its object and id", found.size(), uri.text(),
                            session.where(), describe_objects(session, found)),
                "uri");
  }
  SIGNET_TRY(const std::vector<CK_OBJECT_HANDLE> all, find_private_keys(session, Pkcs11Uri{}));
  return fail(ErrorCode::kNotFound,
              fmt::format("no private key matches {} {}, which has {}", uri.text(), session.where(),
                          describe_objects(session, all)),
              "uri");
}

/// Bytes of a raw signature: r || s for ECDSA (PKCS#11 section 2.3.1), R || S for Ed25519, 0 for RSA (the modulus's).
std::size_t raw_signature_bytes(KeyType type) noexcept {
  switch (type) {
    case KeyType::kEcP256:
    case KeyType::kEd25519: return 64;
    case KeyType::kEcP384: return 96;
    case KeyType::kEcP521: return 132;
    case KeyType::kRsa: break;
  }
  return 0;
}

Result<Bytes> sign_raw(Pkcs11Session& session, CK_OBJECT_HANDLE key, const SigningMechanism& way, ByteView message) {
  CK_RSA_PKCS_PSS_PARAMS pss = pss_parameters(way.algorithm);
  CK_MECHANISM mechanism{way.type, nullptr, 0};
  if (is_pss(way.algorithm)) mechanism = {way.type, &pss, sizeof(pss)};
  Bytes input = input_for(way, message);
  CK_RV rv = session.functions().C_SignInit(session.handle(), &mechanism, key);
  if (rv != CKR_OK) return fail_pkcs11(rv, "C_SignInit", session.where());
  Bytes signature(1024);  // RSA with 8192 bits
  auto size = static_cast<CK_ULONG>(signature.size());
  rv = session.functions().C_Sign(session.handle(), input.data(), static_cast<CK_ULONG>(input.size()), signature.data(),
                                  &size);
  if (rv != CKR_OK) return fail_pkcs11(rv, "C_Sign", session.where());
  if (size == 0 || size > signature.size()) {
    return fail(ErrorCode::kInternal, fmt::format("C_Sign {} gave a signature of {} bytes", session.where(), size));
  }
  signature.resize(size);
  return signature;
}

/// All public keys that the objects with this CKA_ID show.
Result<std::vector<PublicKey>> public_keys_with_id(Pkcs11Session& session, const Bytes& id, KeyType type) {
  AttributeList wanted;
  wanted.add_number(CKA_CLASS, CKO_PUBLIC_KEY).add(CKA_ID, id);
  SIGNET_TRY(const std::vector<CK_OBJECT_HANDLE> objects, find_objects(session, wanted));
  std::vector<PublicKey> keys;
  for (const CK_OBJECT_HANDLE object : objects) {
    SIGNET_TRY(const KeyType its_type, read_key_type(session, object));
    if (its_type != type) continue;
    SIGNET_TRY(std::optional<PublicKey> key, read_public_key(session, object, type));
    if (key) keys.push_back(*std::move(key));
  }
  return keys;
}

Result<bool> any_object(Pkcs11Session& session, CK_OBJECT_CLASS object_class, std::string_view label) {
  AttributeList wanted;
  wanted.add_number(CKA_CLASS, object_class).add(CKA_LABEL, bytes_of(label));
  SIGNET_TRY(const std::vector<CK_OBJECT_HANDLE> found, find_objects(session, wanted));
  return !found.empty();
}

}  // namespace

Result<TokenKey> TokenKey::find(Pkcs11Session& session, const Pkcs11Uri& uri) {
  SIGNET_TRY(const CK_OBJECT_HANDLE handle, find_one_private_key(session, uri));
  SIGNET_TRY(const KeyType type, read_key_type(session, handle));
  SIGNET_TRY(const std::optional<bool> always_authenticate, read_flag(session, handle, CKA_ALWAYS_AUTHENTICATE));
  if (always_authenticate.value_or(false)) {
    return fail(
        ErrorCode::kFailedPrecondition,
        fmt::format("key {} {} wants the PIN before every signature (CKA_ALWAYS_AUTHENTICATE); a service cannot "
                    "use it",
                    describe_object(session, handle), session.where()),
        "uri");
  }
  return TokenKey(handle, type);
}

Result<PublicKey> TokenKey::public_key(Pkcs11Session& session) const {
  SIGNET_TRY(const std::optional<Bytes> id, read_attribute(session, handle_, CKA_ID));
  if (id && !id->empty()) {
    SIGNET_TRY(const std::vector<PublicKey> keys, public_keys_with_id(session, *id, type_));
    for (const PublicKey& key : keys) {
      if (!equal(key.spki(), keys.front().spki())) {
        return fail(ErrorCode::kFailedPrecondition, fmt::format("public key objects with the id of key {} {} disagree",
                                                                describe_object(session, handle_), session.where()));
      }
    }
    if (!keys.empty()) return keys.front();
  }
  SIGNET_TRY(std::optional<PublicKey> own, read_public_key(session, handle_, type_));
  if (own) return *std::move(own);
  return fail(ErrorCode::kNotFound, fmt::format("no public key object belongs to key {} {}",
                                                describe_object(session, handle_), session.where()));
}

Result<KeyProtection> TokenKey::protection(Pkcs11Session& session) const {
  KeyProtection protection;
  SIGNET_TRY(protection.sensitive, read_flag(session, handle_, CKA_SENSITIVE));
  SIGNET_TRY(protection.extractable, read_flag(session, handle_, CKA_EXTRACTABLE));
  SIGNET_TRY(protection.local, read_flag(session, handle_, CKA_LOCAL));
  SIGNET_TRY(protection.never_extractable, read_flag(session, handle_, CKA_NEVER_EXTRACTABLE));
  SIGNET_TRY(protection.always_sensitive, read_flag(session, handle_, CKA_ALWAYS_SENSITIVE));
  return protection;
}

Result<SignatureValue> TokenKey::sign(Pkcs11Session& session, SignatureAlgorithm algorithm, ByteView message) const {
  if (!fits(algorithm, type_)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} does not go with an {} key", name_of(algorithm), name_of(type_)), "algorithm");
  }
  SIGNET_TRY(const SigningMechanism way, choose_mechanism(algorithm, session.token().signs_with));
  SIGNET_TRY(Bytes raw, sign_raw(session, handle_, way, message));
  const std::size_t expected = raw_signature_bytes(type_);
  if (expected != 0 && raw.size() != expected) {
    return fail(ErrorCode::kInternal, fmt::format("C_Sign {} gave {} bytes, but a raw {} signature has {}",
                                                  session.where(), raw.size(), name_of(algorithm), expected));
  }
  if (type_ == KeyType::kRsa || type_ == KeyType::kEd25519) return SignatureValue(std::move(raw));
  SIGNET_TRY(Bytes der, ecdsa_signature_from_raw(raw));
  return SignatureValue(std::move(der));
}

Result<std::vector<std::string>> key_labels(Pkcs11Session& session) {
  SIGNET_TRY(const std::vector<CK_OBJECT_HANDLE> keys, find_private_keys(session, Pkcs11Uri{}));
  std::vector<std::string> labels;
  for (const CK_OBJECT_HANDLE key : keys) {
    SIGNET_TRY(const std::optional<Bytes> label, read_attribute(session, key, CKA_LABEL));
    labels.emplace_back(text_of(label.value_or(Bytes())));
  }
  return labels;
}

Result<bool> has_key_label(Pkcs11Session& session, std::string_view label) {
  SIGNET_TRY(const bool private_key, any_object(session, CKO_PRIVATE_KEY, label));
  SIGNET_TRY(const bool public_key, any_object(session, CKO_PUBLIC_KEY, label));
  return private_key || public_key;
}

}  // namespace signet
