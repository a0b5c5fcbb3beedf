#include <fmt/format.h>
#include <gmock/gmock.h>

#include <set>

#include "issuer/process_harness.h"
#include "support/command.h"
#include "x509/csr.h"

namespace signet::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class IssuanceTest : public IssuerTest {
 protected:
  void expect_retryable(const v1::Response& response) {
    EXPECT_EQ(code_of(response), ErrorCode::kUnavailable) << response.error().message();
    EXPECT_TRUE(response.error().retryable());
    EXPECT_GT(response.error().retry_after_millis(), 0U);
  }
};

TEST_F(IssuanceTest, TheIntentIsOnDiskBeforeTheKeyIsUsedAndTheOutcomeBeforeTheAnswer) {
  start();
  const std::uint64_t call = call_issue("key-1");
  const auto request = next_sign_request();
  EXPECT_EQ(request.sign().key(), "issuing-1");
  EXPECT_EQ(request.sign().kind(), internal::ARTIFACT_KIND_END_ENTITY_CERTIFICATE);
  const auto before = installation_.story();
  ASSERT_THAT(types_of(before), ElementsAre("start", "intent"));
  const auto intent = log::read_intent(before[1]).value();
  EXPECT_EQ(text_of(intent.tbs.view()), request.sign().structure());
  EXPECT_EQ(intent.client, "payments");
  EXPECT_EQ(text_of(intent.idempotency_key), "key-1");
  EXPECT_TRUE(intent.proof.has_value());
  EXPECT_EQ(front_->answers_waiting(), 0U);

  sign_rightly(request);
  const auto issued = issued_in(front_->answer(call));
  const auto after = installation_.story();
  ASSERT_THAT(types_of(after), ElementsAre("start", "intent", "issued"));
  EXPECT_EQ(issued.intent_log_index(), after[1].seq);
  EXPECT_EQ(issued.log_index(), after[2].seq);
  const auto certificate = Certificate::parse(bytes_of(issued.certificate())).value();
  EXPECT_TRUE(certificate.verify_signed_by(installation_.issuing.certificate.public_key()).has_value());
  EXPECT_EQ(text_of(certificate.tbs()), request.sign().structure());
  EXPECT_EQ(log::read_issued(after[2]).value().certificate_sha256, certificate.fingerprint());
  EXPECT_EQ(std::vector<std::string>(issued.chain().begin(), issued.chain().end()), chain_of({&installation_.issuing}));
  stop();
  EXPECT_THAT(types_of(installation_.closed_story()), ElementsAre("start", "intent", "issued", "stop"));
}

/// One way a keyholder fails to give a good signature.
struct Trouble {
  std::string name;
  std::string why;  ///< of the intent that is orphaned
  std::function<void(Channel&, const internal::IssuerToKeyholder&)> act;
  bool connection_ends = false;
};
void PrintTo(const Trouble& trouble, std::ostream* out) { *out << trouble.name; }

void send_signature(Channel& keyholder, std::uint64_t id, ByteView signature) {
  internal::KeyholderToIssuer answer;
  answer.set_id(id);
  answer.set_signature(std::string(text_of(signature)));
  ASSERT_TRUE(keyholder.send(answer).has_value());
}

void send_error(Channel& keyholder, std::uint64_t id, ErrorCode code, bool retryable) {
  internal::KeyholderToIssuer answer;
  answer.set_id(id);
  answer.mutable_error()->set_code(static_cast<std::uint32_t>(code));
  answer.mutable_error()->set_message("CKR_DEVICE_ERROR");
  answer.mutable_error()->set_retryable(retryable);
  ASSERT_TRUE(keyholder.send(answer).has_value());
}

std::vector<Trouble> troubles() {
  return {
      {"TokenError", "token-error",
       [](Channel& keyholder, const auto& request) {
         send_error(keyholder, request.id(), ErrorCode::kUnavailable, true);
       }},
      {"InternalError", "token-error",
       [](Channel& keyholder, const auto& request) {
         send_error(keyholder, request.id(), ErrorCode::kInternal, false);
       }},
      {"Leaves", "token-error", [](Channel& keyholder, const auto&) { keyholder.shutdown(); }, true},
      {"Garbage", "token-error",
       [](Channel& keyholder, const auto&) {
         EXPECT_TRUE(write_all(keyholder.fd(), bytes_of(std::string_view("\0\0\0\4\xff\xff\xff\xff", 8))).has_value());
       },
       true},
      {"FrameTooLong", "token-error",
       [](Channel& keyholder, const auto&) {
         EXPECT_TRUE(write_all(keyholder.fd(), bytes_of("\xff\xff\xff\xff")).has_value());
       },
       true},
      {"SaysNothing", "deadline", [](Channel&, const auto&) {}},
      {"AnswersAnother", "deadline",
       [](Channel& keyholder, const auto& request) {
         send_error(keyholder, request.id() + 1, ErrorCode::kUnavailable, true);
       }},
      {"EmptySignature", "failed-verification",
       [](Channel& keyholder, const auto& request) { send_signature(keyholder, request.id(), {}); }},
      {"GarbageSignature", "failed-verification",
       [](Channel& keyholder, const auto& request) { send_signature(keyholder, request.id(), Bytes(70, 0x30)); }},
      {"SignatureOfAnotherKey", "failed-verification",
       [](Channel& keyholder, const auto& request) {
         const EvpPkeyPtr key = make_key(KeyType::kEcP256);
         const auto signature = sign(key.get(), SignatureAlgorithm::kEcdsaSha256, bytes_of(request.sign().structure()));
         send_signature(keyholder, request.id(), signature.view());
       }},
  };
}

class KeyholderTrouble : public IssuanceTest, public testing::WithParamInterface<Trouble> {};

TEST_P(KeyholderTrouble, OrphansTheIntentAndARetryIsANewOneWithANewSerial) {
  installation_.sign_deadline = GetParam().why == "deadline" ? "1s" : "30s";
  start();
  const std::uint64_t call = call_issue("key-1");
  GetParam().act(keyholder_->channel(), next_sign_request());
  expect_retryable(front_->answer(call));
  const auto after_trouble = installation_.story();
  ASSERT_THAT(types_of(after_trouble), ElementsAre("start", "intent", "orphaned"));
  const auto intent = log::read_intent(after_trouble[1]).value();
  const auto orphaned = log::read_orphaned(after_trouble[2]).value();
  EXPECT_EQ(orphaned.why, GetParam().why);
  EXPECT_EQ(orphaned.intent, after_trouble[1].seq);
  EXPECT_EQ(orphaned.serial, intent.serial);

  if (GetParam().connection_ends) reconnect_keyholder(2);
  const auto issued = issue("key-1");
  EXPECT_GT(issued.intent_log_index(), after_trouble[2].seq);
  EXPECT_NE(to_hex(bytes_of(issued.serial())), intent.serial.hex());
  stop();
  EXPECT_THAT(types_of(installation_.closed_story()),
              ElementsAre("start", "intent", "orphaned", "intent", "issued", "stop"));
}

INSTANTIATE_TEST_SUITE_P(Issuance, KeyholderTrouble, testing::ValuesIn(troubles()),
                         [](const auto& trouble) { return trouble.param.name; });

TEST_F(IssuanceTest, AnAnswerThatComesTooLateIsDropped) {
  installation_.sign_deadline = "1s";
  start();
  const std::uint64_t call = call_issue("key-1");
  const auto late = next_sign_request();
  expect_retryable(front_->answer(call));
  sign_rightly(late);

  const std::uint64_t retry = call_issue("key-1");
  const auto request = next_sign_request();
  EXPECT_NE(request.id(), late.id());
  EXPECT_NE(request.sign().structure(), late.sign().structure());
  sign_rightly(late);  // once more
  sign_rightly(request);
  const auto issued = issued_in(front_->answer(retry));
  EXPECT_EQ(text_of(Certificate::parse(bytes_of(issued.certificate())).value().tbs()), request.sign().structure());
  stop();
  EXPECT_EQ(of_type(installation_.closed_story(), "issued").size(), 1U);
}

TEST_F(IssuanceTest, TheRightSignatureOfTheWrongStructureMakesNoCertificate) {
  start();
  const std::uint64_t first = call_issue("key-1");
  const auto one = next_sign_request();
  const std::uint64_t second = call_issue("key-2");
  const auto two = next_sign_request();
  answer_signature(one.id(), sign_with(installation_.issuing, bytes_of(two.sign().structure())).view());
  answer_signature(two.id(), sign_with(installation_.issuing, bytes_of(one.sign().structure())).view());
  expect_retryable(front_->answer(first));
  expect_retryable(front_->answer(second));
  stop();
  const auto orphaned = of_type(installation_.closed_story(), "orphaned");
  ASSERT_EQ(orphaned.size(), 2U);
  for (const log::Entry& entry : orphaned) EXPECT_EQ(log::read_orphaned(entry).value().why, "failed-verification");
}

TEST_F(IssuanceTest, WhatTheFenceRefusesIsClosedAsRejectedAndNotToBeTriedAgain) {
  start();
  const std::uint64_t call = call_issue("key-1");
  answer_error(next_sign_request().id(), ErrorCode::kPermissionDenied, "400d; at most 398d", "fence.longest_validity");
  const v1::Response response = front_->answer(call);
  EXPECT_EQ(code_of(response), ErrorCode::kInternal);
  EXPECT_FALSE(response.error().retryable());
  EXPECT_THAT(response.error().message(), HasSubstr("400d; at most 398d"));
  const auto entries = installation_.story();
  ASSERT_THAT(types_of(entries), ElementsAre("start", "intent", "rejected"));
  const auto rejected = log::read_rejected(entries[2]).value();
  EXPECT_EQ(rejected.intent, entries[1].seq);
  EXPECT_EQ(rejected.code, "PERMISSION_DENIED");
  EXPECT_EQ(rejected.field, "fence.longest_validity");
  EXPECT_GT(issue("key-1").intent_log_index(), entries[2].seq);  // the key is free again
}

TEST_F(IssuanceTest, ARefusalThatIsNotTheFencesMayHaveSignedAndOrphans) {
  start();
  const std::uint64_t call = call_issue("key-1");
  answer_error(next_sign_request().id(), ErrorCode::kPermissionDenied, "no", "token.pin");
  EXPECT_TRUE(front_->answer(call).has_error());
  const auto entries = installation_.story();
  ASSERT_THAT(types_of(entries), ElementsAre("start", "intent", "orphaned"));
  EXPECT_EQ(log::read_orphaned(entries[2]).value().why, "token-error");
}

TEST_F(IssuanceTest, NonsenseInAnErrorOfTheKeyholderStillClosesTheIntent) {
  start();
  const std::uint64_t first = call_issue("key-1");
  answer_error(next_sign_request().id(), ErrorCode::kPermissionDenied, std::string(100'000, 'm'),
               "fence." + std::string(100'000, 'f'));
  EXPECT_EQ(code_of(front_->answer(first)), ErrorCode::kInternal);
  const std::uint64_t second = call_issue("key-2");
  answer_error(next_sign_request().id(), static_cast<ErrorCode>(200), "\n\x01", "\n\x01");
  EXPECT_TRUE(front_->answer(second).has_error());
  ASSERT_THAT(types_of(installation_.story()), ElementsAre("start", "intent", "rejected", "intent", "orphaned"));
  EXPECT_FALSE(issue("key-3").certificate().empty());
}

TEST_F(IssuanceTest, WithoutAKeyholderThereIsNoIntent) {
  start();
  keyholder_.reset();
  ASSERT_TRUE(eventually([&] { return !status().issuers(0).available(); }));
  expect_retryable(front_->answer(call_issue("key-1")));
  EXPECT_THAT(types_of(installation_.story()), ElementsAre("start"));
}

TEST_F(IssuanceTest, AKeyOnTheListOfBlockedKeysGetsNoCertificate) {
  const std::string payload = issue_payload("key-1");
  v1::IssueRequest request;
  ASSERT_TRUE(request.ParseFromString(payload));
  const Sha256 key = Csr::parse(bytes_of(request.csr())).value().public_key().spki_sha256();
  installation_.blocked_keys = "# leaked\n" + to_hex(key) + "\n";
  start();
  const auto refused = front_->ask(chain_of({&installation_.web}), envelope(v1::METHOD_ISSUE, payload));
  EXPECT_EQ(code_of(refused), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused.error().field(), "csr.subjectPublicKeyInfo");
  EXPECT_THAT(refused.error().message(), HasSubstr("key.blocked"));
  EXPECT_THAT(types_of(installation_.story()), ElementsAre("start", "rejected"));
  EXPECT_FALSE(issue("another key").certificate().empty());
}

TEST_F(IssuanceTest, ARefusalIsLoggedWholeWithItsRuleAtTheEnd) {
  start();
  const std::string label(60, 'a');
  const std::string name = fmt::format("{0}.{0}.{0}.{0}.example", label);
  v1::IssueRequest request;
  ASSERT_TRUE(request.ParseFromString(issue_payload("key-1")));
  const EvpPkeyPtr key = test::make_key(KeyType::kEcP256);
  request.set_csr(std::string(text_of(test::make_csr(key.get(), "", {{"subjectAltName", "DNS:" + name}}))));
  const auto refused =
      front_->ask(chain_of({&installation_.web}), envelope(v1::METHOD_ISSUE, request.SerializeAsString()));
  const std::string& text = refused.error().message();
  ASSERT_GT(text.size(), 256U);
  EXPECT_THAT(text, testing::ContainsRegex("\\(rule [a-z.-]+\\)$"));
  const auto entries = installation_.story();
  ASSERT_THAT(types_of(entries), ElementsAre("start", "rejected"));
  EXPECT_EQ(log::read_rejected(entries[1]).value().text, text);
}

TEST_F(IssuanceTest, ABadListOfBlockedKeysKeepsTheIssuerFromStarting) {
  installation_.blocked_keys = "no hash\n";
  EXPECT_THAT(start_refused().message(), HasSubstr("blocked.txt:1"));
}

TEST_F(IssuanceTest, WhatLintFindsWrongIsRefusedBeforeAnythingIsLogged) {
  installation_.key_usage = "nonRepudiation";  // with which nobody is a TLS server (RFC 5280 section 4.2.1.12)
  start();
  const auto refused = front_->answer(call_issue("key-1"));
  EXPECT_EQ(code_of(refused), ErrorCode::kFailedPrecondition) << refused.error().message();
  EXPECT_EQ(refused.error().field(), "profile");
  EXPECT_THAT(refused.error().message(), HasSubstr("eku.key-usage"));
  EXPECT_FALSE(keyholder_was_asked());
  EXPECT_THAT(of_type(installation_.story(), "intent"), testing::IsEmpty());
}

TEST_F(IssuanceTest, AProfileMayDemandTheRulesOfPublicTrust) {
  installation_.profile_lines = "lint = \"public-trust\"\n";
  start();
  const auto refused = front_->answer(call_issue("key-1"));
  EXPECT_EQ(code_of(refused), ErrorCode::kFailedPrecondition) << refused.error().message();
  EXPECT_THAT(refused.error().message(), HasSubstr("(rule br."));
  EXPECT_FALSE(keyholder_was_asked());
}

TEST_F(IssuanceTest, ACriticalExtensionOfTheOperatorsOwnIsIssuedAndGivenAgain) {
  installation_.profile_lines =
      "extensions = [{ oid = \"1.3.6.1.4.1.99999.1\", critical = true, value = \"0c0161\" }]\n";
  installation_.fence_lines = "extensions = [\"1.3.6.1.4.1.99999.1\"]\n";
  start();
  const auto issued = issue("key-1");
  const auto certificate = Certificate::parse(bytes_of(issued.certificate()), UnknownCritical::kTaken).value();
  ASSERT_EQ(certificate.fields().extra_extensions.size(), 1U);
  EXPECT_TRUE(certificate.fields().extra_extensions[0].critical);
  EXPECT_EQ(issued_in(front_->answer(call_issue("key-1"))).certificate(), issued.certificate());
}

TEST_F(IssuanceTest, TheIntentSaysByWhichRulesItWasLinted) {
  start();
  EXPECT_FALSE(issue("key-1").certificate().empty());
  const auto intents = of_type(installation_.story(), "intent");
  ASSERT_EQ(intents.size(), 1U);
  EXPECT_EQ(log::read_intent(intents[0]).value().lint_version, "lint-1 private");
}

TEST_F(IssuanceTest, ARepeatedRequestGetsTheSameCertificateAndNothingIsSignedAgain) {
  start();
  const auto first = issue("key-1");
  const auto again = issued_in(front_->answer(call_issue("key-1")));
  EXPECT_EQ(again.SerializeAsString(), first.SerializeAsString());
  EXPECT_FALSE(keyholder_was_asked());
  EXPECT_THAT(types_of(installation_.story()), ElementsAre("start", "intent", "issued"));
}

TEST_F(IssuanceTest, AnIdempotencyKeyIsNotTakenForAnotherPayload) {
  start();
  static_cast<void>(issue("key-1"));
  const auto other = signed_envelope(installation_.payments, v1::METHOD_ISSUE, issue_payload("key-1"));
  const v1::Response response = front_->ask(chain_of({&installation_.payments}), other);
  EXPECT_EQ(code_of(response), ErrorCode::kAlreadyExists);
  EXPECT_EQ(response.error().field(), "idempotency_key");
  EXPECT_FALSE(keyholder_was_asked());
}

TEST_F(IssuanceTest, TheSameKeyOfAnotherClientIsAnotherKey) {
  start();
  const auto of_payments = issue("key-1");
  const std::uint64_t call =
      front_->call(chain_of({&installation_.web}), envelope(v1::METHOD_ISSUE, issue_payload("key-1")));
  sign_rightly(next_sign_request());
  EXPECT_NE(issued_in(front_->answer(call)).serial(), of_payments.serial());
}

TEST_F(IssuanceTest, ARequestSentFiveTimesAtOnceIsSignedOnce) {
  start();
  std::vector<std::uint64_t> calls;
  for (int i = 0; i < 5; ++i) calls.push_back(call_issue("key-1"));
  const auto request = next_sign_request();
  ASSERT_TRUE(eventually([&] { return front_->answers_waiting() == 2; }));  // one is at work and two wait for it
  sign_rightly(request);
  std::set<std::string> certificates;
  int refused = 0;
  for (const std::uint64_t call : calls) {
    const v1::Response response = front_->answer(call);
    if (response.has_error()) {
      expect_retryable(response);
      ++refused;
    } else {
      certificates.insert(issued_in(response).certificate());
    }
  }
  EXPECT_EQ(refused, 2);
  EXPECT_EQ(certificates.size(), 1U);
  stop();
  EXPECT_THAT(types_of(installation_.closed_story()), ElementsAre("start", "intent", "issued", "stop"));
}

TEST_F(IssuanceTest, WhatThereIsNoRoomForIsRefusedAtOnceAndMayBeTriedAgain) {
  installation_.workers = 1;
  installation_.queue = 2;
  start();
  const std::uint64_t at_work = call_issue("key-1");
  const auto request = next_sign_request();
  const std::uint64_t queued = call_issue("key-2");
  const std::uint64_t queued_too = call_issue("key-3");
  const v1::Response refused = front_->answer(call_issue("key-4"));
  EXPECT_EQ(code_of(refused), ErrorCode::kResourceExhausted);
  EXPECT_TRUE(refused.error().retryable());
  EXPECT_EQ(refused.number(), 7U);
  sign_rightly(request);
  sign_rightly(next_sign_request());
  sign_rightly(next_sign_request());
  for (const std::uint64_t call : {at_work, queued, queued_too})
    EXPECT_FALSE(issued_in(front_->answer(call)).certificate().empty());
  EXPECT_FALSE(issue("key-4").certificate().empty());
}

TEST_F(IssuanceTest, WhoWaitsForARepetitionThatFailsGetsItsOwnAttempt) {
  start();
  const std::uint64_t first = call_issue("key-1");
  const auto request = next_sign_request();
  const std::uint64_t second = call_issue("key-1");
  answer_error(request.id(), ErrorCode::kUnavailable, "CKR_DEVICE_ERROR", {}, true);
  expect_retryable(front_->answer(first));
  sign_rightly(next_sign_request());
  EXPECT_FALSE(issued_in(front_->answer(second)).certificate().empty());
}

TEST_F(IssuanceTest, AFrontThatLeavesMeanwhileLosesNothing) {
  start();
  static_cast<void>(call_issue("key-1"));
  const auto request = next_sign_request();
  front_.reset();
  sign_rightly(request);
  reconnect_front(2);
  const auto issued = issued_in(front_->answer(call_issue("key-1")));
  EXPECT_EQ(text_of(Certificate::parse(bytes_of(issued.certificate())).value().tbs()), request.sign().structure());
  EXPECT_FALSE(keyholder_was_asked());
  EXPECT_THAT(types_of(installation_.story()), ElementsAre("start", "intent", "issued"));
}

TEST_F(IssuanceTest, APeerOfAnOlderGenerationIsTurnedAway) {
  start();
  reconnect_keyholder(5);
  const auto stale_keyholder = issuer_->connect_keyholder(4);
  ASSERT_TRUE(readable(stale_keyholder->fd(), std::chrono::seconds(20)));  // at its end
  EXPECT_FALSE(stale_keyholder->receive<internal::IssuerToKeyholder>().has_value());
  reconnect_front(7);
  const auto stale_front = issuer_->connect_front(6);
  ASSERT_TRUE(readable(stale_front->channel().fd(), std::chrono::seconds(20)));
  EXPECT_FALSE(stale_front->channel().receive<internal::IssuerToFront>().has_value());
  EXPECT_FALSE(issue("key-1").certificate().empty());
}

TEST_F(IssuanceTest, ANewKeyholderReplacesOneThatHoldsAnAnswer) {
  start();
  const std::uint64_t call = call_issue("key-1");
  const auto request = next_sign_request();
  const auto before = std::move(keyholder_);
  reconnect_keyholder(2);
  expect_retryable(front_->answer(call));
  EXPECT_TRUE(eventually([&] { return before->ended(); }));
  EXPECT_EQ(log::read_orphaned(installation_.story().at(2)).value().why, "token-error");
  const auto lost = log::read_intent(installation_.story().at(1)).value();
  EXPECT_NE(to_hex(bytes_of(issue("key-1").serial())), lost.serial.hex());
}

}  // namespace
}  // namespace signet::test
