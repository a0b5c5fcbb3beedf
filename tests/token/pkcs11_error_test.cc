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
  EXPECT_FALSE(session_was_lost(error_of(CKR_SESSION_CLOSED)));  // while the call was running
  EXPECT_TRUE(login_was_lost(error_of(CKR_USER_NOT_LOGGED_IN)));
  EXPECT_FALSE(login_was_lost(error_of(CKR_SESSION_CLOSED)));
}

struct Expected {
  CK_RV code;
  std::string_view name;
  Pkcs11Remedy remedy;
};

/// Every code of PKCS#11 3.0, with the number of the standard's header.
// clang-format off
constexpr Expected kExpected[] = {
    {0x1, "CKR_CANCEL", Pkcs11Remedy::kNewSession},
    {0x2, "CKR_HOST_MEMORY", Pkcs11Remedy::kReopen},
    {0x3, "CKR_SLOT_ID_INVALID", Pkcs11Remedy::kTokenGone},
    {0x5, "CKR_GENERAL_ERROR", Pkcs11Remedy::kNewSession},
    {0x6, "CKR_FUNCTION_FAILED", Pkcs11Remedy::kNewSession},
    {0x7, "CKR_ARGUMENTS_BAD", Pkcs11Remedy::kCaller},
    {0x8, "CKR_NO_EVENT", Pkcs11Remedy::kCaller},
    {0x9, "CKR_NEED_TO_CREATE_THREADS", Pkcs11Remedy::kCaller},
    {0xA, "CKR_CANT_LOCK", Pkcs11Remedy::kCaller},
    {0x10, "CKR_ATTRIBUTE_READ_ONLY", Pkcs11Remedy::kCaller},
    {0x11, "CKR_ATTRIBUTE_SENSITIVE", Pkcs11Remedy::kCaller},
    {0x12, "CKR_ATTRIBUTE_TYPE_INVALID", Pkcs11Remedy::kCaller},
    {0x13, "CKR_ATTRIBUTE_VALUE_INVALID", Pkcs11Remedy::kCaller},
    {0x1B, "CKR_ACTION_PROHIBITED", Pkcs11Remedy::kCaller},
    {0x20, "CKR_DATA_INVALID", Pkcs11Remedy::kCaller},
    {0x21, "CKR_DATA_LEN_RANGE", Pkcs11Remedy::kCaller},
    {0x30, "CKR_DEVICE_ERROR", Pkcs11Remedy::kReopen},
    {0x31, "CKR_DEVICE_MEMORY", Pkcs11Remedy::kNewSession},
    {0x32, "CKR_DEVICE_REMOVED", Pkcs11Remedy::kTokenGone},
    {0x40, "CKR_ENCRYPTED_DATA_INVALID", Pkcs11Remedy::kCaller},
    {0x41, "CKR_ENCRYPTED_DATA_LEN_RANGE", Pkcs11Remedy::kCaller},
    {0x42, "CKR_AEAD_DECRYPT_FAILED", Pkcs11Remedy::kCaller},
    {0x50, "CKR_FUNCTION_CANCELED", Pkcs11Remedy::kNewSession},
    {0x51, "CKR_FUNCTION_NOT_PARALLEL", Pkcs11Remedy::kCaller},
    {0x54, "CKR_FUNCTION_NOT_SUPPORTED", Pkcs11Remedy::kCaller},
    {0x60, "CKR_KEY_HANDLE_INVALID", Pkcs11Remedy::kNewSession},
    {0x62, "CKR_KEY_SIZE_RANGE", Pkcs11Remedy::kCaller},
    {0x63, "CKR_KEY_TYPE_INCONSISTENT", Pkcs11Remedy::kCaller},
    {0x64, "CKR_KEY_NOT_NEEDED", Pkcs11Remedy::kCaller},
    {0x65, "CKR_KEY_CHANGED", Pkcs11Remedy::kNewSession},
    {0x66, "CKR_KEY_NEEDED", Pkcs11Remedy::kCaller},
    {0x67, "CKR_KEY_INDIGESTIBLE", Pkcs11Remedy::kCaller},
    {0x68, "CKR_KEY_FUNCTION_NOT_PERMITTED", Pkcs11Remedy::kCaller},
    {0x69, "CKR_KEY_NOT_WRAPPABLE", Pkcs11Remedy::kCaller},
    {0x6A, "CKR_KEY_UNEXTRACTABLE", Pkcs11Remedy::kCaller},
    {0x70, "CKR_MECHANISM_INVALID", Pkcs11Remedy::kCaller},
    {0x71, "CKR_MECHANISM_PARAM_INVALID", Pkcs11Remedy::kCaller},
    {0x82, "CKR_OBJECT_HANDLE_INVALID", Pkcs11Remedy::kNewSession},
    {0x90, "CKR_OPERATION_ACTIVE", Pkcs11Remedy::kNewSession},
    {0x91, "CKR_OPERATION_NOT_INITIALIZED", Pkcs11Remedy::kNewSession},
    {0xA0, "CKR_PIN_INCORRECT", Pkcs11Remedy::kPinLocked},
    {0xA1, "CKR_PIN_INVALID", Pkcs11Remedy::kPinLocked},
    {0xA2, "CKR_PIN_LEN_RANGE", Pkcs11Remedy::kPinLocked},
    {0xA3, "CKR_PIN_EXPIRED", Pkcs11Remedy::kPinLocked},
    {0xA4, "CKR_PIN_LOCKED", Pkcs11Remedy::kPinLocked},
    {0xB0, "CKR_SESSION_CLOSED", Pkcs11Remedy::kNewSession},
    {0xB1, "CKR_SESSION_COUNT", Pkcs11Remedy::kNewSession},
    {0xB3, "CKR_SESSION_HANDLE_INVALID", Pkcs11Remedy::kNewSession},
    {0xB4, "CKR_SESSION_PARALLEL_NOT_SUPPORTED", Pkcs11Remedy::kCaller},
    {0xB5, "CKR_SESSION_READ_ONLY", Pkcs11Remedy::kCaller},
    {0xB6, "CKR_SESSION_EXISTS", Pkcs11Remedy::kCaller},
    {0xB7, "CKR_SESSION_READ_ONLY_EXISTS", Pkcs11Remedy::kCaller},
    {0xB8, "CKR_SESSION_READ_WRITE_SO_EXISTS", Pkcs11Remedy::kCaller},
    {0xC0, "CKR_SIGNATURE_INVALID", Pkcs11Remedy::kCaller},
    {0xC1, "CKR_SIGNATURE_LEN_RANGE", Pkcs11Remedy::kCaller},
    {0xD0, "CKR_TEMPLATE_INCOMPLETE", Pkcs11Remedy::kCaller},
    {0xD1, "CKR_TEMPLATE_INCONSISTENT", Pkcs11Remedy::kCaller},
    {0xE0, "CKR_TOKEN_NOT_PRESENT", Pkcs11Remedy::kTokenGone},
    {0xE1, "CKR_TOKEN_NOT_RECOGNIZED", Pkcs11Remedy::kTokenGone},
    {0xE2, "CKR_TOKEN_WRITE_PROTECTED", Pkcs11Remedy::kCaller},
    {0xF0, "CKR_UNWRAPPING_KEY_HANDLE_INVALID", Pkcs11Remedy::kCaller},
    {0xF1, "CKR_UNWRAPPING_KEY_SIZE_RANGE", Pkcs11Remedy::kCaller},
    {0xF2, "CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT", Pkcs11Remedy::kCaller},
    {0x100, "CKR_USER_ALREADY_LOGGED_IN", Pkcs11Remedy::kCaller},
    {0x101, "CKR_USER_NOT_LOGGED_IN", Pkcs11Remedy::kReopen},
    {0x102, "CKR_USER_PIN_NOT_INITIALIZED", Pkcs11Remedy::kReopen},
    {0x103, "CKR_USER_TYPE_INVALID", Pkcs11Remedy::kCaller},
    {0x104, "CKR_USER_ANOTHER_ALREADY_LOGGED_IN", Pkcs11Remedy::kCaller},
    {0x105, "CKR_USER_TOO_MANY_TYPES", Pkcs11Remedy::kCaller},
    {0x110, "CKR_WRAPPED_KEY_INVALID", Pkcs11Remedy::kCaller},
    {0x112, "CKR_WRAPPED_KEY_LEN_RANGE", Pkcs11Remedy::kCaller},
    {0x113, "CKR_WRAPPING_KEY_HANDLE_INVALID", Pkcs11Remedy::kCaller},
    {0x114, "CKR_WRAPPING_KEY_SIZE_RANGE", Pkcs11Remedy::kCaller},
    {0x115, "CKR_WRAPPING_KEY_TYPE_INCONSISTENT", Pkcs11Remedy::kCaller},
    {0x120, "CKR_RANDOM_SEED_NOT_SUPPORTED", Pkcs11Remedy::kCaller},
    {0x121, "CKR_RANDOM_NO_RNG", Pkcs11Remedy::kCaller},
    {0x130, "CKR_DOMAIN_PARAMS_INVALID", Pkcs11Remedy::kCaller},
    {0x140, "CKR_CURVE_NOT_SUPPORTED", Pkcs11Remedy::kCaller},
    {0x150, "CKR_BUFFER_TOO_SMALL", Pkcs11Remedy::kCaller},
    {0x160, "CKR_SAVED_STATE_INVALID", Pkcs11Remedy::kCaller},
    {0x170, "CKR_INFORMATION_SENSITIVE", Pkcs11Remedy::kCaller},
    {0x180, "CKR_STATE_UNSAVEABLE", Pkcs11Remedy::kCaller},
    {0x190, "CKR_CRYPTOKI_NOT_INITIALIZED", Pkcs11Remedy::kReopen},
    {0x191, "CKR_CRYPTOKI_ALREADY_INITIALIZED", Pkcs11Remedy::kCaller},
    {0x1A0, "CKR_MUTEX_BAD", Pkcs11Remedy::kReopen},
    {0x1A1, "CKR_MUTEX_NOT_LOCKED", Pkcs11Remedy::kReopen},
    {0x1B0, "CKR_NEW_PIN_MODE", Pkcs11Remedy::kPinLocked},
    {0x1B1, "CKR_NEXT_OTP", Pkcs11Remedy::kPinLocked},
    {0x1B5, "CKR_EXCEEDED_MAX_ITERATIONS", Pkcs11Remedy::kCaller},
    {0x1B6, "CKR_FIPS_SELF_TEST_FAILED", Pkcs11Remedy::kTokenGone},
    {0x1B7, "CKR_LIBRARY_LOAD_FAILED", Pkcs11Remedy::kReopen},
    {0x1B8, "CKR_PIN_TOO_WEAK", Pkcs11Remedy::kPinLocked},
    {0x1B9, "CKR_PUBLIC_KEY_INVALID", Pkcs11Remedy::kCaller},
    {0x200, "CKR_FUNCTION_REJECTED", Pkcs11Remedy::kCaller},
    {0x201, "CKR_TOKEN_RESOURCE_EXCEEDED", Pkcs11Remedy::kNewSession},
    {0x202, "CKR_OPERATION_CANCEL_FAILED", Pkcs11Remedy::kNewSession},
};
// clang-format on

TEST(Pkcs11Remedy, IsDecidedForEveryCodeTheStandardNames) {
  ASSERT_EQ(named_ckrs().size(), std::size(kExpected));
  for (std::size_t i = 0; i < std::size(kExpected); ++i) {
    const Expected& expected = kExpected[i];
    EXPECT_EQ(named_ckrs()[i], expected.code) << expected.name;
    EXPECT_EQ(name_of_ckr(expected.code), expected.name);
    EXPECT_EQ(remedy_for(expected.code), expected.remedy) << expected.name;
    EXPECT_EQ(remedy_for(error_of(expected.code)), expected.remedy) << expected.name;
  }
}

TEST(Pkcs11Remedy, OfWhatNobodyDefinesIsANewSession) {
  EXPECT_EQ(remedy_for(CKR_VENDOR_DEFINED | 0x42), Pkcs11Remedy::kNewSession);
  EXPECT_EQ(remedy_for(CK_RV{0x7777}), Pkcs11Remedy::kNewSession);
}

TEST(Pkcs11Remedy, OfAnErrorThatCameFromNoTokenIsTheCallers) {
  EXPECT_EQ(remedy_for(Error{.code = ErrorCode::kInvalidArgument, .message = "x"}), Pkcs11Remedy::kCaller);
}

TEST(Pkcs11Remedy, AgreesWithWhatTheErrorPromises) {
  for (const CK_RV code : named_ckrs()) {
    const Error error = error_of(code);
    const Pkcs11Remedy remedy = remedy_for(code);
    const bool of_pin = remedy == Pkcs11Remedy::kPinLocked;
    const bool final = of_pin || remedy == Pkcs11Remedy::kCaller;
    EXPECT_EQ(error.retryable, !final) << name_of_ckr(code);
    EXPECT_EQ(login_was_lost(error), remedy == Pkcs11Remedy::kReopen || remedy == Pkcs11Remedy::kTokenGone);
    EXPECT_TRUE(!session_was_lost(error) || remedy == Pkcs11Remedy::kNewSession) << name_of_ckr(code);
  }
}

TEST(Pkcs11Remedy, HasAName) {
  EXPECT_EQ(name_of(Pkcs11Remedy::kNewSession), "new session");
  EXPECT_EQ(name_of(Pkcs11Remedy::kReopen), "reopen");
  EXPECT_EQ(name_of(Pkcs11Remedy::kTokenGone), "token gone");
  EXPECT_EQ(name_of(Pkcs11Remedy::kPinLocked), "PIN locked");
  EXPECT_EQ(name_of(Pkcs11Remedy::kCaller), "caller's fault");
}

}  // namespace
}  // namespace signet
