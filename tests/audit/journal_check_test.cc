// The reconciliation of a log with journals, by itself: for logs too long for the other tests.
#include "audit/journal_check.h"

#include "log_folder.h"

namespace signet::audit {
namespace {

using namespace test;

class Collector : public Listener {
 public:
  void found(const Finding& finding) override { ids.push_back(finding.id); }
  void progress(const Progress& /*progress*/) override {}
  std::vector<std::string> ids;
};

Sha256 hash_of(std::uint64_t number) {
  Sha256 hash{};
  std::memcpy(hash.data(), &number, sizeof(number));
  return hash;
}

class JournalCheckTest : public ::testing::Test {
 protected:
  /// What is said of a log with so many certificates, one a millisecond, of which the journal has the first two and
  /// then those that `times` are the times of.
  std::vector<std::string> check(std::uint64_t certificates, const std::vector<std::int64_t>& times = {}) {
    std::vector<log::JournalRecord> records;
    for (std::uint64_t i = 0; i < 2; ++i) {
      const auto kind = i == 0 ? log::JournalKind::kCaCertificate : log::JournalKind::kEndEntityCertificate;
      records.push_back({.kind = kind, .time = at(i), .structure = hash_of(i)});
    }
    for (const std::int64_t time : times)
      records.push_back({.kind = log::JournalKind::kLogCheckpoint, .time = at(time)});
    JournalCheck journal = JournalCheck::open({directory_.write("journal", journal_text(records))}).value();
    Collector collector;
    Reporter reporter(collector, 20);
    journal.report_to(reporter);
    for (std::uint64_t i = 0; i < certificates; ++i) {
      journal.intent(hash_of(i));
      EXPECT_TRUE(journal.issued(i, at(i).time_since_epoch().count(), hash_of(i)).has_value());
    }
    EXPECT_TRUE(journal.finish().has_value());
    return collector.ids;
  }

 private:
  static Time at(std::uint64_t number) { return Time(std::chrono::milliseconds(1'000 + number)); }
  static Time at(std::int64_t number) { return at(static_cast<std::uint64_t>(number)); }
  signet::test::TempDirectory directory_;
};

TEST_F(JournalCheckTest, AnOldJournalOfALogThatWentOnEndsEarlierHoweverManyCameLater) {
  EXPECT_EQ(check(kMaxUnmatched + 1'000), std::vector<std::string>{"journal-ends-earlier"});
}

TEST_F(JournalCheckTest, GivesUpOnAJournalThatGoesOnAndDoesNotKnowTheCertificates) {
  const auto behind = static_cast<std::int64_t>(2 * kMaxUnmatched);
  EXPECT_EQ(check(kMaxUnmatched + 1'000, {behind}).front(), "journal-unreconciled");
}

}  // namespace
}  // namespace signet::audit
