#include "token/pkcs11_error.h"

#include <gmock/gmock.h>

namespace signet {
namespace {

Error error_of(CK_RV code) { return fail_pkcs11(code, "C_Sign", "on token 'a'").error(); }

TEST(Pkcs11Error, NamesTheCallTheTokenAndTheCode) {
  const Error error = error_of(CKR_DEVICE_ERROR);
  EXPECT_EQ(error.message, "C_Sign on token 'a' failed: CKR_DEVICE_ERROR (0x30)");
  EXPECT_EQ(error.native, 0x30);
}

TEST(Pkcs11Error, TroubleOfSessionOrTokenIsRetryable) {
  for (const CK_RV code : {CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED, CKR_DEVICE_REMOVED, CKR_TOKEN_NOT_PRESENT,
                           CKR_OBJECT_HANDLE_INVALID, CKR_HOST_MEMORY, CKR_USER_NOT_LOGGED_IN}) {
    EXPECT_EQ(error_of(code).code, ErrorCode::kUnavailable) << name_of_ckr(code);
    EXPECT_TRUE(error_of(code).retryable) << name_of_ckr(code);
  }
}

TEST(Pkcs11Error, WhatSoftHsmSaysOfASharedFolderIsRetryableAndNotAWrongPin) {
  for (const CK_RV code : {CK_RV{0xE1}, CK_RV{0x102}, CK_RV{0x05}}) {
    EXPECT_EQ(error_of(code).code, ErrorCode::kUnavailable);
    EXPECT_TRUE(error_of(code).retryable);
  }
}

TEST(Pkcs11Error, AWrongPinIsFinal) {
  for (const CK_RV code : {CKR_PIN_INCORRECT, CKR_PIN_LEN_RANGE}) {
    EXPECT_EQ(error_of(code).code, ErrorCode::kUnauthenticated);
    EXPECT_FALSE(error_of(code).retryable);
  }
  EXPECT_EQ(error_of(CKR_PIN_LOCKED).code, ErrorCode::kFailedPrecondition);
  EXPECT_FALSE(error_of(CKR_PIN_LOCKED).retryable);
}

TEST(Pkcs11Error, WhatTheTokenCannotDoIsFinal) {
  for (const CK_RV code : {CKR_MECHANISM_INVALID, CKR_KEY_FUNCTION_NOT_PERMITTED, CKR_TEMPLATE_INCONSISTENT}) {
    EXPECT_EQ(error_of(code).code, ErrorCode::kFailedPrecondition) << name_of_ckr(code);
    EXPECT_FALSE(error_of(code).retryable) << name_of_ckr(code);
  }
}

TEST(Pkcs11Error, CodesOfAVendorAreTakenAsTroubleOfTheDevice) {
  EXPECT_EQ(name_of_ckr(CKR_VENDOR_DEFINED | 0x42), "vendor-defined");
  EXPECT_TRUE(error_of(CKR_VENDOR_DEFINED | 0x42).retryable);
  EXPECT_EQ(name_of_ckr(0x7777), "unknown");
  EXPECT_FALSE(error_of(0x7777).retryable);
}

TEST(Pkcs11Error, OnlyLostSessionsAndHandlesMayBeTriedOnceMore) {
  EXPECT_TRUE(session_was_lost(error_of(CKR_SESSION_HANDLE_INVALID)));
  EXPECT_TRUE(session_was_lost(error_of(CKR_OBJECT_HANDLE_INVALID)));
  EXPECT_FALSE(session_was_lost(error_of(CKR_DEVICE_ERROR)));  // it may have signed
  EXPECT_FALSE(session_was_lost(error_of(CKR_FUNCTION_FAILED)));
  EXPECT_TRUE(login_was_lost(error_of(CKR_USER_NOT_LOGGED_IN)));
  EXPECT_FALSE(login_was_lost(error_of(CKR_SESSION_CLOSED)));
}

}  // namespace
}  // namespace signet
