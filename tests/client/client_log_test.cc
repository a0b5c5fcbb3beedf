// The client's questions to the audit log, and the proof that comes with a certificate.
#include "client/client_fixture.h"
#include "client/test_log.h"

namespace signet::test {
namespace {

class ClientLog : public IssuingFixture {
 protected:
  ClientLog() {
    log_.append_some(10);
    start([this](const v1::Request& request) { return answer_of(request); });
  }
  Bytes answer_of(const v1::Request& request) {
    if (request.method() == v1::METHOD_GET_LOG) return log_.answer_to(request);
    if (request.method() != v1::METHOD_ISSUE) return good_answer(request);
    v1::IssueResponse issued;
    issued.ParseFromString(response_in(good_answer(request)).payload());
    return log_.answer_issue(request, issued);
  }
  Client client() { return Client::create(client_options()).value(); }

  TestLog log_{kOrigin};
};

TEST_F(ClientLog, IssuesWithAProofWhereOneIsWished) {
  auto client = this->client();
  const auto with = client.issue({.profile = "p", .csr = csr_, .wait_for_proof = true});
  ASSERT_TRUE(with.has_value()) << with.error().message;
  EXPECT_EQ(with->proof, log_.proof(11));
  EXPECT_EQ(with->log_index, 11U);
  const auto without = client.issue({.profile = "p", .csr = csr_});
  ASSERT_TRUE(without.has_value()) << without.error().message;
  EXPECT_TRUE(without->proof.empty());
}

TEST_F(ClientLog, AnIssuanceWithoutTheProofThatWasWishedIsABadAnswer) {
  start([this](const v1::Request& request) { return good_answer(request); });
  const auto issued = client().issue({.profile = "p", .csr = csr_, .wait_for_proof = true});
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kInternal);
  EXPECT_NE(issued.error().message.find("no proof"), std::string::npos) << issued.error().message;
}

TEST_F(ClientLog, GetsCheckpointsAndWhatLinksThem) {
  auto client = this->client();
  const auto newest = client.log_checkpoint();
  ASSERT_TRUE(newest.has_value()) << newest.error().message;
  EXPECT_EQ(newest->note, log_.checkpoint());
  EXPECT_TRUE(newest->consistency.empty());
  EXPECT_EQ(newest->request_id, "r-1");
  const auto since = client.log_checkpoint(7);
  ASSERT_TRUE(since.has_value()) << since.error().message;
  ASSERT_EQ(since->consistency.size(), log_.consistency(7).size());
  EXPECT_TRUE(equal(since->consistency.at(0), log_.consistency(7).at(0)));
  EXPECT_TRUE(signature_verifies(server_->requests().back(), client_identity_, kOrigin)) << "questions are signed too";
}

TEST_F(ClientLog, GetsProofsAndEntries) {
  auto client = this->client();
  const auto proof = client.log_proof(3);
  ASSERT_TRUE(proof.has_value()) << proof.error().message;
  EXPECT_EQ(proof->proof, log_.proof(3));
  const auto all = client.log_entries(0);
  ASSERT_TRUE(all.has_value()) << all.error().message;
  EXPECT_EQ(all->entries.size(), 10U);
  EXPECT_EQ(all->checkpoint, log_.checkpoint());
  const auto some = client.log_entries(4, 2);
  ASSERT_TRUE(some.has_value()) << some.error().message;
  EXPECT_EQ(some->entries, (std::vector<ByteVector>{log_.entry(4), log_.entry(5)}));
}

TEST_F(ClientLog, ARefusalIsTheDaemons) {
  const auto refused = client().log_proof(10);
  ASSERT_FALSE(refused.has_value());
  EXPECT_TRUE(refused.error().from_daemon);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(ClientLog, AnswersThatCannotBeAreRefused) {
  v1::GetLogResponse good;
  good.set_checkpoint("checkpoint");
  good.set_proof("proof");
  good.add_consistency(std::string(32, 'h'));
  good.add_entries("{}");
  const auto expect_bad = [&](const char* what, const v1::GetLogResponse& response, auto&& ask) {
    start([&](const v1::Request& request) { return answer(request, response); });
    auto client = this->client();
    const auto got = ask(client);
    ASSERT_FALSE(got.has_value()) << what;
    EXPECT_EQ(got.error().code, ErrorCode::kInternal) << what;
    EXPECT_EQ(got.error().request_id, "r-1") << what;
  };
  const auto checkpoint = [](Client& client) { return client.log_checkpoint(5); };
  const auto entries = [](Client& client) { return client.log_entries(0, 2); };
  const auto proof = [](Client& client) { return client.log_proof(0); };

  v1::GetLogResponse bad = good;
  bad.clear_checkpoint();
  expect_bad("no checkpoint", bad, checkpoint);
  expect_bad("no checkpoint", bad, entries);
  bad = good;
  bad.add_consistency(std::string(31, 'h'));
  expect_bad("a short hash", bad, checkpoint);
  bad = good;
  for (int i = 0; i < 64; ++i) bad.add_consistency(std::string(32, 'h'));
  expect_bad("more hashes than a proof has", bad, checkpoint);
  bad = good;
  bad.clear_proof();
  expect_bad("no proof", bad, proof);
  bad = good;
  bad.clear_entries();
  expect_bad("no entry", bad, entries);
  bad = good;
  bad.add_entries("{}");
  bad.add_entries("{}");
  expect_bad("more entries than asked for", bad, entries);
  bad = good;
  bad.add_entries("");
  expect_bad("an empty entry", bad, entries);
  bad = good;
  bad.add_entries(std::string(65'536, 'e'));
  expect_bad("an entry that is too long", bad, entries);
}

}  // namespace
}  // namespace signet::test
