#include "keyholder/crl_fence.h"

#include "keyholder/fence_fixture.h"
#include "x509/der.h"

namespace signet {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

class CrlFenceTest : public test::FenceFixture {
 protected:
  CrlFenceTest()
      : FenceFixture({.may_sign = {ArtifactKind::kCrl}, .clock_tolerance = 1h, .longest_crl_period = 7 * 24h}) {}
  CrlFields crl_ = test::crl_fields(ca_, clock_.time, 7);

  [[nodiscard]] Result<CrlVerdict> check() const {
    return check_crl_fence(rules_, ca_, clock_, encode_tbs_crl(crl_).view());
  }
  std::string refused_by(std::string_view rule) const { return message_of(check(), rule); }
};

TEST_F(CrlFenceTest, LetsACrlOfItsCaThrough) {
  const auto verdict = check();
  ASSERT_TRUE(verdict.has_value()) << verdict.error().message;
  EXPECT_EQ(verdict->algorithm, SignatureAlgorithm::kEcdsaSha256);
  EXPECT_EQ(verdict->number, CrlNumber(7));
  crl_.revoked.clear();
  EXPECT_TRUE(check().has_value());
  crl_.scope = CrlScope{.urls = {"http://ca.example/3.crl"}, .only_user_certificates = true};
  EXPECT_TRUE(check().has_value());
}

TEST_F(CrlFenceTest, RefusesWhatIsNoTbsCertList) {
  const auto rule_for = [&](ByteView tbs) { return rule_of(check_crl_fence(rules_, ca_, clock_, tbs)); };
  const Bytes tbs = encode_tbs_crl(crl_).bytes();
  EXPECT_EQ(rule_for({}), "fence.structure");
  EXPECT_EQ(rule_for(sha256(tbs)), "fence.structure");
  EXPECT_EQ(rule_for(encode_tbs(test::leaf_fields(ca_, clock_.time)).view()), "fence.structure");
  crl_.revoked.push_back(crl_.revoked.front());
  EXPECT_THAT(refused_by("structure"), HasSubstr("twice"));
}

TEST_F(CrlFenceTest, RefusesAFormThatThisCaDoesNotWrite) {
  const Bytes other = test::with_extension(encode_tbs_crl(crl_).view(), 0, "1.2.3", der::null());
  EXPECT_TRUE(parse_tbs_crl(other).has_value()) << "as a CRL it would be allowed";
  EXPECT_EQ(check_crl_fence(rules_, ca_, clock_, other).error().field, "fence.form");
}

TEST_F(CrlFenceTest, RefusesAnotherSignerThanItsCa) {
  const CrlFields good = crl_;
  crl_.algorithm = SignatureAlgorithm::kEcdsaSha384;
  EXPECT_THAT(refused_by("algorithm"), HasSubstr("ecdsa-with-SHA384"));
  crl_ = good;
  crl_.issuer = Name::from_attributes({{"CN", "Other CA"}}).value();
  EXPECT_THAT(refused_by("issuer"), AllOf(HasSubstr("Other CA"), HasSubstr("Issuing CA")));
  crl_ = good;
  crl_.authority_key_id = Bytes(20, 0xAB);
  EXPECT_THAT(refused_by("authority_key_id"), HasSubstr("abababab"));
  crl_.authority_key_id.reset();
  EXPECT_THAT(refused_by("authority_key_id"), HasSubstr("is absent"));
}

TEST_F(CrlFenceTest, MeasuresThisUpdateByItsOwnClock) {
  for (const auto away : {-1h, 1h}) {
    crl_ = test::crl_fields(ca_, clock_.time + away, 7);
    EXPECT_TRUE(check().has_value());
  }
  for (const auto away : {-3601s, 3601s}) {
    crl_ = test::crl_fields(ca_, clock_.time + away, 7);
    EXPECT_THAT(refused_by("this_update"), AllOf(HasSubstr("2026-01-02T0"), HasSubstr("more than 1h")));
  }
}

TEST_F(CrlFenceTest, TakesTheLongestPeriodAndNotASecondMore) {
  crl_.next_update = crl_.this_update + 7 * 24h;
  EXPECT_TRUE(check().has_value());
  crl_.next_update += 1s;
  EXPECT_THAT(refused_by("crl_period"), HasSubstr("at most longest_crl_period, 7d"));
  crl_.next_update = crl_.this_update;
  refused_by("crl_period");
}

TEST_F(CrlFenceTest, RefusesDeltas) {
  crl_.delta_base = CrlNumber(6);
  EXPECT_THAT(refused_by("crl_delta"), HasSubstr("CRL 6"));
}

TEST_F(CrlFenceTest, RefusesACrlWithoutANumber) {
  crl_.number.reset();
  EXPECT_THAT(refused_by("crl_number"), HasSubstr("absent"));
}

TEST_F(CrlFenceTest, LetsNumbersOnlyRise) {
  const auto refusal = [](const std::optional<CrlNumber>& last, const CrlNumber& next) {
    const auto result = check_crl_number(last, next);
    return result.has_value() ? std::string("it was let through")
                              : result.error().field + ": " + result.error().message;
  };
  EXPECT_EQ(refusal({}, CrlNumber(0)), "it was let through");
  EXPECT_EQ(refusal({}, CrlNumber(20'260'102'030'000)), "it was let through");
  EXPECT_EQ(refusal(CrlNumber(7), CrlNumber(8)), "it was let through");
  EXPECT_THAT(refusal(CrlNumber(7), CrlNumber(7)), HasSubstr("fence.crl_number: "));
  EXPECT_THAT(refusal(CrlNumber(7), CrlNumber(6)), HasSubstr("is 6, and this key signed 7 before"));
  EXPECT_THAT(refusal(CrlNumber(0), CrlNumber(0)), HasSubstr("signed 0 before"));
  EXPECT_THAT(refusal(CrlNumber(7), CrlNumber::highest()), HasSubstr("use the numbers up"));
  EXPECT_THAT(refusal({}, CrlNumber::highest()), HasSubstr("use the numbers up"));
}

}  // namespace
}  // namespace signet
