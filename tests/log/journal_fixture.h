// A folder with a journal in it.
#pragma once

#include <sys/stat.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "log/journal.h"
#include "log_fixture.h"
#include "support/command.h"

namespace signet::log {

inline Sha256 hash_of(std::uint8_t byte) {
  Sha256 hash;
  hash.fill(byte);
  return hash;
}

inline const Sha256 kKeyA = hash_of(0xA0);
inline const Sha256 kKeyB = hash_of(0xB0);
inline const Time kNoon = std::chrono::sys_days(std::chrono::year(2026) / 1 / 2) + std::chrono::hours(12);
inline constexpr auto kCertificate = JournalKind::kEndEntityCertificate;
inline constexpr auto kCheckpoint = JournalKind::kLogCheckpoint;
inline constexpr auto kCrl = JournalKind::kCrl;
/// What open() of the fixture writes: a start, and of two keys that there is or is not a last checkpoint and CRL.
inline constexpr std::size_t kStartRecords = 5;

inline JournalNumber number(std::uint8_t low) {
  JournalNumber padded{};
  padded.back() = low;
  return padded;
}

class JournalTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return directory_ / "journal"; }
  /// Searches for the last checkpoint and the last CRL of each key.
  [[nodiscard]] Result<std::unique_ptr<Journal>> try_open(const std::vector<Sha256>& keys = {kKeyA, kKeyB},
                                                          FileOps& ops = system_file_ops()) const {
    JournalSearch search;
    for (const Sha256& key : keys) search.last.insert(search.last.end(), {{key, kCheckpoint}, {key, kCrl}});
    return Journal::open(path(), search, clock_, ops);
  }
  [[nodiscard]] std::unique_ptr<Journal> open(const std::vector<Sha256>& keys = {kKeyA, kKeyB},
                                              FileOps& ops = system_file_ops()) const {
    auto journal = try_open(keys, ops);
    if (!journal) throw std::runtime_error(journal.error().message);
    return *std::move(journal);
  }
  [[nodiscard]] std::vector<JournalRecord> read_all() const {
    std::vector<JournalRecord> records;
    const auto end = read_journal(path(), [&](std::uint64_t number, const JournalRecord& record) -> Result<void> {
      EXPECT_EQ(number, records.size());
      records.push_back(record);
      return {};
    });
    EXPECT_TRUE(end.has_value()) << end.error().message;
    EXPECT_EQ(end.value_or(JournalEnd{}).records, records.size());
    return records;
  }
  [[nodiscard]] Bytes file_bytes() const { return copy_of(bytes_of(test::slurp(path()))); }
  void overwrite(const Bytes& bytes) const { directory_.write("journal", text_of(bytes)); }

  static void append_certificates(Journal& journal, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_TRUE(journal.append(kCertificate, kKeyA, hash_of(static_cast<std::uint8_t>(i))).has_value());
    }
  }
  static void append_checkpoint(Journal& journal, const Sha256& key, std::uint64_t size) {
    const auto done = journal.append(kCheckpoint, key, hash_of(1), TreeHead{.size = size, .root = root_of(size)});
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  static Sha256 root_of(std::uint64_t size) { return hash_of(static_cast<std::uint8_t>(size)); }

  void expect_refused(std::string_view part_of_message) const {
    const Bytes before = file_bytes();
    const auto refused = try_open();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::kDataLoss);
    EXPECT_NE(refused.error().message.find(part_of_message), std::string::npos) << refused.error().message;
    EXPECT_EQ(file_bytes(), before) << "nothing may be changed";
  }

  SetClock clock_{kNoon};
  test::TempDirectory directory_;
};

}  // namespace signet::log
