// Keys whose generation goes wrong, on a token with faults.
#include "token/key_generation.h"

#include <cstdlib>

#include "token/pkcs11_object.h"
#include "token/softhsm_fixture.h"

namespace signet {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class KeyGeneration : public test::SoftHsmTest {
 protected:
  /// Loads the module that goes wrong (support/fault_module) in place of SoftHSM itself.
  void use_faults(const char* calls, const char* action, const char* after = "0") {
    setenv("SIGNET_FAULT_CALL", calls, 1);
    setenv("SIGNET_FAULT_DO", action, 1);
    setenv("SIGNET_FAULT_AFTER", after, 1);
    module_.reset();
    auto loaded = Pkcs11Module::load(SIGNET_BIN_DIR "/test_fault_module.so");
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
    module_ = *std::move(loaded);
  }
  void TearDown() override {
    for (const char* name : {"SIGNET_FAULT_CALL", "SIGNET_FAULT_DO", "SIGNET_FAULT_AFTER"}) unsetenv(name);
  }
  static std::size_t objects(Pkcs11Session& session) {
    AttributeList all;
    return find_objects(session, all).value().size();
  }
  const NewKey wanted_{.type = KeyType::kEcP256, .label = "k"};
};

constexpr const char* kDeviceRemoved = "0x32";

TEST_F(KeyGeneration, AsksForAKeyThatOnlySigns) {
  Pkcs11Session session = logged_in();
  for (const NewKey& wanted : {NewKey{.type = KeyType::kRsa, .rsa_bits = 2048, .label = "rsa"}, wanted_}) {
    ASSERT_TRUE(generate_key(session, wanted).has_value());
    const TokenKey key = TokenKey::find(session, Pkcs11Uri{.object = wanted.label}).value();
    for (const auto type : {CKA_DERIVE, CKA_SIGN_RECOVER, CKA_DECRYPT, CKA_UNWRAP}) {
      EXPECT_EQ(read_flag(session, key.handle(), type).value(), false) << wanted.label << " " << type;
    }
    for (const auto type : {CKA_SIGN, CKA_PRIVATE}) {
      EXPECT_EQ(read_flag(session, key.handle(), type).value(), true) << wanted.label << " " << type;
    }
  }
}

TEST_F(KeyGeneration, RefusesAndRemovesAKeyThatCanDoMoreThanAskedFor) {
  use_faults("C_GenerateKeyPair", "derivable");
  Pkcs11Session session = logged_in();
  const auto made = generate_key(session, wanted_);
  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error().message,
              AllOf(HasSubstr("its CKA_DERIVE is true, and false was wanted"), HasSubstr("was removed again")));
  EXPECT_FALSE(key_may_remain(made.error()));
  EXPECT_EQ(objects(session), 0U);
}

TEST_F(KeyGeneration, RemovesTheKeyAfterAFailure) {
  const std::pair<const char*, const char*> faults[] = {
      {"C_SetAttributeValue", kDeviceRemoved}, {"C_SignInit", kDeviceRemoved}, {"C_Sign", "wrong-signature"}};
  for (const auto& [call, action] : faults) {
    use_faults(call, action);
    Pkcs11Session session = logged_in();
    const auto made = generate_key(session, wanted_);
    ASSERT_FALSE(made.has_value()) << call;
    EXPECT_FALSE(key_may_remain(made.error())) << made.error().message;
    EXPECT_EQ(objects(session), 0U) << call;
  }
}

/// The token lists PSS, so that only trying tells.
TEST_F(KeyGeneration, AKeyProvesItselfByTheSignatureThatItIsFor) {
  use_faults("C_SignInit", "refuse-pss");
  Pkcs11Session session = logged_in();
  NewKey wanted{.type = KeyType::kRsa, .rsa_bits = 2048, .label = "k"};
  wanted.signature = SignatureAlgorithm::kRsaPssSha256;
  const auto made = generate_key(session, wanted);
  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error().message, AllOf(HasSubstr("C_SignInit"), HasSubstr("CKR_MECHANISM_PARAM_INVALID"),
                                          HasSubstr("the new key was removed again")));
  EXPECT_EQ(objects(session), 0U);
  wanted.signature = SignatureAlgorithm::kRsaPkcs1Sha384;
  EXPECT_TRUE(generate_key(session, wanted).has_value());
}

TEST_F(KeyGeneration, MakesNoKeyForASignatureOfAnotherType) {
  Pkcs11Session session = logged_in();
  NewKey wanted = wanted_;
  wanted.signature = SignatureAlgorithm::kRsaPssSha256;
  const auto made = generate_key(session, wanted);
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().field, "signature");
  EXPECT_EQ(objects(session), 0U);
}

/// As tpm2-pkcs11 1.9 answers to it.
TEST_F(KeyGeneration, SaysThatTheModuleMayMakeNoKeysThatOnlySign) {
  const auto refused_with = [&](const char* code) {
    use_faults("C_GenerateKeyPair", code);
    Pkcs11Session session = logged_in();
    return generate_key(session, wanted_).error().message;
  };
  for (const char* code :
       {"0x5", "0x13", "0xd1"}) {  // CKR_GENERAL_ERROR, _ATTRIBUTE_VALUE_INVALID, _TEMPLATE_INCONSISTENT
    EXPECT_THAT(refused_with(code),
                AllOf(HasSubstr("C_GenerateKeyPair of an"), HasSubstr("can sign and do nothing else"),
                      HasSubstr("tpm2-pkcs11"), HasSubstr("take another token")));
  }
  EXPECT_THAT(refused_with(kDeviceRemoved), Not(HasSubstr("tpm2-pkcs11")));
}

/// The failed C_Sign leaves its session busy, so that the token cannot be asked.
TEST_F(KeyGeneration, SaysThatAKeyMayRemainWhereTheTokenDoesNotTell) {
  use_faults("C_Sign", kDeviceRemoved);
  Pkcs11Session session = logged_in();
  const auto made = generate_key(session, wanted_);
  ASSERT_FALSE(made.has_value());
  EXPECT_TRUE(key_may_remain(made.error()));
  EXPECT_THAT(made.error().message, HasSubstr("the token does not tell what is left: C_FindObjectsInit"));
}

TEST_F(KeyGeneration, SaysThatAKeyMayRemainWhereItCannotBeRemoved) {
  use_faults("C_SetAttributeValue,C_DestroyObject", kDeviceRemoved);
  Pkcs11Session session = logged_in();
  const auto made = generate_key(session, wanted_);
  ASSERT_FALSE(made.has_value());
  EXPECT_TRUE(key_may_remain(made.error()));
  EXPECT_FALSE(made.error().retryable);
  EXPECT_THAT(made.error().message, AllOf(HasSubstr("C_SetAttributeValue (CKA_ID)"), HasSubstr("C_DestroyObject"),
                                          HasSubstr("a key labelled 'k' may remain on token 'signet-test'"),
                                          Not(HasSubstr("removed again"))));
  EXPECT_EQ(objects(session), 2U);
}

TEST_F(KeyGeneration, DestroysNothingWhereTheTokenMadeNothing) {
  use_faults("C_GenerateKeyPair", "stale-handles", "1");
  Pkcs11Session session = logged_in();
  ASSERT_TRUE(generate_key(session, {.type = KeyType::kEcP256, .label = "older"}).has_value());
  const auto made = generate_key(session, wanted_);
  ASSERT_FALSE(made.has_value());
  EXPECT_FALSE(key_may_remain(made.error())) << made.error().message;
  EXPECT_EQ(objects(session), 2U);  // the older pair
}

TEST_F(KeyGeneration, ATakenLabelIsNoKeyThatRemains) {
  Pkcs11Session session = logged_in();
  ASSERT_TRUE(generate_key(session, wanted_).has_value());
  EXPECT_FALSE(key_may_remain(generate_key(session, wanted_).error()));
}

}  // namespace
}  // namespace signet
