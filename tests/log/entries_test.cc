#include "log/entries.h"

#include <gtest/gtest.h>

namespace signet::log {
namespace {

const Stamp kStamp{.seq = 7,
                   .time = Time(std::chrono::microseconds(1'767'323'045'000'006)),
                   .mono = std::chrono::microseconds(42),
                   .boot = "boot-1"};

Sha256 hash_of(std::uint8_t byte) {
  Sha256 hash;
  hash.fill(byte);
  return hash;
}

SerialNumber serial() { return SerialNumber::from_der_contents(Bytes{0x3F, 0x01, 0xAB}).value(); }

const Cause kCause{.who = {.client = "payments", .certificate_sha256 = "ab01", .address = "192.0.2.1:4711"},
                   .request = "8c2e-17"};

std::string json(const Draft& draft) { return std::string(text_of(make_entry(draft, kStamp).value().encoded)); }

/// As it is read from the log.
Entry made(const Draft& draft) { return parse_entry(make_entry(draft, kStamp).value().encoded, kStamp.seq).value(); }

IntentFields intent() {
  return {.cause = kCause,
          .issuer = "issuing-1",
          .profile = "tls-server",
          .serial = serial(),
          .client = "payments",
          .method = "Renew",
          .idempotency_key = {0x01, 0x02},
          .payload_sha256 = hash_of(0x11),
          .proof = RequestProof{.signature = {0xAA}, .time = kStamp.time},
          .csr_sha256 = hash_of(0x22),
          .profile_sha256 = hash_of(0x33),
          .lint_version = "1",
          .tbs = TbsDer({0x30, 0x00})};
}

TEST(Entries, AnIntentIsWrittenWithTheDocumentedNames) {
  const std::string h = "\"" + std::string(64, '1') + "\"";
  EXPECT_EQ(json(intent_draft(intent())),
            "{\"boot\":\"boot-1\",\"client\":\"payments\",\"csr_sha256\":\"" + std::string(64, '2') +
                "\",\"idempotency_key\":\"AQI=\",\"issuer\":\"issuing-1\",\"kind\":\"end-entity-certificate\","
                "\"lint_version\":\"1\",\"method\":\"Renew\",\"mono\":42,\"outcome\":\"open\",\"payload_sha256\":" +
                h + ",\"profile\":\"tls-server\",\"profile_sha256\":\"" + std::string(64, '3') +
                "\",\"request\":\"8c2e-17\",\"request_signature\":\"qg==\",\"request_time\":"
                "\"2026-01-02T03:04:05.000006Z\",\"seq\":7,\"serial\":\"3f01ab\",\"tbs\":\"MAA=\","
                "\"time\":\"2026-01-02T03:04:05.000006Z\",\"type\":\"intent\",\"who\":{\"address\":\"192.0.2.1:4711\","
                "\"certificate_sha256\":\"ab01\",\"client\":\"payments\"}}");
}

TEST(Entries, AnIntentIsReadBackAsItWasGiven) {
  const Entry entry = make_entry(intent_draft(intent()), kStamp).value();
  const auto read = read_intent(parse_entry(entry.encoded, 7).value());
  ASSERT_TRUE(read.has_value()) << read.error().message;
  const IntentFields wanted = intent();
  EXPECT_EQ(read->cause, wanted.cause);
  EXPECT_EQ(read->kind, "end-entity-certificate");
  EXPECT_EQ(read->issuer, wanted.issuer);
  EXPECT_EQ(read->profile, wanted.profile);
  EXPECT_EQ(read->serial, wanted.serial);
  EXPECT_EQ(read->client, wanted.client);
  EXPECT_EQ(read->method, wanted.method);
  EXPECT_EQ(read->idempotency_key, wanted.idempotency_key);
  EXPECT_EQ(read->payload_sha256, wanted.payload_sha256);
  EXPECT_EQ(read->proof, wanted.proof);
  EXPECT_EQ(read->csr_sha256, wanted.csr_sha256);
  EXPECT_EQ(read->profile_sha256, wanted.profile_sha256);
  EXPECT_EQ(read->lint_version, wanted.lint_version);
  EXPECT_EQ(read->tbs, wanted.tbs);
  EXPECT_EQ(read_time(entry).value(), kStamp.time);
}

TEST(Entries, WhatAnIntentDoesNotHaveIsLeftOut) {
  IntentFields fields = intent();
  fields.cause = {};
  fields.method.clear();
  fields.idempotency_key.clear();
  fields.proof.reset();
  const Draft draft = intent_draft(fields);
  for (const char* name : {"who", "request", "method", "idempotency_key", "request_signature", "request_time"}) {
    EXPECT_FALSE(draft.fields.contains(name)) << name;
  }
  const auto read = read_intent(make_entry(draft, kStamp).value());
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->cause, Cause{});
  EXPECT_TRUE(read->method.empty()) << "as it is in entries from before there was more than one";
  EXPECT_TRUE(read->idempotency_key.empty());
  EXPECT_FALSE(read->proof.has_value());
}

TEST(Entries, AnIssuedIsWrittenAndReadForEveryAlgorithm) {
  for (const auto algorithm :
       {SignatureAlgorithm::kEcdsaSha256, SignatureAlgorithm::kEcdsaSha384, SignatureAlgorithm::kEcdsaSha512,
        SignatureAlgorithm::kRsaPkcs1Sha256, SignatureAlgorithm::kRsaPkcs1Sha384, SignatureAlgorithm::kRsaPkcs1Sha512,
        SignatureAlgorithm::kEd25519, SignatureAlgorithm::kRsaPssSha256, SignatureAlgorithm::kRsaPssSha384,
        SignatureAlgorithm::kRsaPssSha512}) {
    const IssuedFields fields{.cause = {},
                              .intent = 3,
                              .serial = serial(),
                              .algorithm = algorithm,
                              .signature = SignatureValue({1, 2, 3}),
                              .certificate_sha256 = hash_of(0x44)};
    const auto read = read_issued(make_entry(issued_draft(fields), kStamp).value());
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(read->intent, 3U);
    EXPECT_EQ(read->serial, fields.serial);
    EXPECT_EQ(read->algorithm, algorithm);
    EXPECT_EQ(read->signature, fields.signature);
    EXPECT_EQ(read->certificate_sha256, fields.certificate_sha256);
  }
  EXPECT_EQ(json(issued_draft({.cause = {},
                               .intent = 3,
                               .serial = serial(),
                               .signature = SignatureValue({1, 2, 3}),
                               .certificate_sha256 = hash_of(0x44)})),
            "{\"boot\":\"boot-1\",\"certificate_sha256\":\"" + std::string(64, '4') +
                "\",\"intent\":3,\"mono\":42,\"outcome\":\"ok\",\"seq\":7,\"serial\":\"3f01ab\",\"signature\":\"AQID\","
                "\"signature_algorithm\":\"ecdsa-with-SHA256\",\"time\":\"2026-01-02T03:04:05.000006Z\","
                "\"type\":\"issued\"}");
}

TEST(Entries, ARejectedIsWrittenAndRead) {
  RejectedFields fields{.cause = kCause, .code = "PERMISSION_DENIED", .text = "no", .field = "csr.subjectAltName"};
  const auto brief = read_rejected(make_entry(rejected_draft(fields), kStamp).value());
  ASSERT_TRUE(brief.has_value()) << brief.error().message;
  EXPECT_EQ(brief->code, "PERMISSION_DENIED");
  EXPECT_EQ(brief->text, "no");
  EXPECT_EQ(brief->field, "csr.subjectAltName");
  EXPECT_FALSE(brief->csr_sha256.has_value());
  EXPECT_FALSE(brief->intent.has_value());
  EXPECT_EQ(brief->count, 1U);
  fields.csr_sha256 = hash_of(0x55);
  fields.intent = 0;
  fields.count = 12;
  const auto full = read_rejected(make_entry(rejected_draft(fields), kStamp).value());
  ASSERT_TRUE(full.has_value()) << full.error().message;
  EXPECT_EQ(full->csr_sha256, fields.csr_sha256);
  EXPECT_EQ(full->intent, 0U);
  EXPECT_EQ(full->count, 12U);
}

TEST(Entries, OrphanedAccessAndProcessEntriesHaveTheDocumentedNames) {
  const OrphanedFields orphaned{.cause = {}, .intent = 3, .serial = serial(), .issuer = "issuing-1", .why = "deadline"};
  EXPECT_EQ(
      json(orphaned_draft(orphaned)),
      "{\"boot\":\"boot-1\",\"intent\":3,\"issuer\":\"issuing-1\",\"mono\":42,\"outcome\":\"failed\",\"seq\":7,"
      "\"serial\":\"3f01ab\",\"time\":\"2026-01-02T03:04:05.000006Z\",\"type\":\"orphaned\",\"why\":\"deadline\"}");
  EXPECT_EQ(read_orphaned(make_entry(orphaned_draft(orphaned), kStamp).value()).value().why, "deadline");
  EXPECT_EQ(
      json(access_draft({.cause = {}, .reason = "tls-version", .text = "too old", .count = 2})),
      "{\"boot\":\"boot-1\",\"count\":2,\"mono\":42,\"outcome\":\"rejected\",\"reason\":\"tls-version\",\"seq\":7,"
      "\"text\":\"too old\",\"time\":\"2026-01-02T03:04:05.000006Z\",\"type\":\"access\"}");
  EXPECT_EQ(json(process_draft(ProcessEvent::kStart,
                               {.process = "signet-issuer", .version = "0.1.0", .host = "ca1", .cut_bytes = 9})),
            "{\"boot\":\"boot-1\",\"cut_bytes\":9,\"host\":\"ca1\",\"mono\":42,\"outcome\":\"ok\","
            "\"process\":\"signet-issuer\",\"seq\":7,\"time\":\"2026-01-02T03:04:05.000006Z\",\"type\":\"start\","
            "\"version\":\"0.1.0\"}");
  EXPECT_EQ(json(process_draft(ProcessEvent::kCrash, {.process = "signet-front", .signal = 11, .restarts = 2})),
            "{\"boot\":\"boot-1\",\"exit_status\":0,\"mono\":42,\"outcome\":\"failed\",\"process\":\"signet-front\","
            "\"restarts\":2,\"seq\":7,\"signal\":11,\"time\":\"2026-01-02T03:04:05.000006Z\",\"type\":\"crash\"}");
}

TEST(Entries, AGenesisIsWrittenAndRead) {
  GenesisFields fields{.origin = "ca.example.com/signet/issuing-1",
                       .log_key = "ca.example.com/signet/issuing-1+530d903a+AQ==",
                       .version = "0.1.0",
                       .ceremony_sha256 = hash_of(0x11),
                       .policy_sha256 = hash_of(0x22),
                       .config_sha256 = hash_of(0x33)};
  EXPECT_EQ(json(genesis_draft(fields)),
            "{\"boot\":\"boot-1\",\"ceremony_sha256\":\"" + std::string(64, '1') + "\",\"config_sha256\":\"" +
                std::string(64, '3') +
                "\",\"log_key\":\"ca.example.com/signet/issuing-1+530d903a+AQ==\",\"mono\":42,\"origin\":"
                "\"ca.example.com/signet/issuing-1\",\"outcome\":\"ok\",\"policy_sha256\":\"" +
                std::string(64, '2') +
                "\",\"seq\":7,\"time\":\"2026-01-02T03:04:05.000006Z\",\"type\":\"genesis\",\"version\":\"0.1.0\"}");
  EXPECT_FALSE(read_genesis(made(genesis_draft(fields))).value().predecessor.has_value());
  fields.predecessor = Predecessor{.origin = "old", .log_key = "old+00000000+AQ==", .checkpoint = "old\n7\n\u2014\n"};
  const auto read = read_genesis(made(genesis_draft(fields)));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->origin, fields.origin);
  EXPECT_EQ(read->log_key, fields.log_key);
  EXPECT_EQ(read->version, fields.version);
  EXPECT_EQ(read->ceremony_sha256, fields.ceremony_sha256);
  EXPECT_EQ(read->policy_sha256, fields.policy_sha256);
  EXPECT_EQ(read->config_sha256, fields.config_sha256);
  EXPECT_EQ(read->predecessor, fields.predecessor);
  fields.predecessor->checkpoint.clear();
  EXPECT_FALSE(read_genesis(made(genesis_draft(fields))).has_value());
}

TEST(Entries, AHeartbeatIsWrittenAndRead) {
  HeartbeatFields fields{.issued = 12, .clock_offset = std::chrono::microseconds(-1500)};
  EXPECT_EQ(json(heartbeat_draft(fields)),
            "{\"boot\":\"boot-1\",\"checkpoint_size\":0,\"clock_offset_micros\":-1500,\"issued\":12,\"mono\":42,"
            "\"outcome\":\"ok\",\"seq\":7,\"time\":\"2026-01-02T03:04:05.000006Z\",\"type\":\"heartbeat\"}");
  fields.checkpoint_size = 100;
  fields.checkpoint_root = hash_of(0x44);
  const auto read = read_heartbeat(made(heartbeat_draft(fields)));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->checkpoint_size, 100U);
  EXPECT_EQ(read->checkpoint_root, fields.checkpoint_root);
  EXPECT_EQ(read->issued, 12U);
  EXPECT_EQ(read->clock_offset.count(), -1500);
}

TEST(Entries, SealedConfigAndClockAreWrittenAndRead) {
  EXPECT_EQ(json(sealed_draft({.successor_origin = "new", .successor_key = "new+00000000+AQ=="})),
            "{\"boot\":\"boot-1\",\"mono\":42,\"outcome\":\"ok\",\"seq\":7,\"successor_key\":"
            "\"new+00000000+AQ==\",\"successor_origin\":\"new\",\"time\":\"2026-01-02T03:04:05.000006Z\","
            "\"type\":\"sealed\"}");
  const auto sealed = read_sealed(made(sealed_draft({.successor_origin = "new", .successor_key = "key"})));
  ASSERT_TRUE(sealed.has_value()) << sealed.error().message;
  EXPECT_EQ(sealed->successor_origin, "new");
  EXPECT_EQ(sealed->successor_key, "key");
  for (const ConfigFile what : {ConfigFile::kConfiguration, ConfigFile::kPolicy}) {
    const auto config = read_config(made(
        config_draft({.what = what, .old_sha256 = hash_of(1), .new_sha256 = hash_of(2), .approved_by = "restart"})));
    ASSERT_TRUE(config.has_value()) << config.error().message;
    EXPECT_EQ(config->what, what);
    EXPECT_EQ(config->old_sha256, hash_of(1));
    EXPECT_EQ(config->new_sha256, hash_of(2));
    EXPECT_EQ(config->approved_by, "restart");
  }
  EXPECT_EQ(*config_draft({}).fields.at("what").text(), "configuration");
  EXPECT_EQ(*config_draft({.what = ConfigFile::kPolicy}).fields.at("what").text(), "policy");
  EXPECT_EQ(json(clock_draft({.jump = std::chrono::microseconds(-5), .offset = std::chrono::microseconds(7)})),
            "{\"boot\":\"boot-1\",\"jump_micros\":-5,\"mono\":42,\"offset_micros\":7,\"outcome\":\"failed\",\"seq\":7,"
            "\"time\":\"2026-01-02T03:04:05.000006Z\",\"type\":\"clock\"}");
  const auto clock = read_clock(made(clock_draft({.jump = std::chrono::microseconds(-5)})));
  ASSERT_TRUE(clock.has_value()) << clock.error().message;
  EXPECT_EQ(clock->jump.count(), -5);
}

TEST(Entries, AKeyIsWrittenAndReadForEveryEvent) {
  KeyFields fields{.key = "issuing-1",
                   .token = "hsm-a",
                   .uri = "pkcs11:token=t;object=o;type=private",
                   .spki_sha256 = hash_of(0x55),
                   .manufacturer = "SoftHSM project",
                   .model = "SoftHSM v2",
                   .token_serial = "0011",
                   .firmware = "2.6",
                   .attributes = {{"extractable", false}, {"sensitive", true}}};
  using enum KeyEvent;
  const std::vector<std::pair<KeyEvent, const char*>> events{{kGenerated, "generated"}, {kFound, "found"},
                                                             {kEvidence, "evidence"},   {kLost, "lost"},
                                                             {kRestored, "restored"},   {kRetired, "retired"}};
  for (const auto& [event, name] : events) {
    fields.event = event;
    const Draft draft = key_draft(fields);
    EXPECT_EQ(*draft.fields.at("event").text(), name);
    EXPECT_EQ(*draft.fields.at("outcome").text(), event == kLost ? "failed" : "ok");
    const auto read = read_key(made(draft));
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(read->event, event);
    EXPECT_EQ(read->key, fields.key);
    EXPECT_EQ(read->token, fields.token);
    EXPECT_EQ(read->uri, fields.uri);
    EXPECT_EQ(read->spki_sha256, fields.spki_sha256);
    EXPECT_EQ(read->manufacturer, fields.manufacturer);
    EXPECT_EQ(read->model, fields.model);
    EXPECT_EQ(read->token_serial, fields.token_serial);
    EXPECT_EQ(read->firmware, fields.firmware);
    EXPECT_EQ(read->attributes, fields.attributes);
  }
  EXPECT_EQ(json(key_draft({.event = kLost, .key = "k", .uri = "pkcs11:object=o"})),
            "{\"boot\":\"boot-1\",\"event\":\"lost\",\"key\":\"k\",\"mono\":42,\"outcome\":\"failed\",\"seq\":7,"
            "\"time\":\"2026-01-02T03:04:05.000006Z\",\"type\":\"key\",\"uri\":\"pkcs11:object=o\"}");
  Draft unknown = key_draft(fields);
  unknown.fields.insert_or_assign("event", "painted");
  EXPECT_NE(read_key(made(unknown)).error().message.find("field event is \"painted\", not one of: generated, found"),
            std::string::npos);
}

TEST(Entries, RevokedCrlAndOcspAreWrittenAndRead) {
  const auto revoked = read_revoked(made(revoked_draft({.cause = kCause,
                                                        .issuer = "issuing-1",
                                                        .serial = serial(),
                                                        .reason = "keyCompromise",
                                                        .revocation_time = kStamp.time})));
  ASSERT_TRUE(revoked.has_value()) << revoked.error().message;
  EXPECT_EQ(revoked->cause, kCause);
  EXPECT_EQ(revoked->issuer, "issuing-1");
  EXPECT_EQ(revoked->serial, serial());
  EXPECT_EQ(revoked->reason, "keyCompromise");
  EXPECT_EQ(revoked->revocation_time, kStamp.time);
  const auto later = kStamp.time + std::chrono::hours(24);
  const auto crl = read_crl(made(crl_draft({.cause = {},
                                            .issuer = "issuing-1",
                                            .number = "1461501637330902918203684832716283019655932542975",
                                            .this_update = kStamp.time,
                                            .next_update = later,
                                            .sha256 = hash_of(6),
                                            .tbs_sha256 = hash_of(7),
                                            .spki_sha256 = hash_of(8)})));
  ASSERT_TRUE(crl.has_value()) << crl.error().message;
  EXPECT_EQ(crl->number, "1461501637330902918203684832716283019655932542975");
  EXPECT_EQ(crl->this_update, kStamp.time);
  EXPECT_EQ(crl->next_update, later);
  EXPECT_EQ(crl->sha256, hash_of(6));
  EXPECT_EQ(crl->tbs_sha256, hash_of(7));
  EXPECT_EQ(crl->spki_sha256, hash_of(8));
  const Draft ocsp = ocsp_draft({.cause = {}, .issuer = "issuing-1", .range = "00-7f"});
  EXPECT_TRUE(ocsp.fields.contains("range"));
  EXPECT_EQ(read_ocsp(made(ocsp)).value().range, "00-7f");
}

TEST(Entries, AccessAndProcessEntriesAreRead) {
  const auto access = read_access(made(access_draft({.cause = kCause, .reason = "rate", .text = "slow", .count = 9})));
  ASSERT_TRUE(access.has_value()) << access.error().message;
  EXPECT_EQ(access->cause, kCause);
  EXPECT_EQ(access->reason, "rate");
  EXPECT_EQ(access->text, "slow");
  EXPECT_EQ(access->count, 9U);
  const ProcessFields fields{.process = "signet-issuer",
                             .version = "0.1.0",
                             .host = "ca1",
                             .cut_bytes = 9,
                             .signal = 11,
                             .exit_status = 1,
                             .restarts = 2};
  const auto start = read_process(made(process_draft(ProcessEvent::kStart, fields)));
  ASSERT_TRUE(start.has_value()) << start.error().message;
  EXPECT_EQ(start->host, "ca1");
  EXPECT_EQ(start->cut_bytes, 9U);
  EXPECT_EQ(start->restarts, 0U);
  EXPECT_EQ(read_process(made(process_draft(ProcessEvent::kStop, fields))).value().version, "0.1.0");
  const auto crash = read_process(made(process_draft(ProcessEvent::kCrash, fields)));
  ASSERT_TRUE(crash.has_value()) << crash.error().message;
  EXPECT_EQ(crash->process, "signet-issuer");
  EXPECT_EQ(crash->signal, 11);
  EXPECT_EQ(crash->exit_status, 1);
  EXPECT_EQ(crash->restarts, 2U);
}

TEST(Entries, AnActOfAnOperatorIsWrittenAndRead) {
  AdminFields fields{.act = "unlock", .token = "soft", .uid = 1000, .pid = 4711, .at = kStamp.time, .failure = {}};
  EXPECT_EQ(json(admin_draft(fields)),
            "{\"act\":\"unlock\",\"at\":\"2026-01-02T03:04:05.000006Z\",\"boot\":\"boot-1\",\"mono\":42,"
            "\"outcome\":\"ok\",\"pid\":4711,\"seq\":7,\"time\":\"2026-01-02T03:04:05.000006Z\",\"token\":\"soft\","
            "\"type\":\"admin\",\"uid\":1000}");
  fields.failure = "the user PIN is locked";
  const Entry failed = made(admin_draft(fields));
  EXPECT_EQ(*failed.fields.at("outcome").text(), "failed");
  const auto read = read_admin(failed);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->act, "unlock");
  EXPECT_EQ(read->token, "soft");
  EXPECT_EQ(read->uid, 1000U);
  EXPECT_EQ(read->pid, 4711U);
  EXPECT_EQ(read->at, kStamp.time);
  EXPECT_EQ(read->failure, "the user PIN is locked");
  EXPECT_EQ(read_admin(made(admin_draft({.act = "reload"}))).value().token, "");
}

TEST(Entries, OnlyOutcomesCloseIntents) {
  const auto closed = [](const Draft& draft) { return closed_intent(made(draft)).value(); };
  EXPECT_EQ(closed(issued_draft({.cause = {}, .intent = 3, .serial = serial(), .signature = {}})), 3U);
  EXPECT_EQ(closed(orphaned_draft({.cause = {}, .intent = 4, .serial = serial(), .issuer = "i", .why = "w"})), 4U);
  RejectedFields rejected{.cause = {}, .code = "INTERNAL", .text = "no", .field = {}};
  EXPECT_EQ(closed(rejected_draft(rejected)), std::nullopt);
  rejected.intent = 5;
  EXPECT_EQ(closed(rejected_draft(rejected)), 5U);
  EXPECT_EQ(closed(intent_draft(intent())), std::nullopt);
  EXPECT_EQ(closed({.type = "note", .fields = {{"intent", std::int64_t{1}}}}), std::nullopt);
  Draft malformed = rejected_draft(rejected);
  malformed.fields.insert_or_assign("intent", "5");
  EXPECT_EQ(closed_intent(made(malformed)).error().code, ErrorCode::kDataLoss);
}

TEST(Entries, AReaderNamesTheEntryAndTheFieldThatIsWrong) {
  const auto complaint_about = [](const char* field, const Value& value) {
    Draft draft = intent_draft(intent());
    draft.fields.insert_or_assign(field, value);
    const auto read = read_intent(make_entry(draft, kStamp).value());
    EXPECT_FALSE(read.has_value()) << field;
    if (read.has_value()) return std::string();
    EXPECT_EQ(read.error().code, ErrorCode::kDataLoss);
    return read.error().message;
  };
  for (const char* field : {"serial", "tbs", "csr_sha256", "request_time", "who", "issuer", "idempotency_key"}) {
    const std::string message = complaint_about(field, std::int64_t{1});
    EXPECT_NE(message.find("entry 7 of the log (intent): field " + std::string(field)), std::string::npos) << message;
  }
  EXPECT_NE(complaint_about("csr_sha256", "abcd").find("is not a SHA-256"), std::string::npos);
  EXPECT_NE(complaint_about("tbs", "not base64").find("malformed"), std::string::npos);
  EXPECT_NE(complaint_about("serial", "00").find("is not a serial number"), std::string::npos);
}

TEST(Entry, FieldsOfTheLogCannotBeSetByACaller) {
  for (const char* field : {"boot", "mono", "seq", "time", "type"}) {
    const auto entry = make_entry({.type = "note", .fields = {{field, "x"}}}, kStamp);
    ASSERT_FALSE(entry.has_value()) << field;
    EXPECT_EQ(entry.error().field, field);
  }
  EXPECT_FALSE(make_entry({.type = "", .fields = {}}, kStamp).has_value());
}

TEST(Entry, AnEntryHasAtMost65535Bytes) {
  const std::size_t empty = make_entry({.type = "note", .fields = {{"t", ""}}}, kStamp).value().encoded.size();
  const std::string fits(kMaxEntryBytes - empty, 'x');
  EXPECT_EQ(make_entry({.type = "note", .fields = {{"t", fits}}}, kStamp).value().encoded.size(), kMaxEntryBytes);
  const auto larger = make_entry({.type = "note", .fields = {{"t", fits + "x"}}}, kStamp);
  ASSERT_FALSE(larger.has_value());
  EXPECT_EQ(larger.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(larger.error().message.find("65536 bytes"), std::string::npos);
}

TEST(Entry, IsRefusedInAnotherPlaceOrWithoutAType) {
  const Entry entry = make_entry({.type = "note", .fields = {}}, kStamp).value();
  EXPECT_TRUE(parse_entry(entry.encoded, 7).has_value());
  EXPECT_EQ(parse_entry(entry.encoded, 8).error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(parse_entry(copy_of(bytes_of(R"({"seq":7})")), 7).error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(parse_entry(copy_of(bytes_of(R"({"type":"note"})")), 7).error().code, ErrorCode::kDataLoss);
}

TEST(Entry, LeafHashIsTheOneOfRfc6962) {
  // RFC 6962 section 2.1.1's empty leaf: SHA-256 of one zero byte.
  EXPECT_EQ(to_hex(leaf_hash({})), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

}  // namespace
}  // namespace signet::log
