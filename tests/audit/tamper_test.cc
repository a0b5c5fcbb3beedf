// Kinds of tampering with the files of a log: each is found, and named with its place.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "log/frame.h"
#include "log_folder.h"

namespace signet::audit {
namespace {

using namespace test;

/// The bytes of a text in an entry, changed to others of the same length.
void replace_text(Bytes& entry, const std::string& from, const std::string& to) {
  std::string text(text_of(entry));
  const std::size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos) << text;
  text.replace(at, from.size(), to);
  entry = copy_of(bytes_of(text));
}

TEST_F(AuditTest, FindsABitFlippedInAnEntry) {
  const LogFolder log = LogFolder::honest();
  write(log);
  flip("entries", log.offset_of(17) + log::kFrameHeaderBytes + 60);
  const Report report = verify_folder();
  EXPECT_FOUND(report, "frame-hash", "entry 17");
  EXPECT_FOUND(report, "bundle-differs", "tile/entries/000");
}

TEST_F(AuditTest, FindsAnEntryChangedTogetherWithItsFrame) {
  LogFolder log = LogFolder::honest();
  write(log);
  replace_text(log.entries.at(1), "ca-1", "ca-2");
  log.write_entries(folder());
  const Report report = verify_folder();
  EXPECT_FOUND(report, "tile-differs", "tile/0/000");
  EXPECT_NE(report.text().find("in the hash of entry 1\n"), std::string::npos) << report.text();
  EXPECT_NE(report.text().find("which is in entry 1\n"), std::string::npos) << report.text();
  EXPECT_FOUND(report, "checkpoint-root", "checkpoint");
}

TEST_F(AuditTest, FindsALogCutWithinAFrame) {
  const LogFolder log = LogFolder::honest();
  write(log);
  ASSERT_EQ(truncate(path("entries").c_str(), static_cast<off_t>(log.offset_of(290) + 30)), 0);
  const Report report = verify_folder();
  EXPECT_FOUND(report, "log-shorter-than-checkpoint", "checkpoint");
  EXPECT_TRUE(report.notes_say("entries-torn"));
  EXPECT_EQ(report.summary.entries, 290U);
}

TEST_F(AuditTest, FindsALogCutBetweenFrames) {
  const LogFolder log = LogFolder::honest();
  write(log);
  ASSERT_EQ(truncate(path("entries").c_str(), static_cast<off_t>(log.offset_of(256))), 0);
  const Report report = verify_folder();
  EXPECT_FOUND(report, "log-shorter-than-checkpoint", "checkpoint");
  EXPECT_EQ(report.summary.entries, 256U);
}

TEST_F(AuditTest, FindsEntriesSwapped) {
  LogFolder log = LogFolder::honest();
  write(log);
  std::swap(log.entries.at(50), log.entries.at(51));
  log.write_entries(folder());
  const Report report = verify_folder();
  EXPECT_FOUND(report, "entry-seq", "entry 50");
  EXPECT_FOUND(report, "time-backwards", "entry 51");
  EXPECT_FOUND(report, "tile-differs", "tile/0/000");
}

TEST_F(AuditTest, FindsAnEntryRemoved) {
  LogFolder log = LogFolder::honest();
  write(log);
  log.entries.erase(log.entries.begin() + 100);
  log.write_entries(folder());
  const Report report = verify_folder();
  EXPECT_FOUND(report, "entry-seq", "entry 100");
  EXPECT_EQ(report.summary.counts.at("entry-seq"), 1U);
  EXPECT_FOUND(report, "log-shorter-than-checkpoint", "checkpoint");
}

TEST_F(AuditTest, FindsAnEntryDuplicated) {
  LogFolder log = LogFolder::honest();
  write(log);
  log.entries.insert(log.entries.begin() + 100, log.entries.at(99));
  log.write_entries(folder());
  EXPECT_FOUND(verify_folder(), "entry-seq", "entry 100");
}

TEST_F(AuditTest, FindsAnIntentDuplicated) {
  LogFolder log = LogFolder::honest();
  write(log);
  log.entries.insert(log.entries.begin() + 3, log.entries.at(2));
  log.write_entries(folder());
  const Report report = verify_folder();
  EXPECT_FOUND(report, "intent-repeated", "entry 3");
  EXPECT_FOUND(report, "serial-reused", "entry 3");
}

TEST_F(AuditTest, FindsDamageThatIsTooLargeForATornWrite) {
  LogFolder log = LogFolder::honest();
  write(log);
  Bytes bytes = log.frames();
  bytes.resize(bytes.size() + 600 * 1024);
  bytes.back() = 1;
  overwrite("entries", bytes);
  EXPECT_ONLY(verify_folder(), "entries-damaged", "entries, byte " + std::to_string(log.frames().size()));
}

TEST_F(AuditTest, FindsATileReplaced) {
  write(LogFolder::honest());
  flip("tile/0/000", 17 * 32 + 5);
  const Report report = verify_folder();
  EXPECT_ONLY(report, "tile-differs", "tile/0/000");
  EXPECT_NE(report.text().find("in the hash of entry 17\n"), std::string::npos) << report.text();
}

TEST_F(AuditTest, FindsATileOfAHigherLevelReplaced) {
  write(LogFolder::honest());
  flip("tile/1/000.p/1", 3);
  EXPECT_ONLY(verify_folder(), "tile-differs", "tile/1/000.p/1");
}

TEST_F(AuditTest, FindsATileMissing) {
  write(LogFolder::honest());
  ASSERT_TRUE(std::filesystem::remove(path("tile/0/000")));
  EXPECT_ONLY(verify_folder(), "tile-missing", "tile/0/000");
}

TEST_F(AuditTest, FindsABundleReplaced) {
  write(LogFolder::honest());
  flip("tile/entries/000", 40);
  EXPECT_ONLY(verify_folder(), "bundle-differs", "tile/entries/000");
}

TEST_F(AuditTest, FindsABundleMissing) {
  write(LogFolder::honest());
  ASSERT_TRUE(std::filesystem::remove(path("tile/entries/001.p/44")));
  EXPECT_ONLY(verify_folder(), "bundle-missing", "tile/entries/001.p/44");
}

TEST_F(AuditTest, FindsAPartialTileThatIsWrongAlthoughTheFullOneIsThere) {
  write(LogFolder::honest());
  overwrite("tile/0/000.p/2", ByteView(Bytes(64)));
  EXPECT_ONLY(verify_folder(), "tile-differs", "tile/0/000.p/2");
}

TEST_F(AuditTest, FindsAPartialTileThatIsTooLongOrTooShort) {
  write(LogFolder::honest());
  Bytes tile = bytes_of_file("tile/0/001.p/44");
  tile.push_back(0);
  overwrite("tile/0/001.p/44", tile);
  EXPECT_ONLY(verify_folder(), "tile-differs", "tile/0/001.p/44");
  tile.resize(64);
  overwrite("tile/0/001.p/44", tile);
  EXPECT_ONLY(verify_folder(), "tile-differs", "tile/0/001.p/44");
}

TEST_F(AuditTest, FindsTilesThatTheTreeDoesNotHave) {
  write(LogFolder::honest());
  for (const char* name : {"tile/0/002", "tile/0/001.p/45", "tile/2/000.p/1", "tile/entries/005", "tile/notes.txt"}) {
    overwrite(name, bytes_of("x"));
    EXPECT_ONLY(verify_folder(), "tile-extra", name);
    std::filesystem::remove(path(name));
  }
}

TEST_F(AuditTest, FindsATileThatIsNoFile) {
  write(LogFolder::honest());
  std::filesystem::remove(path("tile/0/000"));
  ASSERT_EQ(mkfifo(path("tile/0/000").c_str(), 0600), 0);
  EXPECT_ONLY(verify_folder(), "tile-differs", "tile/0/000");
  std::filesystem::remove(path("tile/0/000"));
  std::filesystem::create_symlink("/dev/zero", path("tile/0/000"));
  EXPECT_ONLY(verify_folder(), "tile-differs", "tile/0/000");
}

TEST_F(AuditTest, FindsACheckpointByAnotherKey) {
  LogFolder log = LogFolder::honest();
  log.checkpoints.at(2) = log.signed_checkpoint(200, other_key());
  write(log);
  const std::string kept = std::string(text_of(bytes_of_file("checkpoints")));
  const std::size_t at = kept.find(log::text_of_note(log.checkpoints.at(2)));
  EXPECT_ONLY(verify_folder(), "checkpoint-other-key", "checkpoints, byte " + std::to_string(at));
}

TEST_F(AuditTest, FindsASignatureThatDoesNotVerify) {
  LogFolder log = LogFolder::honest();
  log.checkpoints.back().signatures.at(0).signature.at(9) ^= 1U;
  write(log);
  EXPECT_ONLY(verify_folder(), "checkpoint-signature", "checkpoint");
}

TEST_F(AuditTest, FindsAWholeLogByAnotherKey) {
  LogFolder log;
  log.key = &other_key();
  log.genesis();
  log.checkpoint();
  write(log);
  const Report report = verify_folder();
  EXPECT_FOUND(report, "genesis-key", "entry 0");
  EXPECT_FOUND(report, "checkpoint-other-key", "checkpoint");
}

TEST_F(AuditTest, FindsACheckpointOfAnotherRoot) {
  LogFolder log = LogFolder::honest();
  log::Checkpoint forged = log::parse_checkpoint(log.checkpoints.at(3).text).value();
  forged.root[0] ^= 1U;
  log.checkpoints.at(3) = log::signed_note(log::format_checkpoint(forged).value(), log_key(), kOrigin);
  write(log);
  const std::string kept = std::string(text_of(bytes_of_file("checkpoints")));
  const std::size_t at = kept.find(log::text_of_note(log.checkpoints.at(3)));
  EXPECT_ONLY(verify_folder(), "checkpoint-root", "checkpoints, byte " + std::to_string(at));
}

TEST_F(AuditTest, FindsACheckpointOfAnotherOrigin) {
  LogFolder log = LogFolder::honest();
  const log::Checkpoint other{.origin = "other.example/log", .size = 300, .root = log.root(300)};
  log.checkpoints.push_back(log::signed_note(log::format_checkpoint(other).value(), log_key(), kOrigin));
  write(log);
  EXPECT_ONLY(verify_folder(), "checkpoint-other-origin", "checkpoint");
}

TEST_F(AuditTest, FindsCheckpointsWhoseSizesFall) {
  LogFolder log = LogFolder::honest();
  std::swap(log.checkpoints.at(2), log.checkpoints.at(3));
  write(log);
  const std::string kept = std::string(text_of(bytes_of_file("checkpoints")));
  const std::size_t at = kept.find(log::text_of_note(log.checkpoints.at(3)));
  EXPECT_ONLY(verify_folder(), "checkpoint-size", "checkpoints, byte " + std::to_string(at));
}

TEST_F(AuditTest, FindsANoteThatIsNone) {
  write(LogFolder::honest());
  flip("checkpoints", 3);  // the origin: no control character, so the signature is what is wrong
  EXPECT_FOUND(verify_folder(), "checkpoint-signature", "checkpoints, byte 0");
  overwrite("checkpoints", bytes_of("no\n\ncheckpoint\n\n"));
  EXPECT_FOUND(verify_folder(), "checkpoint-malformed", "checkpoints, byte 0");
}

TEST_F(AuditTest, FindsThatTheNewestCheckpointIsNotAmongThoseKept) {
  const LogFolder log = LogFolder::honest();
  write(log);
  overwrite("checkpoint", bytes_of(log::text_of_note(log.signed_checkpoint(280, log_key()))));
  EXPECT_ONLY(verify_folder(), "checkpoint-not-kept", "checkpoint");
  std::filesystem::remove(path("checkpoint"));
  EXPECT_ONLY(verify_folder(), "checkpoint-missing", "checkpoint");
  std::filesystem::remove(path("checkpoints"));
  EXPECT_ONLY(verify_folder(), "no-checkpoint", "checkpoint");
}

TEST_F(AuditTest, FindsThatTheFileOfCheckpointsWasCut) {
  const LogFolder log = LogFolder::honest();
  write(log);
  const Bytes kept = bytes_of_file("checkpoints");
  const std::size_t last = log::text_of_note(log.checkpoints.back()).size() + 1;
  for (const std::size_t cut : {last, last - 10, kept.size() / 2, kept.size()}) {
    overwrite("checkpoints", ByteView(kept).first(kept.size() - cut));
    EXPECT_ONLY(verify_folder(), "checkpoint-not-kept", "checkpoint");
  }
}

TEST_F(AuditTest, FindsGarbageAmongTheCheckpoints) {
  const LogFolder log = LogFolder::honest();
  write(log);
  const Bytes kept = bytes_of_file("checkpoints");
  const std::size_t first = log::text_of_note(log.checkpoints.front()).size() + 1;
  const auto with_garbage = [&](const std::string& garbage) {
    Bytes changed = copy_of(ByteView(kept).first(first));
    append(changed, bytes_of(garbage));
    append(changed, ByteView(kept).subspan(first));
    overwrite("checkpoints", changed);
    return verify_folder();
  };
  const Report report = with_garbage(std::string(2'000'000, 'x'));
  EXPECT_FOUND(report, "checkpoints-damaged", "checkpoints, byte " + std::to_string(first));
  EXPECT_NE(report.text().find(std::to_string(2'000'000 + kept.size() - first) + " bytes follow"), std::string::npos)
      << report.text();
  for (const char* garbage : {"x", "x\n", "\n\n", "x\n\nx", "x\n\nx\n\n", "x\n\nx\n\nx\n\n"}) {
    EXPECT_FALSE(with_garbage(garbage).clean()) << garbage;
  }
  EXPECT_FALSE(with_garbage(std::string(30, '\0')).clean());
}

TEST_F(AuditTest, FindsACheckpointThatIsNoFileOfItsOwn) {
  write(LogFolder::honest());
  std::filesystem::rename(path("checkpoint"), path("elsewhere"));
  std::filesystem::create_symlink("elsewhere", path("checkpoint"));
  EXPECT_ONLY(verify_folder(), "checkpoint-malformed", "checkpoint");
  std::filesystem::remove(path("checkpoint"));
  ASSERT_EQ(mkfifo(path("checkpoint").c_str(), 0600), 0);
  EXPECT_ONLY(verify_folder(), "checkpoint-malformed", "checkpoint");
  std::filesystem::remove(path("checkpoint"));
  overwrite("checkpoint", Bytes(log::kMaxNoteBytes + 1, 'x'));
  EXPECT_ONLY(verify_folder(), "checkpoint-malformed", "checkpoint");
}

TEST_F(AuditTest, SaysThatTilesCannotBeListed) {
  write(LogFolder::honest());
  std::filesystem::remove_all(path("tile"));
  overwrite("tile", bytes_of("no folder"));
  EXPECT_FOUND(verify_folder(), "tile-unreadable", "tile");
}

TEST_F(AuditTest, FindsATileMissingThatANewerCheckpointThanTheFileNeeds) {
  const LogFolder log = LogFolder::honest();
  write(log);
  overwrite("checkpoint", bytes_of(log::text_of_note(log.checkpoints.at(4))));
  ASSERT_TRUE(std::filesystem::remove(path("tile/entries/001.p/44")));
  EXPECT_ONLY(verify_folder(), "bundle-missing", "tile/entries/001.p/44");
}

// What only somebody who has seen more than the folder can know.

TEST_F(AuditTest, FindsAForkedHistoryWithAnEarlierCheckpoint) {
  const LogFolder log = LogFolder::honest();
  LogFolder fork = log;
  replace_text(fork.entries.at(1), "ca-1", "ca-2");
  for (log::Note& note : fork.checkpoints) {
    note = fork.signed_checkpoint(log::parse_checkpoint(note.text).value().size, log_key());
  }
  write(fork);
  EXPECT_TRUE(verify_folder().clean());
  VerifyOptions options = this->options();
  options.since = write_note("since", log.checkpoints.at(1));
  EXPECT_ONLY(verify_with(options), "since-root", "--since");
}

/// The log as it was once, with everything that belonged to it.
LogFolder rolled_back() {
  LogFolder log = LogFolder::honest();
  log.entries.resize(200);
  log.checkpoints.resize(3);
  return log;
}

TEST_F(AuditTest, CannotKnowThatTheFolderWasRolledBackAndSaysSo) {
  write(rolled_back());
  const Report report = verify_folder();
  EXPECT_TRUE(report.clean()) << report.text();
  EXPECT_TRUE(report.notes_say("rollback-not-excluded"));
}

TEST_F(AuditTest, FindsACutTailWithALaterCheckpoint) {
  write(rolled_back());
  VerifyOptions options = this->options();
  options.since = write_note("since", LogFolder::honest().checkpoints.back());
  EXPECT_ONLY(verify_with(options), "log-shorter-than-since", "--since");
}

TEST_F(AuditTest, FindsACutTailWithTheJournal) {
  write(rolled_back());
  const LogFolder log = LogFolder::honest();
  log.write_journal(directory_ / "journal");
  const Report report = verify_folder();
  EXPECT_FOUND(report, "log-shorter-than-journal",
               directory_ / "journal" + std::string(", record ") + std::to_string(log.journal.size() - 1));
  EXPECT_EQ(report.summary.counts.at("signed-in-secret"), 10U) << report.text();
}

TEST_F(AuditTest, FindsACosignatureThatDoesNotVerify) {
  LogFolder log = LogFolder::honest();
  log::Note& note = log.checkpoints.back();
  note.signatures.push_back(witness_key().cosign(note.text + "x", "witness.example", 1'772'000'000));
  write(log);
  VerifyOptions options = this->options();
  options.witnesses = {vkey(witness_key(), log::NoteKeyType::kCosignatureV1)};
  const Report report = verify_with(options);
  EXPECT_ONLY(report, "cosignature", "checkpoint");
  EXPECT_FALSE(report.summary.anchor.has_value());
}

TEST_F(AuditTest, RefusesTimesThatNoDateHas) {
  LogFolder log = LogFolder::honest();
  log::Note& note = log.checkpoints.back();
  note.signatures.push_back(
      witness_key().cosign(note.text, "witness.example", std::numeric_limits<std::int64_t>::max()));
  log.journal.at(3).time = Time::max();
  write(log);
  log.write_journal(directory_ / "journal");
  VerifyOptions options = this->options();
  options.witnesses = {vkey(witness_key(), log::NoteKeyType::kCosignatureV1)};
  const Report report = verify_with(options);
  EXPECT_FOUND(report, "cosignature", "checkpoint");
  EXPECT_FOUND(report, "journal-record", directory_ / "journal" + std::string(", record 3"));
}

TEST_F(AuditTest, NamesSecretSignaturesInTheOrderOfTheJournal) {
  LogFolder log = LogFolder::honest();
  const std::size_t had = log.journal.size();
  for (int i = 0; i < 40; ++i) {
    log.journal.push_back({.kind = log::JournalKind::kEndEntityCertificate,
                           .time = log.now,
                           .key = log.journal.at(4).key,
                           .structure = sha256(bytes_of(std::to_string(i)))});
  }
  write(log);
  log.write_journal(directory_ / "journal");
  const Report report = verify_folder();
  ASSERT_EQ(report.findings.size(), 20U) << report.text();
  for (std::size_t i = 0; i < report.findings.size(); ++i) {
    EXPECT_EQ(report.findings.at(i).place, directory_ / "journal" + (", record " + std::to_string(had + i)));
  }
}

TEST_F(AuditTest, FindsASignatureMadeInSecret) {
  LogFolder log = LogFolder::honest();
  log.journal.insert(log.journal.begin() + 5, {.kind = log::JournalKind::kEndEntityCertificate,
                                               .time = log.journal.at(4).time,
                                               .key = log.journal.at(4).key,
                                               .structure = sha256(bytes_of("a certificate nobody logged"))});
  write(log);
  log.write_journal(directory_ / "journal");
  EXPECT_ONLY(verify_folder(), "signed-in-secret", directory_ / "journal" + std::string(", record 5"));
}

TEST_F(AuditTest, NamesTheSerialNumberOfWhatWasSignedInSecret) {
  LogFolder log = LogFolder::honest();
  log::JournalRecord record{.kind = log::JournalKind::kEndEntityCertificate,
                            .time = log.journal.at(4).time,
                            .key = log.journal.at(4).key,
                            .structure = sha256(bytes_of("a certificate nobody logged"))};
  record.number[18] = 0x0A;
  record.number[19] = 0x0B;
  log.journal.insert(log.journal.begin() + 5, record);
  write(log);
  log.write_journal(directory_ / "journal");
  const Report report = verify_folder();
  ASSERT_EQ(report.findings.size(), 1U) << report.text();
  EXPECT_EQ(report.findings.front().id, "signed-in-secret");
  EXPECT_NE(report.findings.front().message.find("serial number 0a0b,"), std::string::npos) << report.text();
}

log::JournalRecord crl_record(const LogFolder& log, std::uint8_t number) {
  log::JournalRecord record{.kind = log::JournalKind::kCrl,
                            .time = log.now,
                            .key = log.journal.at(4).key,
                            .structure = sha256(bytes_of("CRL " + std::to_string(number)))};
  record.number.back() = number;
  return record;
}

TEST_F(AuditTest, FindsACrlThatTheLogDoesNotHave) {
  LogFolder log = LogFolder::honest();
  log.journal.push_back(crl_record(log, 7));
  log.crl("7");
  log.checkpoint();
  const std::size_t had = log.journal.size();
  log.journal.push_back(crl_record(log, 8));
  write(log);
  log.write_journal(directory_ / "journal");
  EXPECT_ONLY(verify_folder(), "crl-signed-in-secret", directory_ / "journal" + (", record " + std::to_string(had)));
}

TEST_F(AuditTest, FindsACrlWhoseNumberTheLogHasOfAnotherCrl) {
  LogFolder log = LogFolder::honest();
  const std::uint64_t entry = log.crl("7");
  const std::size_t had = log.journal.size();
  log::JournalRecord other = crl_record(log, 7);
  other.structure[0] ^= 1U;
  log.journal.push_back(other);
  log.checkpoint();
  write(log);
  log.write_journal(directory_ / "journal");
  const Report report = verify_folder();
  EXPECT_FOUND(report, "crl-signed-in-secret", directory_ / "journal" + (", record " + std::to_string(had)));
  EXPECT_FOUND(report, "crl-not-in-journal", "entry " + std::to_string(entry));
  EXPECT_EQ(report.findings.size(), 2U) << report.text();
}

TEST_F(AuditTest, FindsACrlThatNoJournalKnows) {
  LogFolder log = LogFolder::honest();
  log.journal.push_back(crl_record(log, 7));
  log.crl("7");
  const std::uint64_t entry = log.crl("8");
  log.checkpoint();
  write(log);
  log.write_journal(directory_ / "journal");
  EXPECT_ONLY(verify_folder(), "crl-not-in-journal", "entry " + std::to_string(entry));
}

TEST_F(AuditTest, FindsAnOlderJournalThatWasPutBackAndWentOn) {
  LogFolder log = LogFolder::honest();
  log.journal.push_back(crl_record(log, 7));
  log.crl("7");
  log.checkpoint();
  const std::vector<log::JournalRecord> older = log.journal;
  log.journal.push_back(crl_record(log, 8));
  const std::uint64_t forgotten = log.crl("8");
  log.journal = older;
  log.issue();
  log.checkpoint();
  write(log);
  log.write_journal(directory_ / "journal");
  EXPECT_ONLY(verify_folder(), "crl-not-in-journal", "entry " + std::to_string(forgotten));
}

TEST_F(AuditTest, ACrlBehindTheEndOfTheJournalsIsNoFinding) {
  LogFolder log = LogFolder::honest();
  const std::vector<log::JournalRecord> copied = log.journal;
  log.crl("7");
  log.checkpoint();
  log.journal = copied;
  write(log);
  log.write_journal(directory_ / "journal");
  const Report report = verify_folder();
  EXPECT_TRUE(report.clean()) << report.text();
  EXPECT_TRUE(report.notes_say("journal-ends-earlier")) << report.text();
}

TEST_F(AuditTest, TellsTheCrlsOfTwoCasWithOneNumberApart) {
  const Sha256 other_key = Authority::other().certificate.public_key().spki_sha256();
  const Sha256 other_tbs = sha256(bytes_of("CRL 7 of the other CA"));
  const auto of_the_other = [&](log::CrlFields& fields) {
    fields.issuer = "issuing-2";
    fields.spki_sha256 = other_key;
    fields.tbs_sha256 = other_tbs;
  };
  LogFolder log = LogFolder::honest();
  log.journal.push_back(crl_record(log, 7));
  log.crl("7");
  const std::size_t had = log.journal.size();
  log.journal.push_back(crl_record(log, 7));
  log.journal.back().key = other_key;
  log.journal.back().structure = other_tbs;
  LogFolder without = log;
  without.checkpoint();
  write(without);
  without.write_journal(directory_ / "journal");
  EXPECT_ONLY(verify_folder(), "crl-signed-in-secret", directory_ / "journal" + (", record " + std::to_string(had)));

  LogFolder of_another_key = log;
  const std::uint64_t entry = of_another_key.crl("7", [&](log::CrlFields& fields) {
    of_the_other(fields);
    fields.spki_sha256 = sha256(bytes_of("a third key"));
  });
  of_another_key.checkpoint();
  write(of_another_key);
  of_another_key.write_journal(directory_ / "journal");
  const Report found = verify_folder();
  EXPECT_FOUND(found, "crl-signed-in-secret", directory_ / "journal" + (", record " + std::to_string(had)));
  EXPECT_FOUND(found, "crl-not-in-journal", "entry " + std::to_string(entry));
  EXPECT_EQ(found.findings.size(), 2U) << found.text();

  log.crl("7", of_the_other);
  log.checkpoint();
  write(log);
  log.write_journal(directory_ / "journal");
  const Report report = verify_folder();
  EXPECT_TRUE(report.clean()) << report.text();
}

TEST_F(AuditTest, FindsACrlThatTheLogCallsByAnotherNumber) {
  LogFolder log = LogFolder::honest();
  const std::size_t had = log.journal.size();
  log.journal.push_back(crl_record(log, 7));
  log.crl("8", [](log::CrlFields& fields) { fields.tbs_sha256 = sha256(bytes_of("CRL 7")); });
  log.checkpoint();
  write(log);
  log.write_journal(directory_ / "journal");
  EXPECT_ONLY(verify_folder(), "crl-other-number", directory_ / "journal" + (", record " + std::to_string(had)));
}

TEST_F(AuditTest, FindsACrlThatIsOlderThanTheOneBefore) {
  LogFolder log = LogFolder::honest();
  for (const char* number : {"7", "8", "9"}) log.crl(number);
  log.checkpoint();
  const std::size_t had = log.journal.size();
  for (const std::uint8_t number : Bytes{7, 9, 8}) log.journal.push_back(crl_record(log, number));
  write(log);
  log.write_journal(directory_ / "journal");
  EXPECT_ONLY(verify_folder(), "journal-crl-number", directory_ / "journal" + (", record " + std::to_string(had + 2)));
}

TEST_F(AuditTest, FindsACertificateThatNoJournalKnows) {
  LogFolder log = LogFolder::honest();
  ASSERT_EQ(log.journal.at(5).kind, log::JournalKind::kEndEntityCertificate);
  log.journal.erase(log.journal.begin() + 5);
  write(log);
  log.write_journal(directory_ / "journal");
  EXPECT_ONLY(verify_folder(), "issued-not-in-journal", "entry 9");
}

TEST_F(AuditTest, FindsACheckpointOfAnotherTreeInTheJournal) {
  LogFolder log = LogFolder::honest();
  ASSERT_EQ(log.journal.at(1).kind, log::JournalKind::kLogCheckpoint);
  log.journal.at(1).root[0] ^= 1U;
  write(log);
  log.write_journal(directory_ / "journal");
  EXPECT_ONLY(verify_folder(), "journal-checkpoint-root", directory_ / "journal" + std::string(", record 1"));
}

TEST_F(AuditTest, FindsACheckpointThatTheJournalDoesNotKnow) {
  LogFolder log = LogFolder::honest();
  std::erase_if(log.journal, [](const log::JournalRecord& record) { return record.size == 200; });
  write(log);
  log.write_journal(directory_ / "journal");
  const std::string kept = std::string(text_of(bytes_of_file("checkpoints")));
  const std::size_t at = kept.find(log::text_of_note(log.checkpoints.at(2)));
  EXPECT_ONLY(verify_folder(), "checkpoint-not-in-journal", "checkpoints, byte " + std::to_string(at));
}

TEST_F(AuditTest, FindsAJournalWhoseChainIsBroken) {
  const LogFolder log = LogFolder::honest();
  write(log);
  std::string journal = journal_text(log.journal);
  journal.at(4 * log::kJournalRecordBytes + 10) ^= 1;
  directory_.write("journal", journal);
  EXPECT_FOUND(verify_folder(), "journal-chain", directory_ / "journal" + std::string(", record 4"));
}

TEST_F(AuditTest, GivesUpOnAJournalOfAnotherLogWithAFinding) {
  write(LogFolder::honest());
  LogFolder other;
  other.genesis();
  for (int i = 0; i < 5; ++i) other.issue();
  other.write_journal(directory_ / "journal");
  const Report report = verify_folder();
  EXPECT_EQ(report.summary.counts.at("signed-in-secret"), 5U) << report.text();
}

TEST_F(AuditTest, TellsOnlyTheFirstOfManyFindingsOfAKindAndCountsTheRest) {
  LogFolder log = LogFolder::honest();
  for (std::size_t i = 100; i < 160; ++i) replace_text(log.entries.at(i), "\"ok\"", "\"no\"");
  log.checkpoints.clear();
  log.checkpoint();
  write(log);
  VerifyOptions options = this->options();
  options.findings_per_kind = 7;
  const Report report = verify_with(options);
  EXPECT_EQ(report.findings.size(), 7U);
  EXPECT_EQ(report.summary.counts.at("entry-field"), 60U);
}

}  // namespace
}  // namespace signet::audit
