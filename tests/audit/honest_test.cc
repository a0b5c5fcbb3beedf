// What is right is found to be right, also while it grows and after a crash.
#include <unistd.h>

#include "log_folder.h"

namespace signet::audit {
namespace {

using namespace test;

TEST_F(AuditTest, FindsAnHonestLogCleanAndSaysWhatWasProven) {
  const LogFolder log = LogFolder::honest();
  write(log);
  log.write_journal(directory_ / "journal");
  VerifyOptions options = this->options();
  options.since = write_note("since", log.checkpoints.at(2));
  const Report report = verify_with(options);
  EXPECT_TRUE(report.clean()) << report.text();
  EXPECT_TRUE(report.notes.empty()) << report.text();
  EXPECT_EQ(report.summary.entries, 300U);
  EXPECT_EQ(report.summary.intents, 20U);
  EXPECT_EQ(report.summary.certificates, 20U);
  EXPECT_EQ(report.summary.certificates_rebuilt, 20U);
  EXPECT_EQ(report.summary.certificates_verified, 20U);
  EXPECT_EQ(report.summary.checkpoints, 6U);
  EXPECT_EQ(report.summary.checkpoints_verified, 6U);
  EXPECT_EQ(report.summary.covered, 300U);
  EXPECT_EQ(report.summary.tiles, 5U);  // two bundles, two tiles of level 0, one of level 1
  EXPECT_EQ(report.summary.journal_records, log.journal.size());
  ASSERT_TRUE(report.summary.anchor.has_value());
  EXPECT_EQ(report.summary.anchor->size, 300U);
  EXPECT_EQ(report.summary.first_time, "2026-03-01T12:00:00.001000Z");
}

TEST_F(AuditTest, SaysWhatItCouldNotCheckWhenNothingIsGiven) {
  write(LogFolder::honest());
  VerifyOptions options;
  options.directory = folder();
  const Report report = verify_with(options);
  EXPECT_TRUE(report.clean()) << report.text();
  EXPECT_TRUE(report.notes_say("log-key-not-given"));
  EXPECT_TRUE(report.notes_say("issuers-not-given"));
  EXPECT_TRUE(report.notes_say("rollback-not-excluded"));
  EXPECT_EQ(report.summary.certificates_verified, 0U);
  EXPECT_FALSE(report.summary.log_key_given);
}

TEST_F(AuditTest, TakesALogKeyAsTextAsVerifierKeyFileAndAsPemFile) {
  write(LogFolder::honest());
  VerifyOptions options = this->options();
  for (const std::string& text : {vkey(log_key()) + "\n", encode_pem("PUBLIC KEY", log_key().public_key().spki())}) {
    options.log_key = directory_.write("key", text);
    const Report report = verify_with(options);
    EXPECT_TRUE(report.clean()) << report.text();
    EXPECT_EQ(report.summary.checkpoints_verified, 6U);
  }
}

TEST_F(AuditTest, FindsTheLogOfAnEmptyFolderToBeUnreadable) {
  VerifyOptions options;
  options.directory = folder();
  Report report;
  EXPECT_THROW(static_cast<void>(verify_with(options)), std::runtime_error);
}

TEST_F(AuditTest, FindsALogWithoutEntriesClean) {
  LogFolder log;
  write(log);
  const Report report = verify_folder();
  EXPECT_TRUE(report.clean()) << report.text();
  EXPECT_EQ(report.summary.entries, 0U);
}

TEST_F(AuditTest, TakesATornWriteBehindTheNewestCheckpointForWhatItIs) {
  const LogFolder log = LogFolder::honest();
  write(log);
  Bytes bytes = log.frames();
  LogFolder longer = log;
  longer.heartbeat();
  Bytes more = longer.frames();
  more.resize(more.size() - 7);
  overwrite("entries", more);
  Report report = verify_folder();
  EXPECT_TRUE(report.clean()) << report.text();
  EXPECT_TRUE(report.notes_say("entries-torn"));
  EXPECT_EQ(report.summary.entries, 300U);

  more.resize(more.size() + 1000);  // the hole that a power cut leaves, and zeros behind it
  overwrite("entries", more);
  report = verify_folder();
  EXPECT_TRUE(report.clean()) << report.text();
  EXPECT_TRUE(report.notes_say("entries-torn"));
  EXPECT_EQ(report.summary.entries, 300U);
}

TEST_F(AuditTest, SaysThatIntentsNearTheEndAreOpenWithoutCallingItAFinding) {
  LogFolder log = LogFolder::honest();
  log.intent();
  log.intent();
  write(log);
  const Report report = verify_folder();
  EXPECT_TRUE(report.clean()) << report.text();
  EXPECT_TRUE(report.notes_say("intents-open"));
  EXPECT_TRUE(report.notes_say("not-covered"));
  EXPECT_EQ(report.summary.open_intents, 2U);
}

TEST_F(AuditTest, LetsStartUpCloseWhatACrashLeftOpenEvenAfterSeveralStarts) {
  LogFolder log = LogFolder::honest();
  const auto first = log.intent();
  const auto second = log.intent();
  log.start();
  log.orphaned(first);
  log.start();  // the first start did not get to its end
  log.orphaned(second);
  log.issue();
  log.checkpoint();
  write(log);
  const Report report = verify_folder();
  EXPECT_TRUE(report.clean()) << report.text();
}

TEST_F(AuditTest, SaysThatAStartHasStillToCloseIntentsWhenTheLogEndsWithinIt) {
  LogFolder log = LogFolder::honest();
  log.intent();
  log.start();
  log.checkpoint();
  write(log);
  const Report report = verify_folder();
  EXPECT_TRUE(report.clean()) << report.text();
  EXPECT_TRUE(report.notes_say("intents-open-at-start"));
}

TEST_F(AuditTest, AllowsACheckpointToBeMissingFromTheMiddle) {
  LogFolder log = LogFolder::honest();
  log.checkpoints.erase(log.checkpoints.begin() + 2);
  write(log);
  log.write_journal(directory_ / "journal");
  const Report report = verify_folder();
  EXPECT_TRUE(report.clean()) << report.text();
  EXPECT_EQ(report.summary.checkpoints, 5U);
}

TEST_F(AuditTest, AllowsACrashBetweenTheTwoFilesOfCheckpoints) {
  const LogFolder log = LogFolder::honest();
  write(log);
  overwrite("checkpoint", bytes_of(log::text_of_note(log.checkpoints.at(4))));
  const Report report = verify_folder();
  EXPECT_TRUE(report.clean()) << report.text();
  EXPECT_TRUE(report.notes_say("checkpoint-behind"));
}

TEST_F(AuditTest, AllowsATornCheckpointAtTheEndOfTheirFile) {
  const LogFolder log = LogFolder::honest();
  write(log);
  Bytes kept = bytes_of_file("checkpoints");
  append(kept, ByteView(kept).first(100));
  overwrite("checkpoints", kept);
  const Report report = verify_folder();
  EXPECT_TRUE(report.clean()) << report.text();
  EXPECT_TRUE(report.notes_say("checkpoints-torn"));
}

TEST_F(AuditTest, AllowsATornCheckpointWhoseFirstBlockNeverReachedTheDisk) {
  const LogFolder log = LogFolder::honest();
  write(log);
  const Bytes kept = bytes_of_file("checkpoints");
  const std::string text = log::text_of_note(log.signed_checkpoint(300, log_key())) + "\n";
  for (const std::size_t lost : {std::size_t{10}, text.find("\n\n") + 10}) {
    Bytes torn = kept;
    append(torn, Bytes(lost));
    append(torn, bytes_of(text).subspan(lost));
    overwrite("checkpoints", torn);
    const Report report = verify_folder();
    EXPECT_TRUE(report.clean()) << report.text();
    EXPECT_TRUE(report.notes_say("checkpoints-torn"));
  }
}

TEST_F(AuditTest, SaysWhichWitnessesHaveCosignedNothing) {
  LogFolder log = LogFolder::honest();
  log::Note& note = log.checkpoints.at(3);
  note.signatures.push_back(witness_key().cosign(note.text, "witness.example", 1'772'000'000));
  write(log);
  VerifyOptions options = this->options();
  const std::string other = other_key().verifier("other.example", log::NoteKeyType::kCosignatureV1).key_string();
  options.witnesses = {vkey(witness_key(), log::NoteKeyType::kCosignatureV1), other};
  const Report report = verify_with(options);
  EXPECT_TRUE(report.clean()) << report.text();
  ASSERT_TRUE(report.notes_say("witness-not-seen")) << report.text();
  EXPECT_NE(report.text().find("cosigned by other.example+"), std::string::npos) << report.text();
  EXPECT_EQ(report.text().find("cosigned by witness.example+"), std::string::npos) << report.text();
}

TEST_F(AuditTest, ReadsAPartialTileThatIsGoneFromAWiderOne) {
  LogFolder log = LogFolder::honest();
  write(log);
  std::filesystem::remove_all(path("tile/0/001.p"));
  std::filesystem::remove_all(path("tile/entries/001.p"));
  LogFolder longer = log;
  longer.heartbeat();
  longer.checkpoint();
  longer.write(folder());
  overwrite("checkpoint", bytes_of(log::text_of_note(log.checkpoints.back())));
  const Report report = verify_folder();
  EXPECT_TRUE(report.clean()) << report.text();
}

TEST_F(AuditTest, TakesWhatALostSecondOfTheJournalLeavesOutForANote) {
  LogFolder log = LogFolder::honest();
  log.issue();
  log.journal.pop_back();  // never synced
  log.now += std::chrono::seconds(3);
  log.journal.push_back({.kind = log::JournalKind::kStart, .time = log.now});
  log.issue();
  write(log);
  log.write_journal(directory_ / "journal");
  const Report report = verify_folder();
  EXPECT_TRUE(report.clean()) << report.text();
  EXPECT_TRUE(report.notes_say("journal-lost"));
}

TEST_F(AuditTest, SaysThatCertificatesAreLaterThanTheJournal) {
  LogFolder log = LogFolder::honest();
  log.write_journal(directory_ / "journal");
  log.issue();
  log.checkpoint();
  write(log);
  const Report report = verify_folder();
  EXPECT_TRUE(report.clean()) << report.text();
  EXPECT_TRUE(report.notes_say("journal-ends-earlier"));
  EXPECT_EQ(report.summary.anchor->size, 300U);
}

TEST_F(AuditTest, NamesTheNewestCosignatureOfAWitness) {
  LogFolder log = LogFolder::honest();
  for (const std::size_t which : {std::size_t{1}, std::size_t{3}}) {
    log::Note& note = log.checkpoints.at(which);
    note.signatures.push_back(
        witness_key().cosign(note.text, "witness.example", static_cast<std::int64_t>(1'772'000'000 + 1000 * which)));
  }
  write(log);
  VerifyOptions options = this->options();
  options.witnesses = {vkey(witness_key(), log::NoteKeyType::kCosignatureV1)};
  const Report report = verify_with(options);
  EXPECT_TRUE(report.clean()) << report.text();
  EXPECT_NE(report.summary.newest_cosignature.find("witness.example"), std::string::npos);
  ASSERT_TRUE(report.summary.anchor.has_value());
  EXPECT_EQ(report.summary.anchor->size, 220U);
}

TEST_F(AuditTest, ChecksTheLogBeforeWhoseLastCheckpointGenesisNames) {
  LogFolder log;
  const log::Note last = log::signed_note(
      log::format_checkpoint({.origin = "old.example/log", .size = 7, .root = sha256(bytes_of("root"))}).value(),
      other_key(), "old.example/log");
  const std::string old_key = other_key().verifier("old.example/log").key_string();
  log.genesis([&](log::GenesisFields& fields) {
    fields.predecessor = {.origin = "old.example/log", .log_key = old_key, .checkpoint = log::text_of_note(last)};
  });
  log.checkpoint();
  write(log);
  VerifyOptions options = this->options();
  Report report = verify_with(options);
  EXPECT_TRUE(report.clean()) << report.text();
  EXPECT_TRUE(report.notes_say("predecessor-key-not-given"));
  options.predecessor_key = old_key;
  report = verify_with(options);
  EXPECT_TRUE(report.clean()) << report.text();
  EXPECT_FALSE(report.notes_say("predecessor-key-not-given"));
  options.predecessor_key = witness_key().verifier("old.example/log").key_string();
  EXPECT_ONLY(verify_with(options), "predecessor", "entry 0");
}

TEST_F(AuditTest, SaysTheSameWithAnyNumberOfThreads) {
  LogFolder log = LogFolder::honest();
  while (log.entries.size() < 2000) log.heartbeat();
  log.checkpoint();
  write(log);
  VerifyOptions options = this->options();
  for (const unsigned threads : {1U, 2U, 7U}) {
    options.threads = threads;
    const Report report = verify_with(options);
    EXPECT_TRUE(report.clean()) << report.text();
    EXPECT_EQ(report.summary.entries, 2000U);
    EXPECT_EQ(report.summary.covered, 2000U);
    EXPECT_EQ(report.summary.certificates_verified, 20U);
  }
}

}  // namespace
}  // namespace signet::audit
