#include "token/pkcs11_session.h"

#include "token/softhsm_fixture.h"

namespace signet {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

using Pkcs11SessionTest = test::SoftHsmTest;

TEST_F(Pkcs11SessionTest, LogsInWithTheRightPin) {
  Pkcs11Session session = open();
  EXPECT_TRUE(session.log_in(pin()).has_value());
}

TEST_F(Pkcs11SessionTest, SaysSoWhenThePinIsWrongAndDoesNotRepeatIt) {
  Pkcs11Session session = open();
  const auto result = session.log_in(Secret(bytes_of("wrong-pin")));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kUnauthenticated);
  EXPECT_FALSE(result.error().retryable);
  EXPECT_THAT(result.error().message, AllOf(HasSubstr("'signet-test'"), HasSubstr("CKR_PIN_INCORRECT"),
                                            HasSubstr("tried once"), Not(HasSubstr("wrong-pin"))));
}

TEST_F(Pkcs11SessionTest, AfterAWrongPinNotEvenTheRightOneIsTriedUntilAPersonHasLoggedIn) {
  Pkcs11Session session = open();
  ASSERT_FALSE(session.log_in(Secret(bytes_of("wrong-pin"))).has_value());
  const auto refused = session.log_in(pin());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("'signet-test'"), HasSubstr("not tried")));

  std::string text = softhsm_.pin();  // as a person would, with a tool of the vendor
  ASSERT_EQ(
      session.functions().C_Login(session.handle(), CKU_USER, reinterpret_cast<CK_UTF8CHAR*>(text.data()), text.size()),
      CKR_OK);
  EXPECT_TRUE(session.log_in(pin()).has_value());
}

TEST(UserPin, ThatIsLockedOrOnItsFinalTryIsNotTried) {
  const auto checked = [](CK_FLAGS flags) { return check_pin_may_be_tried(TokenInfo{.label = "t", .flags = flags}); };
  EXPECT_TRUE(checked(CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED).has_value());
  EXPECT_THAT(checked(CKF_USER_PIN_LOCKED).error().message, HasSubstr("locked"));
  EXPECT_THAT(checked(CKF_USER_PIN_FINAL_TRY).error().message, HasSubstr("one try left"));
  EXPECT_THAT(checked(CKF_USER_PIN_COUNT_LOW).error().message, HasSubstr("wrongly"));
  EXPECT_EQ(checked(CKF_USER_PIN_LOCKED).error().field, "pin");
  EXPECT_EQ(checked(CKF_USER_PIN_FINAL_TRY).error().field, "pin.final_try");
  EXPECT_EQ(checked(CKF_USER_PIN_COUNT_LOW).error().field, "pin.count_low");
}

TEST(UserPin, IsTriedWhereAPersonKnowsBetterButNeverWhenItIsLocked) {
  const auto field = [](CK_FLAGS flags, PinTolerance tolerance) {
    const auto checked = check_pin_may_be_tried(TokenInfo{.label = "t", .flags = flags}, tolerance);
    return checked.has_value() ? std::string("tried") : checked.error().field;
  };
  constexpr PinTolerance kCountLow{.count_low = true};
  constexpr PinTolerance kFinalTry{.final_try = true};
  constexpr CK_FLAGS kBoth = CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY;
  EXPECT_EQ(field(CKF_USER_PIN_COUNT_LOW, kCountLow), "tried");
  EXPECT_EQ(field(kBoth, kCountLow), "pin.final_try") << "who tolerates the one has not been told of the other";
  EXPECT_EQ(field(kBoth, kFinalTry), "tried");
  EXPECT_EQ(field(kBoth | CKF_USER_PIN_LOCKED, {.count_low = true, .final_try = true}), "pin");
}

TEST(LoginError, IsRetryableWhereThePinWasNotCompared) {
  for (const CK_RV code : {CKR_TOKEN_NOT_RECOGNIZED, CKR_USER_PIN_NOT_INITIALIZED, CKR_SESSION_HANDLE_INVALID,
                           CKR_SESSION_CLOSED, CKR_TOKEN_NOT_PRESENT, CKR_DEVICE_REMOVED}) {
    const Error error = login_error(code, GeneralErrorAtLogin::kMayTellOfThePin, "on t");
    EXPECT_EQ(error.code, ErrorCode::kUnavailable) << code;
    EXPECT_TRUE(error.retryable) << code;
  }
}

TEST(LoginError, IsFinalWhereThePinMayHaveBeenCounted) {
  for (const CK_RV code : {CKR_FUNCTION_FAILED, CKR_DEVICE_ERROR, CKR_HOST_MEMORY, CKR_FUNCTION_CANCELED,
                           CKR_PIN_EXPIRED, CKR_PIN_LOCKED, CKR_VENDOR_DEFINED + 0x20, CK_RV{0x7FFF}}) {
    const Error error = login_error(code, GeneralErrorAtLogin::kIsTransient, "on t");
    EXPECT_EQ(error.code, ErrorCode::kUnauthenticated) << code;
    EXPECT_FALSE(error.retryable) << code;
    EXPECT_EQ(error.retry_after.count(), 0) << code;
    EXPECT_EQ(error.native, static_cast<std::int64_t>(code));
    EXPECT_THAT(error.message, HasSubstr("the PIN may have been counted as wrong"));
  }
}

TEST(LoginError, AGeneralErrorIsRetryableOnlyWhereItIsKnownToBeTransient) {
  EXPECT_TRUE(login_error(CKR_GENERAL_ERROR, GeneralErrorAtLogin::kIsTransient, "on t").retryable);
  const Error other = login_error(CKR_GENERAL_ERROR, GeneralErrorAtLogin::kMayTellOfThePin, "on t");
  EXPECT_FALSE(other.retryable);
  EXPECT_EQ(other.code, ErrorCode::kUnauthenticated);
}

TEST_F(Pkcs11SessionTest, ALoginCoversEverySessionAndOutlivesThoseThatClose) {
  Pkcs11Session keeper = logged_in();
  ASSERT_TRUE(generate_key(keeper, {.type = KeyType::kEcP256, .label = "k"}).has_value());
  {
    const Pkcs11Session closed = open(SessionAccess::kRead);
  }
  Pkcs11Session worker = open(SessionAccess::kRead);
  EXPECT_EQ(key_labels(worker).value(), std::vector<std::string>{"k"});
}

TEST_F(Pkcs11SessionTest, ASecondLoginIsAccepted) {
  Pkcs11Session first = logged_in();
  Pkcs11Session second = open();
  EXPECT_TRUE(second.log_in(pin()).has_value());
}

TEST_F(Pkcs11SessionTest, AMovedSessionStaysOpenAndTheOtherIsEmpty) {
  Pkcs11Session first = logged_in();
  Pkcs11Session second = std::move(first);
  EXPECT_EQ(first.handle(), 0U);  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(key_labels(second).has_value());
  second = open();
  EXPECT_NE(second.handle(), 0U);
}

}  // namespace
}  // namespace signet
