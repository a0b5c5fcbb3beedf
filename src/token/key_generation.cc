#include "token/key_generation.h"

#include <fmt/format.h>

#include "token/key_attributes.h"
#include "token/pkcs11_error.h"
#include "token/pkcs11_object.h"
#include "token/token_key.h"

namespace signet {
namespace {

// What a new key signs once to show that it works. Not DER of anything: its second byte is not the length of the rest.
constexpr std::string_view kSelfTest = "Signet key generation self-test";

Result<void> check_wanted(const NewKey& wanted) {
  if (wanted.label.empty() || wanted.label.size() > 255) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("a key's label has 1 to 255 bytes, not {}", wanted.label.size()), "label");
  }
  const bool good_bits = wanted.type == KeyType::kRsa
                             ? wanted.rsa_bits >= 2048 && wanted.rsa_bits <= 8192 && wanted.rsa_bits % 256 == 0
                             : wanted.rsa_bits == 0;
  if (!good_bits) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("rsa_bits is {} for a key of type {}; RSA keys have 2048 to 8192 bits in steps of 256, others 0",
                    wanted.rsa_bits, name_of(wanted.type)),
        "rsa_bits");
  }
  return {};
}

CK_MECHANISM_TYPE generation_mechanism(KeyType type) noexcept {
  if (type == KeyType::kRsa) return CKM_RSA_PKCS_KEY_PAIR_GEN;
  return type == KeyType::kEd25519 ? CKM_EC_EDWARDS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN;
}

AttributeList public_template(const NewKey& wanted) {
  AttributeList list;
  list.add_flag(CKA_TOKEN, true).add_flag(CKA_PRIVATE, false).add_flag(CKA_VERIFY, true);
  list.add_flag(CKA_ENCRYPT, false).add_flag(CKA_WRAP, false).add(CKA_LABEL, bytes_of(wanted.label));
  if (wanted.type == KeyType::kRsa) {
    constexpr std::uint8_t kF4[] = {0x01, 0x00, 0x01};
    list.add_number(CKA_MODULUS_BITS, wanted.rsa_bits).add(CKA_PUBLIC_EXPONENT, kF4);
  } else {
    list.add(CKA_EC_PARAMS, ec_params_of(wanted.type));
  }
  return list;
}

AttributeList private_template(const NewKey& wanted) {
  AttributeList list;
  list.add_flag(CKA_TOKEN, true)
      .add_flag(CKA_PRIVATE, true)
      .add_flag(CKA_SENSITIVE, true)
      .add_flag(CKA_EXTRACTABLE, false);
  list.add_flag(CKA_SIGN, true).add_flag(CKA_DECRYPT, false).add_flag(CKA_UNWRAP, false);
  list.add(CKA_LABEL, bytes_of(wanted.label));
  return list;
}

/// The two objects of a new key. Destroys them unless they are kept, so that a failure leaves nothing on the token.
class NewPair {
 public:
  explicit NewPair(Pkcs11Session& session) : session_(session) {}
  NewPair(const NewPair&) = delete;
  NewPair& operator=(const NewPair&) = delete;
  ~NewPair() {
    for (const CK_OBJECT_HANDLE object : {public_key, private_key}) {
      if (object != 0) session_.functions().C_DestroyObject(session_.handle(), object);
    }
  }
  void keep() noexcept { public_key = private_key = 0; }

  CK_OBJECT_HANDLE public_key = 0;
  CK_OBJECT_HANDLE private_key = 0;

 private:
  Pkcs11Session& session_;
};

Result<void> generate_pair(Pkcs11Session& session, const NewKey& wanted, NewPair& pair) {
  CK_MECHANISM mechanism{generation_mechanism(wanted.type), nullptr, 0};
  AttributeList for_public = public_template(wanted);
  AttributeList for_private = private_template(wanted);
  const CK_RV rv = session.functions().C_GenerateKeyPair(session.handle(), &mechanism, for_public.data(),
                                                         for_public.size(), for_private.data(), for_private.size(),
                                                         &pair.public_key, &pair.private_key);
  if (rv == CKR_OK) return {};
  return fail_pkcs11(rv, "C_GenerateKeyPair", fmt::format("of an {} key {}", name_of(wanted.type), session.where()));
}

Result<void> set_id(Pkcs11Session& session, CK_OBJECT_HANDLE object, ByteView id) {
  AttributeList list;
  list.add(CKA_ID, id);
  const CK_RV rv = session.functions().C_SetAttributeValue(session.handle(), object, list.data(), list.size());
  if (rv != CKR_OK) return fail_pkcs11(rv, "C_SetAttributeValue (CKA_ID)", session.where());
  return {};
}

Result<void> check_protection(Pkcs11Session& session, const TokenKey& key) {
  SIGNET_TRY(const KeyProtection is, key.protection(session));
  if (is.sensitive == true && is.extractable == false && is.local != false && is.never_extractable != false) return {};
  return fail(
      ErrorCode::kFailedPrecondition,
      fmt::format("the new key {} did not come out as asked for (sensitive, not extractable, made on the token); it "
                  "was removed again",
                  session.where()));
}

Result<void> check_it_signs(Pkcs11Session& session, const TokenKey& key, const PublicKey& public_key) {
  const SignatureAlgorithm algorithm = default_algorithm(key.type());
  SIGNET_TRY(const SignatureValue signature, key.sign(session, algorithm, bytes_of(kSelfTest)));
  return public_key.verify(algorithm, bytes_of(kSelfTest), signature.view());
}

}  // namespace

Result<PublicKey> generate_key(Pkcs11Session& session, const NewKey& wanted) {
  SIGNET_CHECK(check_wanted(wanted));
  SIGNET_TRY(const bool taken, has_key_label(session, wanted.label));
  if (taken) {
    return fail(ErrorCode::kAlreadyExists,
                fmt::format("a key '{}' exists already {}", printable(wanted.label), session.where()), "label");
  }
  NewPair pair(session);
  SIGNET_CHECK(generate_pair(session, wanted, pair));
  SIGNET_TRY(const std::optional<PublicKey> public_key, read_public_key(session, pair.public_key, wanted.type));
  if (!public_key) {
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("the token does not show the new public key {}", session.where()));
  }
  SIGNET_CHECK(set_id(session, pair.public_key, public_key->key_id()));
  SIGNET_CHECK(set_id(session, pair.private_key, public_key->key_id()));
  const TokenKey key(pair.private_key, wanted.type);
  SIGNET_CHECK(check_protection(session, key));
  SIGNET_CHECK(check_it_signs(session, key, *public_key));
  pair.keep();
  return *public_key;
}

}  // namespace signet
