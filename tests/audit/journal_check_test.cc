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

/// A CRL of one key, known by a number that stands for its hash.
struct Crl {
  std::int64_t time = 0;  ///< milliseconds
  std::uint64_t hash = 0;
  std::uint8_t number = 0;
};

class CrlCheckTest : public ::testing::Test {
 protected:
  /// What is said of such a journal and such a log, when no more than ten may wait. The journal goes on for an hour.
  std::vector<std::string> check(const std::vector<Crl>& journal, const std::vector<Crl>& log) {
    std::vector<log::JournalRecord> records;
    for (const Crl& crl : journal) {
      records.push_back({.kind = log::JournalKind::kCrl, .time = at(crl.time), .structure = hash_of(crl.hash)});
      records.back().number.back() = crl.number;
    }
    records.push_back({.kind = log::JournalKind::kStart, .time = at(3'600'000)});
    JournalCheck check = JournalCheck::open({directory_.write("journal", journal_text(records))}, 10).value();
    Collector collector;
    Reporter reporter(collector, 20);
    check.report_to(reporter);
    std::uint64_t entry = 0;
    for (const Crl& crl : log) {
      const CrlFacts facts{
          .issuer = {}, .number = std::to_string(crl.number), .tbs_sha256 = hash_of(crl.hash), .spki_sha256 = {}};
      EXPECT_TRUE(check.crl(entry++, at(crl.time).time_since_epoch().count(), facts).has_value());
    }
    EXPECT_TRUE(check.finish().has_value());
    return collector.ids;
  }
  /// With numbers from 1 on, one each second.
  static std::vector<Crl> crls(std::uint8_t count, std::int64_t later_millis = 0) {
    std::vector<Crl> made;
    for (std::uint8_t i = 1; i <= count; ++i) made.push_back({1000 * i + later_millis, i, i});
    return made;
  }
  using Ids = std::vector<std::string>;

 private:
  static Time at(std::int64_t millis) { return Time(std::chrono::milliseconds(millis)); }
  signet::test::TempDirectory directory_;
};

TEST_F(CrlCheckTest, KeepsNoCrlThatHasMetItsRecord) {
  EXPECT_EQ(check(crls(200), crls(200, 5)), Ids{});
  EXPECT_EQ(check(crls(200, 5), crls(200)), Ids{}) << "the log's clock stands behind the keyholder's";
}

TEST_F(CrlCheckTest, GivesUpOnMoreCrlsThanMayWait) {
  EXPECT_EQ(check({}, crls(10)), Ids(10, "crl-not-in-journal"));
  EXPECT_EQ(check({}, crls(11)), Ids{"journal-unreconciled"});
  EXPECT_EQ(check(crls(10), {}), Ids(10, "crl-signed-in-secret"));
  EXPECT_EQ(check(crls(11), {}), Ids{"journal-unreconciled"});
  EXPECT_EQ(check(crls(200), crls(1, 190'000)), Ids{"journal-unreconciled"});
}

TEST_F(CrlCheckTest, ComparesEachEntryOfACrlThatTheLogHasTwice) {
  EXPECT_EQ(check({{1000, 7, 7}}, {{1001, 7, 7}, {1002, 7, 8}}), Ids{"crl-not-in-journal"});
  EXPECT_EQ(check({{1000, 7, 7}}, {{1001, 7, 6}, {1002, 7, 7}}), (Ids{"crl-other-number", "crl-not-in-journal"}));
  EXPECT_EQ(check({{1003, 7, 7}}, {{1001, 7, 6}, {1002, 7, 7}}), Ids{"crl-not-in-journal"});
  EXPECT_EQ(check({{1003, 7, 7}}, {{1001, 7, 6}}), Ids{"crl-other-number"});
}

}  // namespace
}  // namespace signet::audit
