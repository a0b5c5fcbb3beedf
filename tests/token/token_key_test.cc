#include "token/token_key.h"

#include "token/pkcs11_object.h"
#include "token/softhsm_fixture.h"

namespace signet {
namespace {

using test::uri_of;
using testing::AllOf;
using testing::HasSubstr;

class TokenKeyTest : public test::SoftHsmTest {
 protected:
  /// Sets CKA_LABEL or CKA_ID of every object of a class that has this label.
  static void change(Pkcs11Session& session, CK_OBJECT_CLASS object_class, std::string_view label,
                     CK_ATTRIBUTE_TYPE type, ByteView value) {
    AttributeList wanted;
    wanted.add_number(CKA_CLASS, object_class).add(CKA_LABEL, bytes_of(label));
    const auto objects = find_objects(session, wanted).value();
    for (const CK_OBJECT_HANDLE object : objects) {
      AttributeList changes;
      changes.add(type, value);
      ASSERT_EQ(session.functions().C_SetAttributeValue(session.handle(), object, changes.data(), changes.size()),
                CKR_OK);
    }
  }
  static void destroy_public_key(Pkcs11Session& session, std::string_view label) {
    AttributeList wanted;
    wanted.add_number(CKA_CLASS, CKO_PUBLIC_KEY).add(CKA_LABEL, bytes_of(label));
    const auto objects = find_objects(session, wanted).value();
    for (const CK_OBJECT_HANDLE object : objects) {
      ASSERT_EQ(session.functions().C_DestroyObject(session.handle(), object), CKR_OK);
    }
  }
};

struct Kind {
  KeyType type;
  unsigned rsa_bits;
};
class EveryKind : public TokenKeyTest, public testing::WithParamInterface<Kind> {};

TEST_P(EveryKind, IsGeneratedFoundAndSignsSoThatItsPublicKeyVerifies) {
  Pkcs11Session session = logged_in();
  const auto made = generate_key(session, {.type = GetParam().type, .rsa_bits = GetParam().rsa_bits, .label = "k"});
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_EQ(made->type(), GetParam().type);

  const auto key = TokenKey::find(session, uri_of("pkcs11:token=signet-test;object=k;type=private"));
  ASSERT_TRUE(key.has_value()) << key.error().message;
  EXPECT_EQ(key->type(), GetParam().type);
  EXPECT_TRUE(equal(key->public_key(session).value().spki(), made->spki()));

  const SignatureAlgorithm algorithm = default_algorithm(key->type());
  const auto signature = key->sign(session, algorithm, bytes_of("message"));
  ASSERT_TRUE(signature.has_value()) << signature.error().message;
  EXPECT_TRUE(made->verify(algorithm, bytes_of("message"), signature->view()).has_value());
  EXPECT_FALSE(made->verify(algorithm, bytes_of("massage"), signature->view()).has_value());
}

INSTANTIATE_TEST_SUITE_P(Token, EveryKind,
                         testing::Values(Kind{KeyType::kEcP256, 0}, Kind{KeyType::kEcP384, 0},
                                         Kind{KeyType::kEcP521, 0}, Kind{KeyType::kEd25519, 0},
                                         Kind{KeyType::kRsa, 2048}, Kind{KeyType::kRsa, 3072}),
                         [](const auto& kind) {
                           std::string name(name_of(kind.param.type));
                           std::erase(name, '-');
                           return name + (kind.param.rsa_bits == 0 ? "" : std::to_string(kind.param.rsa_bits));
                         });

TEST_F(TokenKeyTest, RsaSignsWithEveryHash) {
  Pkcs11Session session = logged_in();
  const PublicKey made = generate_key(session, {.type = KeyType::kRsa, .rsa_bits = 2048, .label = "k"}).value();
  const TokenKey key = TokenKey::find(session, uri_of("pkcs11:object=k")).value();
  for (const auto algorithm : {SignatureAlgorithm::kRsaPkcs1Sha256, SignatureAlgorithm::kRsaPkcs1Sha384,
                               SignatureAlgorithm::kRsaPkcs1Sha512}) {
    const auto signature = key.sign(session, algorithm, bytes_of("message"));
    ASSERT_TRUE(signature.has_value()) << signature.error().message;
    EXPECT_TRUE(made.verify(algorithm, bytes_of("message"), signature->view()).has_value()) << name_of(algorithm);
  }
}

TEST_F(TokenKeyTest, AGeneratedKeyIsProtectedAndNamedByItsKeyId) {
  Pkcs11Session session = logged_in();
  const PublicKey made = generate_key(session, {.type = KeyType::kEcP256, .label = "k"}).value();
  const auto key = TokenKey::find(session, Pkcs11Uri{.id = copy_of(made.key_id())});
  ASSERT_TRUE(key.has_value()) << key.error().message;
  const KeyProtection protection = key->protection(session).value();
  EXPECT_EQ(protection.sensitive, true);
  EXPECT_EQ(protection.extractable, false);
  EXPECT_EQ(protection.local, true);
  EXPECT_EQ(protection.never_extractable, true);
  EXPECT_EQ(protection.always_sensitive, true);
}

TEST_F(TokenKeyTest, GeneratingNeverTakesALabelTwice) {
  Pkcs11Session session = logged_in();
  ASSERT_TRUE(generate_key(session, {.type = KeyType::kEcP256, .label = "k"}).has_value());
  EXPECT_TRUE(has_key_label(session, "k").value());
  EXPECT_FALSE(has_key_label(session, "other").value());
  const auto again = generate_key(session, {.type = KeyType::kEcP256, .label = "k"});
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(key_labels(session).value().size(), 1U);
}

TEST_F(TokenKeyTest, GeneratingInAReadOnlySessionLeavesNothing) {
  Pkcs11Session keeper = logged_in();
  Pkcs11Session session = open(SessionAccess::kRead);
  ASSERT_FALSE(generate_key(session, {.type = KeyType::kEcP256, .label = "k"}).has_value());
  EXPECT_FALSE(has_key_label(keeper, "k").value());
}

TEST_F(TokenKeyTest, GeneratingChecksItsWishes) {
  Pkcs11Session session = logged_in();
  const auto refused = [&](const NewKey& wanted) { return generate_key(session, wanted).error().code; };
  EXPECT_EQ(refused({.type = KeyType::kRsa, .rsa_bits = 1024, .label = "k"}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused({.type = KeyType::kRsa, .rsa_bits = 0, .label = "k"}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused({.type = KeyType::kEcP256, .rsa_bits = 2048, .label = "k"}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused({.type = KeyType::kEcP256, .label = ""}), ErrorCode::kInvalidArgument);
}

TEST_F(TokenKeyTest, AUriThatMatchesNothingListsTheKeysThatAreThere) {
  Pkcs11Session session = logged_in();
  ASSERT_TRUE(generate_key(session, {.type = KeyType::kEcP256, .label = "issuing-1"}).has_value());
  const auto key = TokenKey::find(session, uri_of("pkcs11:token=signet-test;object=issuing-2"));
  ASSERT_FALSE(key.has_value());
  EXPECT_EQ(key.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(key.error().message, AllOf(HasSubstr("object=issuing-2"), HasSubstr("token 'signet-test'"),
                                         HasSubstr("'issuing-1'"), HasSubstr(test::kSoftHsmModule)));
}

TEST_F(TokenKeyTest, AUriThatMatchesTwoKeysIsRefused) {
  Pkcs11Session session = logged_in();
  const PublicKey first = generate_key(session, {.type = KeyType::kEcP256, .label = "a"}).value();
  ASSERT_TRUE(generate_key(session, {.type = KeyType::kEcP256, .label = "b"}).has_value());
  change(session, CKO_PRIVATE_KEY, "b", CKA_LABEL, bytes_of("a"));
  const auto key = TokenKey::find(session, uri_of("pkcs11:object=a"));
  ASSERT_FALSE(key.has_value());
  EXPECT_EQ(key.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(key.error().message, AllOf(HasSubstr("2 private keys match"), HasSubstr(to_hex(first.key_id()))));
  EXPECT_TRUE(TokenKey::find(session, Pkcs11Uri{.object = "a", .id = copy_of(first.key_id())}).has_value());
}

TEST_F(TokenKeyTest, AUriOfACertificateIsNotAKey) {
  Pkcs11Session session = logged_in();
  EXPECT_EQ(TokenKey::find(session, uri_of("pkcs11:object=a;type=cert")).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(TokenKeyTest, WithoutALoginThereAreNoPrivateKeys) {
  {
    Pkcs11Session session = logged_in();
    ASSERT_TRUE(generate_key(session, {.type = KeyType::kEcP256, .label = "k"}).has_value());
  }
  Pkcs11Session session = open(SessionAccess::kRead);
  EXPECT_EQ(TokenKey::find(session, uri_of("pkcs11:object=k")).error().code, ErrorCode::kNotFound);
}

TEST_F(TokenKeyTest, AnEcKeyWithoutItsPublicObjectSignsButShowsNoPublicKey) {
  Pkcs11Session session = logged_in();
  ASSERT_TRUE(generate_key(session, {.type = KeyType::kEcP256, .label = "k"}).has_value());
  destroy_public_key(session, "k");
  const TokenKey key = TokenKey::find(session, uri_of("pkcs11:object=k")).value();
  EXPECT_EQ(key.public_key(session).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(key.sign(session, SignatureAlgorithm::kEcdsaSha256, bytes_of("m")).has_value());
}

TEST_F(TokenKeyTest, AnRsaKeyShowsItsPublicHalfByItself) {
  Pkcs11Session session = logged_in();
  const PublicKey made = generate_key(session, {.type = KeyType::kRsa, .rsa_bits = 2048, .label = "k"}).value();
  destroy_public_key(session, "k");
  const TokenKey key = TokenKey::find(session, uri_of("pkcs11:object=k")).value();
  EXPECT_TRUE(equal(key.public_key(session).value().spki(), made.spki()));
}

TEST_F(TokenKeyTest, PublicObjectsThatDisagreeAreRefused) {
  Pkcs11Session session = logged_in();
  const PublicKey first = generate_key(session, {.type = KeyType::kEcP256, .label = "a"}).value();
  ASSERT_TRUE(generate_key(session, {.type = KeyType::kEcP256, .label = "b"}).has_value());
  change(session, CKO_PUBLIC_KEY, "b", CKA_ID, first.key_id());
  const TokenKey key = TokenKey::find(session, uri_of("pkcs11:object=a")).value();
  EXPECT_EQ(key.public_key(session).error().code, ErrorCode::kFailedPrecondition);
}

TEST_F(TokenKeyTest, AnAlgorithmOfAnotherKindIsRefused) {
  Pkcs11Session session = logged_in();
  ASSERT_TRUE(generate_key(session, {.type = KeyType::kEcP256, .label = "k"}).has_value());
  const TokenKey key = TokenKey::find(session, uri_of("pkcs11:object=k")).value();
  EXPECT_EQ(key.sign(session, SignatureAlgorithm::kEd25519, bytes_of("m")).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(TokenKeyTest, AKeyThatWasDestroyedMeansALostHandle) {
  Pkcs11Session session = logged_in();
  ASSERT_TRUE(generate_key(session, {.type = KeyType::kEcP256, .label = "k"}).has_value());
  const TokenKey key = TokenKey::find(session, uri_of("pkcs11:object=k")).value();
  ASSERT_EQ(session.functions().C_DestroyObject(session.handle(), key.handle()), CKR_OK);
  const auto signature = key.sign(session, SignatureAlgorithm::kEcdsaSha256, bytes_of("m"));
  ASSERT_FALSE(signature.has_value());
  EXPECT_TRUE(session_was_lost(signature.error())) << signature.error().message;
  EXPECT_TRUE(signature.error().retryable);
}

}  // namespace
}  // namespace signet
