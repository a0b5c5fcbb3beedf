#include "issuer/rate_limiter.h"

#include <gmock/gmock.h>

namespace signet {
namespace {

using namespace std::chrono_literals;
using Charge = RateLimiter::Charge;
using testing::AllOf;
using testing::HasSubstr;

class SetClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return Time{}; }
  [[nodiscard]] std::chrono::microseconds monotonic() const override { return at; }
  std::chrono::microseconds at{100s};
};

std::string toml_of_client(const std::string& name, const std::string& rate) {
  return "[client." + name + "]\nidentity = \"dns:" + name + ".example\"\nprofiles = [\"p\"]\n" + rate + "\n[client." +
         name + ".names]\ndns = [\"**\"]\n";
}

/// A policy with the clients `a` and `b`, with these lines about their rates.
Policy policy(const std::string& rate_of_a, const std::string& rate_of_b = {}) {
  const std::string text =
      "[profile.p]\nissuer = \"i\"\nvalidity = \"1d\"\nvalidity_max = \"1d\"\nkeys = [\"ec-p256\"]\n"
      "key_usage = [\"digitalSignature\"]\nextended_key_usage = [\"serverAuth\"]\n[profile.p.names]\ndns = [\"**\"]\n" +
      toml_of_client("a", rate_of_a) + toml_of_client("b", rate_of_b);
  auto parsed = Policy::parse(bytes_of(text), "policy.toml");
  if (!parsed.has_value()) throw std::runtime_error(parsed.error().message);
  return *std::move(parsed);
}

class RateLimiterTest : public testing::Test {
 protected:
  /// How many tokens can be taken now, up to 100.
  std::size_t available(const PolicyClient& client, Charge charge = Charge::kIssuance) {
    std::size_t taken = 0;
    while (taken < 100 && limiter_.take(client, charge).has_value()) ++taken;
    return taken;
  }

  SetClock clock_;
  RateLimiter limiter_{clock_};
};

TEST_F(RateLimiterTest, ATokenThatIsGivenBackIsThereAgainAndNeverMoreThanTheBurst) {
  const Policy rules = policy("rate = \"6/m\"\nburst = 3", "rate = \"6/m\"\nburst = 3");
  const PolicyClient& a = rules.clients().at("a");
  EXPECT_EQ(available(a), 3U);
  limiter_.give_back(a, Charge::kIssuance);
  EXPECT_EQ(available(a), 1U);
  clock_.at += 1h;
  limiter_.give_back(a, Charge::kIssuance);
  EXPECT_EQ(available(a), 3U);
  limiter_.give_back(rules.clients().at("b"), Charge::kIssuance);
  EXPECT_EQ(available(rules.clients().at("b")), 3U);
}

TEST_F(RateLimiterTest, TheBurstIsThereAtFirstAndComesBackByTheRate) {
  const Policy rules = policy("rate = \"6/m\"\nburst = 3");
  const PolicyClient& a = rules.clients().at("a");
  EXPECT_EQ(available(a), 3U);
  clock_.at += 10s - 1us;
  EXPECT_EQ(available(a), 0U);
  clock_.at += 1us;
  EXPECT_EQ(available(a), 1U);
  clock_.at += 20s;
  EXPECT_EQ(available(a), 2U);
  clock_.at += 24h;
  EXPECT_EQ(available(a), 3U) << "never more than the burst";
}

TEST_F(RateLimiterTest, ARefusalNamesClientRateAndBurstAndWhenThereWillBeAToken) {
  const Policy rules = policy("rate = \"6/m\"\nburst = 1");
  ASSERT_TRUE(limiter_.take(rules.clients().at("a"), Charge::kIssuance).has_value());
  clock_.at += 2500ms;
  const auto refused = limiter_.take(rules.clients().at("a"), Charge::kIssuance);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(refused.error().field, "rate");
  EXPECT_TRUE(refused.error().retryable);
  EXPECT_EQ(refused.error().retry_after, 7500ms);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("client a"), HasSubstr("6/m"), HasSubstr("burst of 1")));
  clock_.at += refused.error().retry_after;
  EXPECT_TRUE(limiter_.take(rules.clients().at("a"), Charge::kIssuance).has_value()) << "who waits as told gets one";
}

TEST_F(RateLimiterTest, OneClientDoesNotUseUpAnothersAndWithoutARateThereIsNoLimit) {
  const Policy rules = policy("rate = \"1/d\"");
  EXPECT_EQ(available(rules.clients().at("a")), 1U);
  EXPECT_EQ(available(rules.clients().at("b")), 100U);
  const Policy both = policy("rate = \"1/d\"", "rate = \"1/d\"");
  EXPECT_EQ(available(both.clients().at("b")), 1U);
}

TEST_F(RateLimiterTest, RepeatsHaveABucketOfTheirOwnTenTimesAsLarge) {
  const Policy rules = policy("rate = \"6/m\"\nburst = 2");
  const PolicyClient& a = rules.clients().at("a");
  EXPECT_EQ(available(a), 2U);
  EXPECT_EQ(available(a, Charge::kRepeat), 20U);
  clock_.at += 1s;
  EXPECT_EQ(available(a, Charge::kRepeat), 1U);
  EXPECT_EQ(available(a), 0U);
}

TEST_F(RateLimiterTest, AReloadLeavesTheBucketsOfAnUnchangedRateAsTheyAre) {
  const Policy before = policy("rate = \"1/h\"\nburst = 5", "rate = \"1/h\"\nburst = 5");
  EXPECT_EQ(available(before.clients().at("a")), 5U);
  EXPECT_EQ(available(before.clients().at("b")), 5U);
  const Policy after = policy("rate = \"1/h\"\nburst = 5", "rate = \"1/h\"\nburst = 6");
  limiter_.keep_only(after);
  EXPECT_EQ(available(after.clients().at("a")), 0U);
  EXPECT_EQ(available(after.clients().at("b")), 6U);
  EXPECT_EQ(available(before.clients().at("b")), 5U) << "a request of the old policy has its own bucket";
  EXPECT_EQ(available(after.clients().at("b")), 0U) << "and does not fill the new one";
}

TEST_F(RateLimiterTest, TheLargestRateAndTheSmallestDoNotOverflow) {
  const Policy rules = policy("rate = \"1000000/s\"\nburst = 1000000", "rate = \"1/d\"\nburst = 1000000");
  EXPECT_EQ(available(rules.clients().at("a")), 100U);
  EXPECT_EQ(available(rules.clients().at("b")), 100U);
  EXPECT_EQ(available(rules.clients().at("b"), Charge::kRepeat), 100U);
}

}  // namespace
}  // namespace signet
