// A journal's repeats (log/journal.h): honest ones, and those that would make a keyholder forget.
#include <algorithm>
#include <optional>

#include "log_folder.h"

namespace signet::audit {
namespace {

using namespace test;
using log::JournalKind;
using log::JournalRecord;

const Sha256& ca_key() {
  static const Sha256 key = Authority::get().certificate.public_key().spki_sha256();
  return key;
}

class JournalMemoryTest : public AuditTest {
 protected:
  /// Two repeats of each keyholder's start, as it writes them.
  void repeat() {
    repeat(JournalKind::kLogCheckpoint, log_.key->public_key().spki_sha256());
    repeat(JournalKind::kCrl, ca_key());
  }
  void repeat(JournalKind kind, const Sha256& key) {
    JournalRecord record{.key = key};
    for (const JournalRecord& each : log_.journal) {
      if (each.kind == kind && each.key == key) record = each;
    }
    record.kind = kind == JournalKind::kCrl ? JournalKind::kLastCrl : JournalKind::kLastCheckpoint;
    record.time = log_.now;
    log_.journal.push_back(record);
  }
  void sign_crl(std::uint8_t number) {
    JournalRecord record{.kind = JournalKind::kCrl,
                         .time = log_.now,
                         .key = ca_key(),
                         .structure = sha256(bytes_of("CRL " + std::to_string(number)))};
    record.number.back() = number;
    log_.journal.push_back(record);
    log_.crl(std::to_string(number));
  }
  [[nodiscard]] Report verified() {
    write(log_);
    log_.write_journal(directory_ / "journal");
    return verify_folder();
  }
  [[nodiscard]] std::string place_of(std::size_t record) const {
    return directory_ / "journal" + (", record " + std::to_string(record));
  }

  /// Repeats that say "none", CRLs 7 and 8, two checkpoints, and repeats that say which are the last.
  LogFolder log_ = [] {
    LogFolder log;
    log.journal.push_back({.kind = JournalKind::kStart, .time = log.now});
    return log;
  }();
  void SetUp() override {
    repeat();
    log_.genesis();
    log_.checkpoint();
    sign_crl(7);
    log_.issue();
    sign_crl(8);
    log_.checkpoint();
    log_.journal.push_back({.kind = JournalKind::kStart, .time = log_.now});
    repeat();
    log_.issue();
    log_.checkpoint();
  }
  /// The last record of a kind.
  [[nodiscard]] std::size_t last(JournalKind kind) const {
    const auto found = std::ranges::find(log_.journal.rbegin(), log_.journal.rend(), kind, &JournalRecord::kind);
    return static_cast<std::size_t>(log_.journal.rend() - found) - 1;
  }
};

TEST_F(JournalMemoryTest, RepeatsAreNoSignatures) {
  const Report report = verified();
  EXPECT_TRUE(report.clean()) << report.text();
  EXPECT_TRUE(report.notes.empty()) << report.text();
  EXPECT_EQ(report.summary.journal_records, log_.journal.size());
  EXPECT_EQ(report.summary.covered, log_.entries.size());
}

TEST_F(JournalMemoryTest, FindsARepeatThatForgetsWhatWasSigned) {
  const std::size_t which = last(JournalKind::kLastCheckpoint);
  log_.journal.at(which) = {
      .kind = JournalKind::kLastCheckpoint, .time = log_.journal.at(which).time, .key = log_.journal.at(which).key};
  const Report report = verified();
  EXPECT_ONLY(report, "journal-repeat", place_of(which));
  EXPECT_NE(report.findings.front().message.find("is none; in front of it the last is the tree of"), std::string::npos)
      << report.text();
}

TEST_F(JournalMemoryTest, FindsARepeatOfAnOlderOne) {
  const std::size_t crl = last(JournalKind::kLastCrl);
  log_.journal.at(crl).number.back() = 7;
  EXPECT_ONLY(verified(), "journal-repeat", place_of(crl));
}

TEST_F(JournalMemoryTest, FindsARepeatOfAnotherStructureTreeOrKey) {
  const std::vector<JournalRecord> honest = log_.journal;
  const auto expect_found = [&](JournalKind kind, auto change) {
    log_.journal = honest;
    const std::size_t which = last(kind);
    change(log_.journal.at(which));
    EXPECT_ONLY(verified(), "journal-repeat", place_of(which));
  };
  expect_found(JournalKind::kLastCheckpoint, [](JournalRecord& record) { record.size -= 1; });
  expect_found(JournalKind::kLastCheckpoint, [](JournalRecord& record) { record.root[0] ^= 1U; });
  expect_found(JournalKind::kLastCheckpoint, [](JournalRecord& record) { record.structure[0] ^= 1U; });
  expect_found(JournalKind::kLastCheckpoint, [](JournalRecord& record) { record.key = ca_key(); });
  expect_found(JournalKind::kLastCrl, [](JournalRecord& record) { record.structure[0] ^= 1U; });
  expect_found(JournalKind::kLastCrl, [](JournalRecord& record) { record.key[0] ^= 1U; });
}

TEST_F(JournalMemoryTest, FindsARepeatOfWhatWasNeverSigned) {
  const std::size_t which = 2;
  ASSERT_EQ(log_.journal.at(which).kind, JournalKind::kLastCrl);
  log_.journal.at(which).structure = sha256(bytes_of("a CRL of the future"));
  log_.journal.at(which).number.back() = 99;
  const Report report = verified();
  EXPECT_ONLY(report, "journal-repeat", place_of(which));
  EXPECT_NE(report.findings.front().message.find("in front of it the last is none"), std::string::npos)
      << report.text();
}

TEST_F(JournalMemoryTest, FindsARepeatThatStandsInTheRecordsOfAnotherTime) {
  const std::size_t which = last(JournalKind::kLastCrl);
  JournalRecord stale = log_.journal.at(which);
  sign_crl(9);
  stale.time = log_.now;
  log_.journal.push_back(stale);
  log_.checkpoint();
  EXPECT_ONLY(verified(), "journal-repeat", place_of(log_.journal.size() - 2));
}

}  // namespace
}  // namespace signet::audit
