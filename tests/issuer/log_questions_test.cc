// What auditors get over the RPC, and proofs that come with certificates.
#include <gmock/gmock.h>

#include "issuer/process_harness.h"
#include "log/checkpoint.h"
#include "log/merkle.h"
#include "log/note.h"
#include "log/proof_file.h"
#include "support/command.h"

namespace signet::test {
namespace {

using testing::HasSubstr;

class LogQuestionsTest : public IssuerTest {
 protected:
  LogQuestionsTest() { installation_.log_settings = "checkpoint_interval = \"100ms\"\n"; }

  [[nodiscard]] log::Checkpoint verified(const std::string& note) const {
    const log::NoteVerifier verifiers[] = {installation_.token.log_key("log-1").verifier()};
    const auto opened = log::open_note(bytes_of(note), verifiers);
    if (!opened.has_value()) throw std::runtime_error(opened.error().message);
    return log::parse_checkpoint(opened->text).value();
  }
  /// The proof holds, for the entry it has as extra data; returns that.
  [[nodiscard]] log::Entry proven(const std::string& bytes) const {
    const log::ProofFile proof = log::parse_proof_file(bytes_of(bytes)).value();
    const log::Checkpoint checkpoint = verified(text(log::format_note(proof.checkpoint).value()));
    const auto holds =
        log::verify_inclusion(proof.index, checkpoint.size, log::leaf_hash(proof.extra), proof.path, checkpoint.root);
    if (!holds.has_value()) throw std::runtime_error(holds.error().message);
    return log::parse_entry(proof.extra, proof.index).value();
  }
  static std::string text(const Bytes& bytes) { return std::string(text_of(bytes)); }

  [[nodiscard]] v1::Response ask_checkpoint(std::uint64_t old_size) {
    v1::GetLogRequest question;
    question.mutable_checkpoint()->set_old_size(old_size);
    return ask_log(question);
  }
  [[nodiscard]] v1::Response ask_proof(std::uint64_t index) {
    v1::GetLogRequest question;
    question.mutable_proof()->set_index(index);
    return ask_log(question);
  }
  [[nodiscard]] v1::Response ask_entries(std::uint64_t first, std::uint32_t count) {
    v1::GetLogRequest question;
    question.mutable_entries()->set_first(first);
    question.mutable_entries()->set_count(count);
    return ask_log(question);
  }
  void wait_until_covered(std::uint64_t index) {
    ASSERT_TRUE(eventually([&] { return status().checkpoint_size() > index; }));
  }
};

TEST_F(LogQuestionsTest, TheNewestCheckpointComesWithAProofFromAnOlderOne) {
  start();
  wait_until_covered(0);
  const log::Checkpoint older = verified(log_answer_in(ask_checkpoint(0)).checkpoint());
  for (const char* key : {"key-1", "key-2", "key-3"}) wait_until_covered(issue(key).log_index());
  const v1::GetLogResponse answer = log_answer_in(ask_checkpoint(older.size));
  const log::Checkpoint newer = verified(answer.checkpoint());
  ASSERT_GT(newer.size, older.size);
  log::Proof proof;
  for (const std::string& hash : answer.consistency()) {
    ASSERT_EQ(hash.size(), 32U);
    std::ranges::copy(bytes_of(hash), proof.emplace_back().begin());
  }
  EXPECT_TRUE(log::verify_consistency(older.size, newer.size, older.root, newer.root, proof).has_value());
  EXPECT_TRUE(log_answer_in(ask_checkpoint(0)).consistency().empty());
}

TEST_F(LogQuestionsTest, ACheckpointThatIsLargerThanTheNewestIsRefused) {
  start();
  wait_until_covered(0);
  const v1::Response refused = ask_checkpoint(1'000'000);
  EXPECT_EQ(code_of(refused), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused.error().field(), "checkpoint.old_size");
}

TEST_F(LogQuestionsTest, EveryCoveredEntryCanBeProved) {
  start();
  const auto issued = issue("key-1");
  wait_until_covered(issued.log_index());
  for (std::uint64_t index = 0; index <= issued.log_index(); ++index)
    EXPECT_EQ(proven(log_answer_in(ask_proof(index)).proof()).seq, index);
  const v1::Response refused = ask_proof(1'000'000);
  EXPECT_EQ(code_of(refused), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused.error().field(), "proof.index");
}

TEST_F(LogQuestionsTest, AnEntryThatNoCheckpointCoversYetMayBeAskedForAgain) {
  start();
  wait_until_covered(3);
  installation_.token.refuses_checkpoints = true;
  const auto issued = issue("key-1");
  const v1::Response refused = ask_proof(issued.log_index());
  EXPECT_EQ(code_of(refused), ErrorCode::kUnavailable);
  EXPECT_TRUE(refused.error().retryable());
}

TEST_F(LogQuestionsTest, EntriesAreThoseOfTheLogAndAsManyAsWereAskedFor) {
  start();
  const auto issued = issue("key-1");
  wait_until_covered(issued.log_index());
  const auto entries = installation_.entries();
  const v1::GetLogResponse some = log_answer_in(ask_entries(1, 2));
  ASSERT_EQ(some.entries_size(), 2);
  EXPECT_EQ(some.entries(0), text(entries.at(1).encoded));
  EXPECT_EQ(some.entries(1), text(entries.at(2).encoded));
  const v1::GetLogResponse all = log_answer_in(ask_entries(0, 0));
  EXPECT_EQ(static_cast<std::uint64_t>(all.entries_size()), verified(all.checkpoint()).size);
  EXPECT_EQ(ask_entries(1'000'000, 1).error().field(), "entries.first");
}

TEST_F(LogQuestionsTest, OnlyAuditorsAsk) {
  start();
  wait_until_covered(0);
  v1::GetLogRequest question;
  question.mutable_checkpoint();
  const auto request = signed_envelope(installation_.payments, v1::METHOD_GET_LOG, question.SerializeAsString());
  const v1::Response refused = front_->ask(chain_of({&installation_.payments}), request);
  EXPECT_EQ(code_of(refused), ErrorCode::kPermissionDenied);
  EXPECT_THAT(refused.error().message(), HasSubstr("audit"));
}

TEST_F(LogQuestionsTest, NoQuestionIsRefused) {
  start();
  EXPECT_EQ(ask_log({}).error().field(), "question");
}

TEST_F(LogQuestionsTest, ACertificateCanBringItsProofAlong) {
  start();
  const std::uint64_t call = call_issue_with_proof("key-1");
  sign_rightly(next_sign_request());
  const auto issued = issued_in(front_->answer(call));
  const log::Entry entry = proven(issued.proof());
  EXPECT_EQ(entry.seq, issued.log_index());
  EXPECT_EQ(log::read_issued(entry).value().certificate_sha256, sha256(bytes_of(issued.certificate())));
  const auto again = issued_in(front_->answer(call_issue_with_proof("key-1")));
  EXPECT_EQ(again.certificate(), issued.certificate());
  EXPECT_EQ(proven(again.proof()).seq, issued.log_index());
  EXPECT_TRUE(issue("key-2").proof().empty());
}

TEST_F(LogQuestionsTest, WhoWaitsForAProofKeepsNobodyFromWorking) {
  installation_.workers = 1;
  installation_.log_settings = "checkpoint_interval = \"2s\"\n";
  start();
  const std::uint64_t waits = call_issue_with_proof("key-1");
  sign_rightly(next_sign_request());
  EXPECT_FALSE(issue("key-2").certificate().empty());
  EXPECT_EQ(front_->answers_waiting(), 0U);
  EXPECT_FALSE(issued_in(front_->answer(waits)).proof().empty());
}

TEST_F(LogQuestionsTest, AProofThatDoesNotComeInTimeIsAskedForAgainWithTheSameKey) {
  start();
  installation_.token.refuses_checkpoints = true;
  const std::uint64_t call = call_issue_with_proof("key-1");
  sign_rightly(next_sign_request());
  const v1::Response refused = front_->answer(call);
  EXPECT_EQ(code_of(refused), ErrorCode::kUnavailable);
  EXPECT_TRUE(refused.error().retryable());
  EXPECT_THAT(refused.error().message(), HasSubstr("the certificate is issued"));
  installation_.token.refuses_checkpoints = false;
  EXPECT_FALSE(issued_in(front_->answer(call_issue_with_proof("key-1"))).proof().empty());
  EXPECT_FALSE(keyholder_was_asked());
  EXPECT_EQ(of_type(installation_.entries(), "issued").size(), 1U);
}

TEST_F(LogQuestionsTest, AShutdownLetsProofsOut) {
  installation_.log_settings = "checkpoint_interval = \"2s\"\n";
  start();
  const std::uint64_t call = call_issue_with_proof("key-1");
  sign_rightly(next_sign_request());
  ASSERT_TRUE(eventually([&] { return of_type(installation_.entries(), "issued").size() == 1; }));
  issuer_->drain();
  EXPECT_FALSE(issued_in(front_->answer(call)).proof().empty());
  EXPECT_TRUE(exited_with(issuer_->wait(), 0));
}

}  // namespace
}  // namespace signet::test
