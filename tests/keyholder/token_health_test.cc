#include "keyholder/token_health.h"

#include <gtest/gtest.h>

#include "token/pkcs11_error.h"

namespace signet {
namespace {

Error error_of(CK_RV code) { return fail_pkcs11(code, "C_Sign", "on a test's token").error(); }

Error wrong_signature() { return fail(ErrorCode::kInternal, "the signature does not verify").error(); }

TEST(TokenHealth, ThreeFailuresInARowAreALoss) {
  TokenHealth health({});
  for (unsigned i = 1; i < TokenHealth::kMostFailures; ++i) health.note_failure(error_of(CKR_FUNCTION_FAILED));
  EXPECT_FALSE(health.loss());
  health.note_failure(error_of(CKR_FUNCTION_FAILED));
  ASSERT_TRUE(health.loss());
  EXPECT_NE(health.loss()->find("3 signatures in a row failed"), std::string::npos) << *health.loss();
  EXPECT_NE(health.loss()->find("CKR_FUNCTION_FAILED"), std::string::npos) << *health.loss();
}

TEST(TokenHealth, ASuccessInBetweenBeginsAnew) {
  TokenHealth health({});
  for (int i = 0; i < 20; ++i) {
    health.note_failure(error_of(CKR_FUNCTION_FAILED));
    health.note_failure(wrong_signature());
    health.note_success();
  }
  EXPECT_FALSE(health.loss());
}

TEST(TokenHealth, SignaturesThatDoNotVerifyCountAsFailures) {
  TokenHealth health({});
  for (unsigned i = 0; i < TokenHealth::kMostFailures; ++i) health.note_failure(wrong_signature());
  EXPECT_TRUE(health.loss());
}

TEST(TokenHealth, ALostLoginModuleTokenOrPinIsALossAtOnce) {
  for (const CK_RV code : {CKR_USER_NOT_LOGGED_IN, CKR_CRYPTOKI_NOT_INITIALIZED, CKR_DEVICE_ERROR, CKR_DEVICE_REMOVED,
                           CKR_TOKEN_NOT_PRESENT, CKR_PIN_LOCKED}) {
    TokenHealth health({});
    health.note_failure(error_of(code));
    EXPECT_TRUE(health.loss()) << name_of_ckr(code);
  }
}

TEST(TokenHealth, WhatTheProfileSaysComesFirst) {
  TokenHealth health({0x8000'0001, CKR_ARGUMENTS_BAD});
  health.note_failure(error_of(0x8000'0002));
  EXPECT_FALSE(health.loss());
  health.note_failure(error_of(0x8000'0001));
  ASSERT_TRUE(health.loss());
  EXPECT_NE(health.loss()->find("restart_codes"), std::string::npos) << *health.loss();
  TokenHealth other({CKR_ARGUMENTS_BAD});
  other.note_failure(error_of(CKR_ARGUMENTS_BAD));
  EXPECT_TRUE(other.loss());
}

TEST(TokenHealth, ACallersFaultSaysNothingAboutTheToken) {
  TokenHealth health({});
  for (int i = 0; i < 20; ++i) health.note_failure(error_of(CKR_MECHANISM_INVALID));
  EXPECT_FALSE(health.loss());
}

TEST(TokenHealth, TheFirstReasonIsKept) {
  TokenHealth health({});
  health.note_loss("a key has gone");
  health.note_failure(error_of(CKR_DEVICE_REMOVED));
  EXPECT_EQ(health.loss(), "a key has gone");
}

}  // namespace
}  // namespace signet
