// Logs whose tree is right and signed, and whose entries are not as they must be: what the daemon, or whoever has the
// log's key, did wrong.
#include "base/rng.h"
#include "log_folder.h"

namespace signet::audit {
namespace {

using namespace test;

/// A log that begins as it should.
LogFolder begun() {
  LogFolder log;
  log.genesis();
  log.start();
  return log;
}

class ContentTest : public AuditTest {
 protected:
  /// Of that log, after a checkpoint over all of it.
  [[nodiscard]] Report verify_log(LogFolder log) const {
    log.checkpoint();
    write(log);
    return verify_folder();
  }
};

TEST_F(ContentTest, FindsThatGenesisIsMissing) {
  LogFolder log;
  log.start();
  EXPECT_ONLY(verify_log(log), "genesis-missing", "entry 0");
}

TEST_F(ContentTest, FindsASecondGenesis) {
  LogFolder log = begun();
  log.genesis();
  EXPECT_ONLY(verify_log(log), "genesis-repeated", "entry 2");
}

TEST_F(ContentTest, FindsAnEntryBehindSealed) {
  LogFolder log = begun();
  log.add(log::sealed_draft({.successor_origin = "new.example/log", .successor_key = vkey(other_key())}));
  EXPECT_TRUE(verify_log(log).clean());
  log.heartbeat();
  EXPECT_ONLY(verify_log(log), "entry-behind-sealed", "entry 3");
}

TEST_F(ContentTest, FindsAnEntryThatIsNotCanonical) {
  LogFolder log = begun();
  log.heartbeat();
  std::string text(text_of(log.entries.back()));
  text.insert(1, " ");
  log.entries.back() = copy_of(bytes_of(text));
  log.heartbeat();
  EXPECT_ONLY(verify_log(log), "entry-not-canonical", "entry 2");
}

TEST_F(ContentTest, FindsAnotherSeq) {
  LogFolder log = begun();
  log.heartbeat();
  std::string text(text_of(log.entries.back()));
  text.replace(text.find("\"seq\":2"), 7, "\"seq\":7");
  log.entries.back() = copy_of(bytes_of(text));
  EXPECT_ONLY(verify_log(log), "entry-seq", "entry 2");
}

TEST_F(ContentTest, FindsTimeThatRunsBackwards) {
  LogFolder log = begun();
  log.now -= std::chrono::seconds(1);
  log.heartbeat();
  EXPECT_ONLY(verify_log(log), "time-backwards", "entry 2");
}

TEST_F(ContentTest, FindsAMonotonicClockThatRunsBackwardsWithinABootOnly) {
  LogFolder log = begun();
  log.boot = "another boot";
  log.mono = 5;
  log.heartbeat();
  EXPECT_TRUE(verify_log(log).clean());
  log.mono = 3;
  log.mono -= 1000;
  log.heartbeat();
  EXPECT_ONLY(verify_log(log), "mono-backwards", "entry 3");
}

TEST_F(ContentTest, FindsAFieldThatIsMissingOrMalformed) {
  for (const auto& [key, value] : std::vector<std::pair<std::string, log::Value>>{
           {"issued", "many"}, {"checkpoint_root", "abc"}, {"outcome", "fine"}, {"clock_offset_micros", "0"}}) {
    LogFolder log = begun();
    log::Draft draft = log::heartbeat_draft({});
    draft.fields.insert_or_assign(key, value);
    log.add(std::move(draft));
    const Report report = verify_log(log);
    EXPECT_ONLY(report, "entry-field", "entry 2");
    EXPECT_NE(report.text().find(key), std::string::npos) << report.text();
  }
  LogFolder log = begun();
  log::Draft draft = log::heartbeat_draft({});
  draft.fields.erase("issued");
  log.add(std::move(draft));
  EXPECT_ONLY(verify_log(log), "entry-field", "entry 2");
}

TEST_F(ContentTest, SaysThatATypeIsNotKnownWithoutCallingItAFinding) {
  LogFolder log = begun();
  log.add({.type = "from-the-future", .fields = {{"outcome", "ok"}}});
  const Report report = verify_log(log);
  EXPECT_TRUE(report.clean()) << report.text();
  EXPECT_TRUE(report.notes_say("types-unknown"));
}

TEST_F(ContentTest, FindsAnIntentWithTwoOutcomes) {
  LogFolder log = begun();
  const auto intent = log.intent();
  log.issued(intent);
  log.orphaned(intent);
  EXPECT_ONLY(verify_log(log), "outcome-twice", "entry 4");
}

TEST_F(ContentTest, FindsAnOutcomeWithoutAnIntent) {
  LogFolder log = begun();
  const auto intent = log.intent();
  log.issued(intent, [](log::IssuedFields& fields) { fields.intent = 1; });
  log.issued(intent);
  EXPECT_ONLY(verify_log(log), "outcome-without-intent", "entry 3");
}

TEST_F(ContentTest, FindsAnIntentThatStaysOpenAcrossAStart) {
  LogFolder log = begun();
  log.intent();
  log.start();
  log.issue();
  EXPECT_ONLY(verify_log(log), "intent-open-across-start", "entry 2");
}

TEST_F(ContentTest, FindsAnIntentIssuedAfterAStart) {
  LogFolder log = begun();
  const auto intent = log.intent();
  log.start();
  log.issued(intent);
  EXPECT_ONLY(verify_log(log), "intent-open-across-start", "entry 4");
}

TEST_F(ContentTest, FindsAnIntentThatStaysOpenLongerThanAnySignatureTakes) {
  LogFolder log = begun();
  log.intent();
  log.now += std::chrono::minutes(5);
  log.heartbeat();
  EXPECT_ONLY(verify_log(log), "intent-open", "entry 2");
}

TEST_F(ContentTest, FindsAnIntentThatIsOpenWhenTheLogIsSealed) {
  for (const bool with_start : {false, true}) {
    std::filesystem::remove_all(folder());
    LogFolder log = begun();
    log.intent();
    if (with_start) log.start();
    EXPECT_TRUE(verify_log(log).clean());
    log.add(log::sealed_draft({.successor_origin = "new.example/log", .successor_key = vkey(other_key())}));
    EXPECT_ONLY(verify_log(log), "intent-open", "entry 2");
  }
}

TEST_F(ContentTest, FindsAnIntentThatNoStartEverCloses) {
  LogFolder log = begun();
  log.intent();
  log.now += std::chrono::hours(24);
  log.start();  // it has still to close what a crash of yesterday left
  Report report = verify_log(log);
  EXPECT_TRUE(report.clean()) << report.text();
  EXPECT_TRUE(report.notes_say("intents-open-at-start"));
  log.now += std::chrono::minutes(5);
  log.heartbeat();
  report = verify_log(log);
  EXPECT_ONLY(report, "intent-open", "entry 2");
  EXPECT_FALSE(report.notes_say("intents-open-at-start"));
}

TEST_F(ContentTest, FindsEntriesThatAreUnderNoCheckpointForLongerThanADaemonGoesWithoutOne) {
  LogFolder log = LogFolder::honest();
  log.heartbeat();
  log.now += std::chrono::hours(24 * 7);
  log.start();  // nothing ran in front of it
  log.now += std::chrono::hours(24);
  log.heartbeat();
  write(log);
  Report report = verify_folder();
  EXPECT_TRUE(report.clean()) << report.text();
  EXPECT_TRUE(report.notes_say("not-covered"));
  log.now += std::chrono::hours(2);
  log.heartbeat();
  write(log);
  report = verify_folder();
  EXPECT_ONLY(report, "not-covered", "entry 300");
  EXPECT_FALSE(report.notes_say("not-covered"));
  log.checkpoint();
  write(log);
  EXPECT_TRUE(verify_folder().clean());
}

TEST_F(ContentTest, SaysThatNothingIsCoveredAtAll) {
  LogFolder log = begun();
  log.checkpoints.push_back(log.signed_checkpoint(2, other_key()));
  write(log);
  const Report report = verify_folder();
  EXPECT_EQ(report.summary.covered, 0U);
  EXPECT_TRUE(report.notes_say("not-covered")) << report.text();
}

TEST_F(ContentTest, FindsASerialNumberUsedTwice) {
  LogFolder log = begun();
  SerialNumber serial = SerialNumber::random(system_rng()).value();
  const auto reuse = [&](TbsFields& fields) { fields.serial = serial; };
  log.issued(log.intent({}, reuse));
  log.issue();
  log.issued(log.intent({}, reuse));
  const Report report = verify_log(log);
  EXPECT_ONLY(report, "serial-reused", "entry 6");
  EXPECT_NE(report.text().find("entry 2 already"), std::string::npos) << report.text();
}

TEST_F(ContentTest, AllowsTwoIssuersToUseOneSerialNumber) {
  LogFolder log = begun();
  SerialNumber serial = SerialNumber::random(system_rng()).value();
  log.orphaned(log.intent({}, [&](TbsFields& fields) { fields.serial = serial; }));
  log.orphaned(log.intent({}, [&](TbsFields& fields) {
    fields.serial = serial;
    fields.issuer = Authority::other().certificate.fields().subject;
  }));
  const Report report = verify_log(log);
  EXPECT_TRUE(report.clean()) << report.text();
}

TEST_F(ContentTest, FindsAForgedCertificateSignature) {
  LogFolder log = begun();
  const auto intent = log.intent();
  const log::IntentFields fields = log::read_intent(log::parse_entry(log.entries.at(intent), intent).value()).value();
  log.issued(intent, [&](log::IssuedFields& issued) {
    issued.signature = SignatureValue(Authority::other().key.sign(fields.tbs.view()));
  });
  const Report report = verify_log(log);
  EXPECT_ONLY(report, "certificate-signature", "entry 3");
  EXPECT_EQ(report.summary.certificates_rebuilt, 1U);
  EXPECT_EQ(report.summary.certificates_verified, 0U);
}

TEST_F(ContentTest, FindsACertificateHashThatIsWrong) {
  LogFolder log = begun();
  log.issued(log.intent(), [](log::IssuedFields& fields) { fields.certificate_sha256 = sha256(bytes_of("another")); });
  EXPECT_ONLY(verify_log(log), "certificate-hash", "entry 3");
}

TEST_F(ContentTest, FindsACertificateOfAnIssuerThatWasNotGiven) {
  LogFolder log = begun();
  log.issued(
      log.intent({}, [](TbsFields& fields) { fields.issuer = Authority::other().certificate.fields().subject; }));
  EXPECT_ONLY(verify_log(log), "certificate-issuer", "entry 3");
}

TEST_F(ContentTest, FindsACertificateWithTheNameOfAnIssuerAndTheKeyIdOfAnother) {
  LogFolder log = begun();
  log.issued(log.intent({}, [](TbsFields& fields) { fields.authority_key_id = Bytes(20, 7); }));
  EXPECT_ONLY(verify_log(log), "certificate-issuer", "entry 3");
}

TEST_F(ContentTest, FindsASignatureAlgorithmThatIsNotThatOfTheTbs) {
  LogFolder log = begun();
  log.issued(log.intent({}, [](TbsFields& fields) { fields.algorithm = SignatureAlgorithm::kEcdsaSha384; }));
  EXPECT_FOUND(verify_log(log), "certificate-algorithm", "entry 3");
}

TEST_F(ContentTest, FindsATbsThatIsNone) {
  LogFolder log = begun();
  log.issued(log.intent([](log::IntentFields& fields) { fields.tbs = TbsDer(Bytes{0x30, 0x01, 0x05}); }));
  const Report report = verify_log(log);
  EXPECT_FOUND(report, "tbs-malformed", "entry 2");
  EXPECT_FOUND(report, "certificate-not-rebuilt", "entry 3");
  EXPECT_EQ(report.summary.certificates_rebuilt, 0U);
}

TEST_F(ContentTest, FindsAnIntentOfAnUnknownKindAndChecksItsCertificateAllTheSame) {
  const auto other_kind = [](log::IntentFields& fields) { fields.kind = "root-certificate"; };
  LogFolder log = begun();
  log.issued(log.intent(other_kind));
  const Report report = verify_log(log);
  EXPECT_ONLY(report, "intent-kind", "entry 2");
  EXPECT_EQ(report.summary.certificates_rebuilt, 1U);
  EXPECT_EQ(report.summary.certificates_verified, 1U);

  log = begun();
  log.issued(log.intent(other_kind),
             [](log::IssuedFields& fields) { fields.certificate_sha256 = sha256(bytes_of("another")); });
  EXPECT_FOUND(verify_log(log), "certificate-hash", "entry 3");
}

TEST_F(ContentTest, FindsTheCertificateOfACaInAnIntentOfAnEndEntity) {
  for (const std::uint32_t usage : {std::uint32_t{kKeyCertSign}, std::uint32_t{kCrlSign}}) {
    LogFolder log = begun();
    log.issued(log.intent({}, [&](TbsFields& fields) { fields.key_usage = usage; }));
    EXPECT_ONLY(verify_log(log), "tbs-other-kind", "entry 2");
  }
  LogFolder log = begun();
  log.issued(log.intent({}, [](TbsFields& fields) { fields.basic_constraints = BasicConstraints{.ca = true}; }));
  EXPECT_ONLY(verify_log(log), "tbs-other-kind", "entry 2");
  log = begun();
  log.issued(log.intent({}, [](TbsFields& fields) {
    fields.basic_constraints = BasicConstraints{.ca = false};
    fields.key_usage = kDigitalSignature;
  }));
  EXPECT_TRUE(verify_log(log).clean());
}

TEST_F(ContentTest, KnowsTheCertificatesOfCas) {
  const auto of_a_ca = [](log::IntentFields& fields) { fields.kind = "ca-certificate"; };
  LogFolder log = begun();
  log.issued(log.intent(of_a_ca, [](TbsFields& fields) {
    fields.basic_constraints = BasicConstraints{.ca = true, .path_length = 0};
    fields.key_usage = kKeyCertSign | kCrlSign;
  }));
  const Report report = verify_log(log);
  EXPECT_TRUE(report.clean());
  EXPECT_EQ(report.summary.certificates_verified, 1U);
  log = begun();
  log.issued(log.intent(of_a_ca, [](TbsFields& fields) { fields.basic_constraints = BasicConstraints{.ca = false}; }));
  EXPECT_ONLY(verify_log(log), "tbs-other-kind", "entry 2");
}

TEST_F(ContentTest, TakesCertificatesWithExtensionsThatAProfileAdds) {
  LogFolder log = begun();
  log.issued(log.intent({}, [](TbsFields& fields) {
    fields.extra_extensions = {{.oid = "1.2.3", .critical = true, .value = Bytes{0x05, 0x00}}};
    fields.must_staple = true;
  }));
  EXPECT_TRUE(verify_log(log).clean());
}

TEST_F(ContentTest, FindsATbsWithAnotherSerialThanItsIntent) {
  LogFolder log = begun();
  log.issued(log.intent([](log::IntentFields& fields) { fields.serial = SerialNumber::random(system_rng()).value(); }));
  EXPECT_ONLY(verify_log(log), "tbs-other-serial", "entry 2");
}

TEST_F(ContentTest, FindsAnOutcomeWithAnotherSerialOrIssuerThanItsIntent) {
  LogFolder log = begun();
  log.issued(log.intent(),
             [](log::IssuedFields& fields) { fields.serial = SerialNumber::random(system_rng()).value(); });
  EXPECT_ONLY(verify_log(log), "outcome-other-serial", "entry 3");
  log = begun();
  const auto intent = log.intent([](log::IntentFields& fields) { fields.issuer = "issuing-2"; });
  log.add(log::orphaned_draft(
      {.cause = {},
       .intent = intent,
       .serial = log::read_intent(log::parse_entry(log.entries.at(intent), intent).value()).value().serial,
       .issuer = "issuing-1",
       .why = "deadline"}));
  EXPECT_ONLY(verify_log(log), "outcome-other-issuer", "entry 3");
}

TEST_F(ContentTest, FindsACrlNumberThatDoesNotRise) {
  LogFolder log = begun();
  log.crl("9");
  log.crl("10");
  EXPECT_TRUE(verify_log(log).clean());
  log.crl("10");
  EXPECT_ONLY(verify_log(log), "crl-number", "entry 4");
}

TEST_F(ContentTest, FindsACrlNumberThatDoesNotRiseUnderAnotherIssuersName) {
  LogFolder log = begun();
  log.crl("9");
  log.crl("8", [](log::CrlFields& fields) { fields.issuer = "issuing-1b"; });
  const Report report = verify_log(log);
  EXPECT_ONLY(report, "crl-number", "entry 3");
  EXPECT_NE(report.findings.front().message.find("the CRL number of issuing-1b is 8; the one before of its key"),
            std::string::npos)
      << report.text();
}

TEST_F(ContentTest, ACaWithANewKeyMayBeginItsCrlNumbersAnew) {
  LogFolder log = begun();
  log.crl("9");
  log.crl("1", [](log::CrlFields& fields) { fields.spki_sha256 = sha256(bytes_of("a new key")); });
  const Report report = verify_log(log);
  EXPECT_TRUE(report.clean()) << report.text();
}

TEST_F(ContentTest, FindsACrlThatDoesNotSayWhatWasSignedOrByWhichKey) {
  for (const char* const field : {"tbs_sha256", "spki_sha256"}) {
    LogFolder log = begun();
    log::Draft draft = log::crl_draft(
        {.cause = {}, .issuer = "issuing-1", .number = "9", .this_update = log.now, .next_update = log.now});
    ASSERT_EQ(draft.fields.erase(field), 1U);
    log.add(std::move(draft));
    const Report report = verify_log(log);
    EXPECT_ONLY(report, "entry-field", "entry 2");
    EXPECT_NE(report.findings.front().message.find(field), std::string::npos) << report.text();
  }
}

TEST_F(ContentTest, FindsALastCheckpointOfTheLogBeforeThatIsForged) {
  LogFolder log;
  const log::Note last = log::signed_note(
      log::format_checkpoint({.origin = "old.example/log", .size = 7, .root = sha256(bytes_of("root"))}).value(),
      witness_key(), "old.example/log");
  log.genesis([&](log::GenesisFields& fields) {
    fields.predecessor = {.origin = "old.example/log",
                          .log_key = other_key().verifier("old.example/log").key_string(),
                          .checkpoint = log::text_of_note(last)};
  });
  EXPECT_ONLY(verify_log(log), "predecessor", "entry 0");
}

TEST_F(ContentTest, FindsMoreOpenIntentsThanAnyDaemonHasAndStaysBounded) {
  LogFolder log = begun();
  const auto first = log.intent();
  const std::string intent(text_of(log.entries.at(first)));
  for (int i = 0; i < 17'000; ++i) {
    std::string text = intent;
    text.replace(text.find("\"seq\":2"), 7, "\"seq\":" + std::to_string(log.entries.size()));
    log.entries.push_back(copy_of(bytes_of(text)));
  }
  const Report report = verify_log(log);
  EXPECT_FOUND(report, "intents-too-many", "entry 2");
  EXPECT_EQ(report.summary.counts.at("serial-reused"), 17'000U);
}

}  // namespace
}  // namespace signet::audit
