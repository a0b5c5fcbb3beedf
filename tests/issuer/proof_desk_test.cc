#include "issuer/proof_desk.h"

#include <gmock/gmock.h>

#include <future>

#include "issuer/log_questions.h"
#include "issuer/published_log.h"
#include "log/proof_file.h"
#include "wire/frame.h"

namespace signet::test {
namespace {

using namespace std::chrono_literals;

class ProofDeskTest : public PublishedLog {
 protected:
  static std::future<Result<Bytes>> ask(ProofDesk& desk, std::uint64_t index, const std::string& client = "payments") {
    const auto answer = std::make_shared<std::promise<Result<Bytes>>>();
    desk.wait(client, index, [answer](Result<Bytes> proof) { answer->set_value(std::move(proof)); });
    return answer->get_future();
  }
};

TEST_F(ProofDeskTest, ServesEachWhenItsEntryIsCovered) {
  ProofDesk desk(*publisher_, system_clock(), 20s);
  std::vector<std::future<Result<Bytes>>> answers;
  std::vector<std::uint64_t> indices;
  for (int i = 0; i < 20; ++i) {
    indices.push_back(append_refusal("one"));
    answers.push_back(ask(desk, indices.back()));
  }
  EXPECT_EQ(desk.waiting(), 20U);
  start_publishing();
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const auto proof = answers[i].get();
    ASSERT_TRUE(proof.has_value()) << proof.error().message;
    EXPECT_EQ(log::parse_proof_file(*proof).value().index, indices[i]);
  }
}

TEST_F(ProofDeskTest, LetsNobodyWaitLongerThanThePatience) {
  ProofDesk desk(*publisher_, system_clock(), 100ms);
  const auto refused = ask(desk, 0).get();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(refused.error().retryable);
}

TEST_F(ProofDeskTest, HasRoomForSoManyAndNoMore) {
  ProofDesk desk(*publisher_, system_clock(), 20s, {.all = 2, .of_one_client = 2});
  auto first = ask(desk, 0);
  auto second = ask(desk, 0);
  EXPECT_EQ(ask(desk, 0).get().error().code, ErrorCode::kResourceExhausted);
  start_publishing();
  EXPECT_TRUE(first.get().has_value());
  EXPECT_TRUE(second.get().has_value());
}

TEST_F(ProofDeskTest, NoClientTakesAllPlaces) {
  ProofDesk desk(*publisher_, system_clock(), 20s, {.all = 4, .of_one_client = 2});
  auto first = ask(desk, 0);
  auto second = ask(desk, 0);
  const auto refused = ask(desk, 0).get();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
  EXPECT_TRUE(refused.error().retryable);
  auto other = ask(desk, 0, "web");
  start_publishing();
  for (auto* answer : {&first, &second, &other}) EXPECT_TRUE(answer->get().has_value());
}

TEST_F(ProofDeskTest, AnswersEverybodyBeforeItEnds) {
  std::future<Result<Bytes>> answer;
  {
    ProofDesk desk(*publisher_, system_clock(), 20s);
    answer = ask(desk, 0);
    start_publishing();
    desk.finish();
    ASSERT_EQ(answer.wait_for(0s), std::future_status::ready);
    EXPECT_EQ(ask(desk, 0).get().error().code, ErrorCode::kResourceExhausted);
  }
  EXPECT_TRUE(answer.get().has_value());
}

class LogAnswers : public PublishedLog {};

TEST_F(LogAnswers, AreNeverLongerThanAFrame) {
  std::uint64_t last = 0;
  for (int i = 0; i < 30; ++i) last = append_refusal(std::string(60'000, 'x'));
  for (int i = 0; i < 50; ++i) last = append_refusal("short");
  start_publishing();
  ASSERT_TRUE(publisher_->wait_for(last, 20s));
  const LogQuestions questions(*log_, *publisher_);
  const auto all = entries();
  std::uint64_t next = 0;
  int answers = 0;
  while (next <= last) {
    v1::GetLogRequest question;
    question.mutable_entries()->set_first(next);
    const auto answer = questions.answer(question);
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    EXPECT_LT(answer->ByteSizeLong(), kMaxResponseBytes - 1024);
    ASSERT_GT(answer->entries_size(), 0);
    for (const std::string& entry : answer->entries()) EXPECT_EQ(entry, text_of(all.at(next++).encoded));
    ++answers;
  }
  EXPECT_GT(answers, 3);
  v1::GetLogRequest question;
  question.mutable_proof()->set_index(1);  // of the longest entry
  EXPECT_LT(questions.answer(question).value().ByteSizeLong(), kMaxResponseBytes - 1024);
}

TEST_F(LogAnswers, WithoutACheckpointAreToBeAskedForAgain) {
  const LogQuestions questions(*log_, *publisher_);
  v1::GetLogRequest question;
  question.mutable_checkpoint();
  const auto answer = questions.answer(question);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(answer.error().retryable);
}

}  // namespace
}  // namespace signet::test
