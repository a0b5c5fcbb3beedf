// Honest log folders, made without a daemon, and ways to see what verify() says of them.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "log/checkpoint.h"
#include "log/entries.h"
#include "log/journal.h"
#include "log/note_keys.h"
#include "signet/audit.h"
#include "support/temp_directory.h"
#include "x509/certificate.h"

namespace signet::audit::test {

inline constexpr const char* kOrigin = "ca.example.com/signet/test";

/// An issuing CA played by OpenSSL. Made once for all tests of a process.
struct Authority {
  log::TestKey key{KeyType::kEcP256};
  Certificate certificate;
  static const Authority& get();
  static const Authority& other();  ///< of another key and name
};
/// The log's key, another one, and a witness's. All are Ed25519.
[[nodiscard]] const log::TestKey& log_key();
[[nodiscard]] const log::TestKey& other_key();
[[nodiscard]] const log::TestKey& witness_key();
[[nodiscard]] std::string vkey(const log::TestKey& key, log::NoteKeyType type = log::NoteKeyType::kEd25519);

/// A log in memory, to be changed and then written.
class LogFolder {
 public:
  std::vector<Bytes> entries;
  std::vector<log::Note> checkpoints;  ///< as they were signed; the last is the newest
  std::vector<log::JournalRecord> journal;
  Time now;
  std::string boot = "11111111-2222-3333-4444-555555555555";
  std::int64_t mono = 1'000'000;
  const log::TestKey* key = &log_key();

  LogFolder();

  /// Each of these appends one entry, a millisecond after the one before, and returns its seq.
  std::uint64_t add(log::Draft draft);
  std::uint64_t genesis(const std::function<void(log::GenesisFields&)>& change = {});
  std::uint64_t start();
  std::uint64_t heartbeat();
  std::uint64_t intent(const std::function<void(log::IntentFields&)>& change = {},
                       const std::function<void(TbsFields&)>& change_tbs = {});
  std::uint64_t issued(std::uint64_t intent, const std::function<void(log::IssuedFields&)>& change = {});
  std::uint64_t orphaned(std::uint64_t intent);
  /// Of Authority::get() unless of another key; its TBSCertList is the text "CRL " and the number.
  std::uint64_t crl(const std::string& number, const std::function<void(log::CrlFields&)>& change = {});
  /// Intent, record of the journal, outcome. Returns the seq of the outcome.
  std::uint64_t issue();

  /// Signs the tree as it is, as the daemon would, and notes it in the journal.
  void checkpoint();
  [[nodiscard]] log::Note signed_checkpoint(std::uint64_t size, const log::TestKey& signer) const;
  [[nodiscard]] Sha256 root(std::uint64_t size) const;

  /// A log with every kind of file: 300 entries, 20 certificates, 6 checkpoints, full and partial tiles.
  [[nodiscard]] static LogFolder honest();

  /// Everything below `directory`, which is made. Tiles are those of the newest checkpoint.
  void write(const std::string& directory) const;
  void write_entries(const std::string& directory) const;
  void write_journal(const std::string& path) const;
  [[nodiscard]] Bytes frames() const;
  /// Where the frame of an entry begins in the file.
  [[nodiscard]] std::size_t offset_of(std::uint64_t entry) const;

 private:
  [[nodiscard]] log::Entry read(std::uint64_t seq) const;
};

[[nodiscard]] std::string journal_text(const std::vector<log::JournalRecord>& records);

/// What verify() reported.
struct Report {
  std::vector<Finding> findings;
  std::vector<Finding> notes;
  Summary summary;
  [[nodiscard]] bool clean() const { return summary.clean(); }
  /// There is a finding of that name at that place.
  [[nodiscard]] bool has(const std::string& id, const std::string& place) const;
  [[nodiscard]] bool notes_say(const std::string& id) const;
  [[nodiscard]] std::string text() const;
};

/// A folder of a test's own, with an honest log in it unless a test writes another.
class AuditTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string folder() const { return directory_ / "log"; }
  [[nodiscard]] std::string path(const std::string& name) const { return folder() + "/" + name; }
  void write(const LogFolder& log) const;
  /// With the log's key, the issuer's certificate, and the journal if it was written.
  [[nodiscard]] VerifyOptions options() const;
  [[nodiscard]] Report verify_folder() const { return verify_with(options()); }
  [[nodiscard]] Report verify_with(const VerifyOptions& options) const;

  [[nodiscard]] Bytes bytes_of_file(const std::string& name) const;
  void overwrite(const std::string& name, ByteView bytes) const;
  /// Changes one byte.
  void flip(const std::string& name, std::size_t offset) const;
  [[nodiscard]] std::string write_note(const std::string& name, const log::Note& note) const;

  signet::test::TempDirectory directory_;
};

/// Exactly these kinds of findings, one of them at that place.
#define EXPECT_ONLY(report, id, place)                                \
  do {                                                                \
    const auto& reported = (report);                                  \
    EXPECT_TRUE(reported.has(id, place)) << reported.text();          \
    EXPECT_EQ(reported.summary.counts.size(), 1U) << reported.text(); \
  } while (false)
/// That finding; others may follow from it.
#define EXPECT_FOUND(report, id, place)                      \
  do {                                                       \
    const auto& reported = (report);                         \
    EXPECT_TRUE(reported.has(id, place)) << reported.text(); \
  } while (false)

}  // namespace signet::audit::test
