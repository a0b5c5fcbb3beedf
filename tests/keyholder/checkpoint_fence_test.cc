#include "keyholder/checkpoint_fence.h"

#include <gmock/gmock.h>

#include "keyholder/authority.h"
#include "keyholder/grown_log.h"

namespace signet {
namespace {

using test::GrownLog;
using testing::AllOf;
using testing::HasSubstr;

const std::string kOrigin = "ca.example/test";

class CheckpointFenceTest : public testing::Test {
 protected:
  GrownLog log_{kOrigin};
  GrownLog fork_{kOrigin, "another entry"};

  /// The message of a refusal by this rule.
  static std::string refused_by(std::string_view rule, const Result<log::TreeHead>& result) {
    if (result.has_value()) return "it was let through";
    EXPECT_EQ(result.error().code, ErrorCode::kPermissionDenied);
    EXPECT_EQ(result.error().field, "fence." + std::string(rule)) << result.error().message;
    return result.error().message;
  }
  Result<log::TreeHead> check(std::optional<log::TreeHead> last, std::string_view text, std::uint64_t old_size = 0,
                              const log::Proof& proof = {}) {
    return check_checkpoint_fence(kOrigin, last, bytes_of(text), {.old_size = old_size, .proof = proof});
  }
};

TEST_F(CheckpointFenceTest, LetsTheFirstCheckpointThroughWhateverItsSize) {
  for (const std::size_t size : {0U, 1U, 7U, 200U}) {
    const auto head = check({}, log_.text(size));
    ASSERT_TRUE(head.has_value()) << head.error().message;
    EXPECT_EQ(*head, log_.head(size));
  }
}

TEST_F(CheckpointFenceTest, LetsEveryLaterTreeThroughWithItsProof) {
  for (std::size_t old_size = 1; old_size < 40; ++old_size) {
    for (std::size_t size = old_size; size < 40; ++size) {
      const auto head = check(log_.head(old_size), log_.text(size), old_size, log_.proof(old_size, size));
      ASSERT_TRUE(head.has_value()) << old_size << " to " << size << ": " << head.error().message;
      EXPECT_EQ(*head, log_.head(size));
    }
  }
}

TEST_F(CheckpointFenceTest, RefusesATreeWithoutEntriesThatHasAnothersRoot) {
  const std::string text = log::format_checkpoint({.origin = kOrigin, .size = 0, .root = log_.root(1)}).value();
  EXPECT_THAT(refused_by("size", check({}, text)), HasSubstr("root"));
}

TEST_F(CheckpointFenceTest, RefusesASmallerTree) {
  EXPECT_THAT(refused_by("size", check(log_.head(8), log_.text(7), 8)), AllOf(HasSubstr("of 7"), HasSubstr("of 8")));
  EXPECT_THAT(refused_by("size", check(log_.head(8), log_.text(0), 8)), HasSubstr("of 0"));
  EXPECT_THAT(refused_by("size", check(log_.head(8), log_.text(7), 7)), HasSubstr("older copy"));
}

TEST_F(CheckpointFenceTest, RefusesAnotherRootOfTheSameSize) {
  EXPECT_THAT(refused_by("size", check(log_.head(8), fork_.text(8), 8)),
              AllOf(HasSubstr("forked"), HasSubstr(to_hex(fork_.root(8))), HasSubstr(to_hex(log_.root(8)))));
}

TEST_F(CheckpointFenceTest, RefusesATreeLargerThanThereCanBe) {
  const std::string text =
      log::format_checkpoint({.origin = kOrigin, .size = log::kMaxTreeSize + 1, .root = log_.root(1)}).value();
  refused_by("size", check({}, text));
}

TEST_F(CheckpointFenceTest, RefusesAForkThatHasGrown) {
  refused_by("consistency", check(log_.head(8), fork_.text(13), 8, fork_.proof(8, 13)));
  refused_by("consistency", check(log_.head(8), fork_.text(13), 8, log_.proof(8, 13)));
  refused_by("consistency", check(log_.head(8), log_.text(13), 8, fork_.proof(8, 13)));
}

TEST_F(CheckpointFenceTest, RefusesAProofThatIsMissingTooLongOrOfOtherSizes) {
  log::Proof proof = log_.proof(6, 13);
  refused_by("consistency", check(log_.head(6), log_.text(13), 6));
  refused_by("consistency", check(log_.head(6), log_.text(13), 6, log_.proof(6, 12)));
  refused_by("consistency", check(log_.head(6), log_.text(13), 6, log_.proof(5, 13)));
  for (Sha256& hash : proof) {
    hash[31] ^= 1U;
    refused_by("consistency", check(log_.head(6), log_.text(13), 6, proof));
    hash[31] ^= 1U;
  }
  ASSERT_TRUE(check(log_.head(6), log_.text(13), 6, proof).has_value());
  proof.push_back(log_.root(1));
  refused_by("consistency", check(log_.head(6), log_.text(13), 6, proof));
  refused_by("consistency", check(log_.head(6), log_.text(6), 6, {log_.root(6)}));
}

TEST_F(CheckpointFenceTest, RefusesAProofThatStartsElsewhereThanItsMemory) {
  EXPECT_THAT(refused_by("consistency", check(log_.head(6), log_.text(13), 0)),
              AllOf(HasSubstr("starts from 0"), HasSubstr("is of 6")));
  refused_by("consistency", check(log_.head(6), log_.text(13), 7, log_.proof(7, 13)));
  refused_by("consistency", check({}, log_.text(13), 6, log_.proof(6, 13)));
}

TEST_F(CheckpointFenceTest, RefusesAnotherOrigin) {
  GrownLog other("ca.example/test2");
  EXPECT_THAT(refused_by("origin", check({}, other.text(3))),
              AllOf(HasSubstr("\"ca.example/test2\""), HasSubstr("\"ca.example/test\"")));
}

TEST_F(CheckpointFenceTest, RefusesWhatIsNoCheckpoint) {
  const std::string good = log_.text(3);
  const std::string root = to_base64(log_.root(3));
  for (const std::string& text :
       {std::string(), std::string("\n"), good.substr(0, good.size() - 1), good + "\n", good + "extension\n",
        "\n" + good, kOrigin + "\n03\n" + root + "\n", kOrigin + "\n3 \n" + root + "\n",
        kOrigin + "\n-3\n" + root + "\n", kOrigin + "\r\n3\r\n" + root + "\r\n",
        kOrigin + "\n18446744073709551616\n" + root + "\n", kOrigin + "\n3\n" + to_hex(log_.root(3)) + "\n",
        good + "\n\xE2\x80\x94 key AAAAAAAA\n", "cosignature/v1\ntime 1700000000\n" + good,
        std::string("Signet keyholder self-test, version 1")}) {
    EXPECT_NE(refused_by("structure", check({}, text)), "it was let through") << text;
  }
}

TEST_F(CheckpointFenceTest, RefusesATbsCertificate) {
  const PublicKey key = PublicKey::from_spki(test::fresh_spki()).value();
  const Time now = system_clock().now();
  const Certificate ca = test::unsigned_certificate(test::ca_fields(key, "Issuing CA", now));
  const TbsDer tbs = encode_tbs(test::leaf_fields(ca, now));
  refused_by("structure", check({}, text_of(tbs.view())));
}

}  // namespace
}  // namespace signet
