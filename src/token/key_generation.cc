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
  if (!fits(signature_of(wanted), wanted.type)) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("a key of type {} does not sign with {}", name_of(wanted.type), name_of(signature_of(wanted))),
        "signature");
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
  // What is not said here is the token's to choose (PKCS#11 section 4.9), and some choose everything.
  list.add_flag(CKA_SIGN, true).add_flag(CKA_SIGN_RECOVER, false).add_flag(CKA_DECRYPT, false);
  list.add_flag(CKA_UNWRAP, false).add_flag(CKA_DERIVE, false);
  list.add(CKA_LABEL, bytes_of(wanted.label));
  return list;
}

/// The two objects of a new key; 0 (CK_INVALID_HANDLE) where there is none.
struct NewPair {
  CK_OBJECT_HANDLE public_key = 0;
  CK_OBJECT_HANDLE private_key = 0;
};

/// Of answers that some modules give to the template alone.
bool may_be_about_the_template(CK_RV rv) noexcept {
  return rv == CKR_GENERAL_ERROR || rv == CKR_FUNCTION_FAILED || rv == CKR_TEMPLATE_INCONSISTENT ||
         rv == CKR_TEMPLATE_INCOMPLETE || rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_VALUE_INVALID;
}

std::unexpected<Error> generation_error(Pkcs11Session& session, const NewKey& wanted, CK_RV rv) {
  std::unexpected<Error> failed =
      fail_pkcs11(rv, "C_GenerateKeyPair", fmt::format("of an {} key {}", name_of(wanted.type), session.where()));
  if (may_be_about_the_template(rv)) {
    failed.error().message +=
        "; it was asked for a key that can sign and do nothing else, and that never leaves the token. A module that "
        "makes no such keys (tpm2-pkcs11 makes every key for decryption, too) cannot be used: take another token; "
        "otherwise the module's own log says what is wrong";
  }
  return failed;
}

/// On failure there are no handles: what a module left in the variables then may name anything.
Result<NewPair> generate_pair(Pkcs11Session& session, const NewKey& wanted) {
  CK_MECHANISM mechanism{generation_mechanism(wanted.type), nullptr, 0};
  AttributeList for_public = public_template(wanted);
  AttributeList for_private = private_template(wanted);
  NewPair pair;
  const CK_RV rv = session.functions().C_GenerateKeyPair(session.handle(), &mechanism, for_public.data(),
                                                         for_public.size(), for_private.data(), for_private.size(),
                                                         &pair.public_key, &pair.private_key);
  if (rv == CKR_OK) return pair;
  return generation_error(session, wanted, rv);
}

/// Destroys both objects; tries the second even where the first stays.
Result<void> remove_pair(Pkcs11Session& session, const NewPair& pair) {
  CK_RV failure = CKR_OK;
  for (const CK_OBJECT_HANDLE object : {pair.private_key, pair.public_key}) {
    if (object == 0) continue;
    const CK_RV rv = session.functions().C_DestroyObject(session.handle(), object);
    if (rv != CKR_OK) failure = rv;
  }
  if (failure == CKR_OK) return {};
  return fail_pkcs11(failure, "C_DestroyObject", "of the new key");
}

Result<void> set_id(Pkcs11Session& session, CK_OBJECT_HANDLE object, ByteView id) {
  AttributeList list;
  list.add(CKA_ID, id);
  const CK_RV rv = session.functions().C_SetAttributeValue(session.handle(), object, list.data(), list.size());
  if (rv != CKR_OK) return fail_pkcs11(rv, "C_SetAttributeValue (CKA_ID)", session.where());
  return {};
}

struct WantedFlag {
  CK_ATTRIBUTE_TYPE type;
  std::string_view name;
  bool value;
  bool must_be_told;  ///< otherwise a token that does not answer is believed
};
constexpr WantedFlag kWantedFlags[] = {
    {CKA_SENSITIVE, "CKA_SENSITIVE", true, true},
    {CKA_EXTRACTABLE, "CKA_EXTRACTABLE", false, true},
    {CKA_LOCAL, "CKA_LOCAL", true, false},
    {CKA_NEVER_EXTRACTABLE, "CKA_NEVER_EXTRACTABLE", true, false},
    {CKA_PRIVATE, "CKA_PRIVATE", true, false},
    {CKA_SIGN, "CKA_SIGN", true, false},
    {CKA_SIGN_RECOVER, "CKA_SIGN_RECOVER", false, false},
    {CKA_DECRYPT, "CKA_DECRYPT", false, false},
    {CKA_UNWRAP, "CKA_UNWRAP", false, false},
    {CKA_DERIVE, "CKA_DERIVE", false, false},
};

/// The token confirms that the private key came out as asked for.
Result<void> check_flags(Pkcs11Session& session, CK_OBJECT_HANDLE private_key) {
  for (const WantedFlag& wanted : kWantedFlags) {
    SIGNET_TRY(const std::optional<bool> is, read_flag(session, private_key, wanted.type));
    if (is ? *is == wanted.value : !wanted.must_be_told) continue;
    if (wanted.type == CKA_LOCAL && !session.options().generated_keys_tell_local) continue;
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("the new key {} did not come out as asked for: its {} is {}, and {} was wanted; the token "
                            "is not fit for keys of this kind",
                            session.where(), wanted.name, is ? fmt::format("{}", *is) : "not told", wanted.value));
  }
  return {};
}

/// By the algorithm that the key is for: tokens list mechanisms that they then refuse.
Result<void> check_it_signs(Pkcs11Session& session, const TokenKey& key, const PublicKey& public_key,
                            SignatureAlgorithm algorithm) {
  SIGNET_TRY(const SignatureValue signature, key.sign(session, algorithm, bytes_of(kSelfTest)));
  return public_key.verify(algorithm, bytes_of(kSelfTest), signature.view());
}

/// Names the new objects and finds out whether they are what was wanted.
Result<PublicKey> prove_pair(Pkcs11Session& session, const NewPair& pair, const TokenKey& key,
                             SignatureAlgorithm algorithm) {
  SIGNET_TRY(const std::optional<PublicKey> public_key, read_public_key(session, pair.public_key, key.type()));
  if (!public_key) {
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("the token does not show the new public key {}", session.where()));
  }
  SIGNET_CHECK(set_id(session, pair.public_key, public_key->key_id()));
  SIGNET_CHECK(set_id(session, pair.private_key, public_key->key_id()));
  SIGNET_CHECK(check_flags(session, pair.private_key));
  SIGNET_CHECK(check_it_signs(session, key, *public_key, algorithm));
  return *public_key;
}

constexpr std::string_view kRemainsField = "key_label";

/// Removes what was made and asks the token whether that worked; `error` then says what became of the key.
std::unexpected<Error> undo(Pkcs11Session& session, const NewKey& wanted, const NewPair& pair, Error error) {
  const Result<void> removed = remove_pair(session, pair);
  const Result<bool> still_there = has_key_label(session, wanted.label);
  if (still_there.has_value() && !*still_there) {
    if (pair.private_key != 0) error.message += "; the new key was removed again";
    return std::unexpected(std::move(error));
  }
  if (!removed) error.message += "; removing the new key failed too: " + removed.error().message;
  if (!still_there) error.message += "; the token does not tell what is left: " + still_there.error().message;
  error.message += fmt::format("; a key labelled '{}' may remain {}: list the token's objects and remove it",
                               printable(wanted.label), session.where());
  error.field = kRemainsField;
  error.retryable = false;  // the label may be taken now
  return std::unexpected(std::move(error));
}

}  // namespace

SignatureAlgorithm signature_of(const NewKey& key) noexcept {
  return key.signature.value_or(default_algorithm(key.type));
}

bool key_may_remain(const Error& error) noexcept { return error.field == kRemainsField; }

Result<PublicKey> generate_key(Pkcs11Session& session, const NewKey& wanted) {
  SIGNET_CHECK(check_wanted(wanted));
  SIGNET_TRY(const bool taken, has_key_label(session, wanted.label));
  if (taken) {
    return fail(ErrorCode::kAlreadyExists,
                fmt::format("a key '{}' exists already {}", printable(wanted.label), session.where()), "label");
  }
  const Result<NewPair> pair = generate_pair(session, wanted);
  if (!pair) return undo(session, wanted, NewPair{}, pair.error());
  Result<PublicKey> proven = prove_pair(session, *pair, TokenKey(pair->private_key, wanted.type), signature_of(wanted));
  if (!proven) return undo(session, wanted, *pair, std::move(proven).error());
  return proven;
}

}  // namespace signet
