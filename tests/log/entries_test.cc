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

IntentFields intent() {
  return {.cause = kCause,
          .issuer = "issuing-1",
          .profile = "tls-server",
          .serial = serial(),
          .client = "payments",
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
                "\"lint_version\":\"1\",\"mono\":42,\"outcome\":\"open\",\"payload_sha256\":" +
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
  fields.idempotency_key.clear();
  fields.proof.reset();
  const Draft draft = intent_draft(fields);
  for (const char* name : {"who", "request", "idempotency_key", "request_signature", "request_time"}) {
    EXPECT_FALSE(draft.fields.contains(name)) << name;
  }
  const auto read = read_intent(make_entry(draft, kStamp).value());
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->cause, Cause{});
  EXPECT_TRUE(read->idempotency_key.empty());
  EXPECT_FALSE(read->proof.has_value());
}

TEST(Entries, AnIssuedIsWrittenAndReadForEveryAlgorithm) {
  for (const auto algorithm :
       {SignatureAlgorithm::kEcdsaSha256, SignatureAlgorithm::kEcdsaSha384, SignatureAlgorithm::kEcdsaSha512,
        SignatureAlgorithm::kRsaPkcs1Sha256, SignatureAlgorithm::kRsaPkcs1Sha384, SignatureAlgorithm::kRsaPkcs1Sha512,
        SignatureAlgorithm::kEd25519}) {
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
