// Folders written by the daemon's own classes: what they write is what the verifier demands.
#include <span>

#include "base/clock.h"
#include "log/entry_log.h"
#include "log/publisher.h"
#include "log_folder.h"

namespace signet::audit {
namespace {

using namespace test;

/// A keyholder of one key, in this process.
class LocalKey : public log::CheckpointKey {
 public:
  LocalKey(const std::string& journal_path, const Sha256& id)
      : id_(id), journal_(log::Journal::open(journal_path, {.last = {{.key = id_}}}, system_clock()).value()) {}

  Result<std::optional<log::TreeHead>> last_signed() override { return journal_->last_checkpoint(id_); }
  Result<Bytes> sign(std::string_view text, std::uint64_t /*old_size*/, const log::Proof& /*proof*/) override {
    SIGNET_TRY(const log::Checkpoint checkpoint, log::parse_checkpoint(text));
    SIGNET_CHECK(journal_->append(log::JournalKind::kLogCheckpoint, id_, sha256(bytes_of(text)),
                                  log::TreeHead{.size = checkpoint.size, .root = checkpoint.root}));
    return log_key().sign(bytes_of(text));
  }
  /// As before a certificate is signed.
  void note_certificate(ByteView tbs) {
    const Sha256 key = Authority::get().certificate.public_key().spki_sha256();
    ASSERT_TRUE(journal_->append(log::JournalKind::kEndEntityCertificate, key, sha256(tbs)).has_value());
  }

 private:
  Sha256 id_;
  std::unique_ptr<log::Journal> journal_;
};

class Ignore : public log::Observer {
 public:
  Result<void> apply(std::span<const log::Entry> /*entries*/) override { return {}; }
};

class DaemonFilesTest : public AuditTest {
 protected:
  /// One life of a daemon: entries, certificates, checkpoints, and its end.
  void live(int certificates, bool first) {
    Ignore ignore;
    const auto log = log::EntryLog::open(folder(), system_clock()).value();
    LocalKey key(directory_ / "journal", log_key().public_key().spki_sha256());
    auto publisher =
        log::Publisher::open(
            {.directory = folder(), .verifier = log_key().verifier(kOrigin), .interval = std::chrono::milliseconds(1)},
            *log, system_clock())
            .value();
    ASSERT_TRUE(publisher->check_memory(key).has_value());
    ASSERT_TRUE(log->start(ignore).has_value());
    if (first) {
      ASSERT_TRUE(log->append(log::genesis_draft({.origin = kOrigin, .log_key = vkey(log_key()), .version = "0.1.0"}))
                      .has_value());
    }
    ASSERT_TRUE(log->append(log::process_draft(log::ProcessEvent::kStart,
                                               {.process = "signet-issuer", .version = "0.1.0", .host = "ca-1"}))
                    .has_value());
    ASSERT_TRUE(publisher->start(key).has_value());
    for (int i = 0; i < certificates; ++i) issue(*log, key);
    ASSERT_TRUE(publisher->wait_for(log->size() - 1, std::chrono::seconds(60)));
    publisher->stop();
    log->stop();
  }

  /// Drafts come from a log in memory, which takes the same ones.
  static void issue(log::EntryLog& log, LocalKey& key) {
    LogFolder drafts;
    drafts.intent();
    const auto fields = log::read_intent(log::parse_entry(drafts.entries.at(0), 0).value()).value();
    const auto intent = log.append(log::intent_draft(fields));
    ASSERT_TRUE(intent.has_value()) << intent.error().message;
    key.note_certificate(fields.tbs.view());
    drafts.issued(0);
    auto outcome = log::read_issued(log::parse_entry(drafts.entries.at(1), 1).value()).value();
    outcome.intent = *intent;
    ASSERT_TRUE(log.append(log::issued_draft(outcome), log::Urgency::kEssential).has_value());
  }
};

TEST_F(DaemonFilesTest, AreCleanAfterSeveralLives) {
  live(5, true);
  live(140, false);
  live(3, false);
  const Report report = verify_folder();
  EXPECT_TRUE(report.clean()) << report.text();
  EXPECT_TRUE(report.notes.empty()) << report.text();
  EXPECT_EQ(report.summary.certificates_verified, 148U);
  EXPECT_EQ(report.summary.covered, report.summary.entries);
  ASSERT_TRUE(report.summary.anchor.has_value());
  EXPECT_EQ(report.summary.anchor->size, report.summary.entries);
}

TEST_F(DaemonFilesTest, AreCleanInTheMiddleOfTheirGrowth) {
  live(5, true);
  Ignore ignore;
  {
    const auto log = log::EntryLog::open(folder(), system_clock()).value();
    ASSERT_TRUE(log->start(ignore).has_value());
    LocalKey key(directory_ / "journal", log_key().public_key().spki_sha256());
    issue(*log, key);
    const Report report = verify_folder();
    EXPECT_TRUE(report.clean()) << report.text();
    EXPECT_TRUE(report.notes_say("not-covered")) << report.text();
    log->stop();
  }
}

}  // namespace
}  // namespace signet::audit
