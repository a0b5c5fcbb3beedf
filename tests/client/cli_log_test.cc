// signet log, and signet issue --proof, against a log that is true and against logs that are not.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "client/cli_fixture.h"
#include "client/test_log.h"

namespace signet::test {
namespace {

constexpr int kNotVerified = 6;

class CliLog : public CliFixture {
 protected:
  CliLog() {
    log_.append_some(70);
    serve([this](const v1::Request& request) { return log_.answer_to(request, at_once_); });
    key_file_ = folder_.write("log.vkey", log_.verifier_key() + "\n");
  }

  /// Answers questions to the log as `handler` does, and the others well.
  void serve(std::function<Bytes(const v1::Request&)> handler) {
    start([this, handler](const v1::Request& request) {
      if (request.method() == v1::METHOD_GET_LOG) return handler(request);
      if (request.method() != v1::METHOD_ISSUE) return good_answer(request);
      v1::IssueResponse issued;
      issued.ParseFromString(response_in(good_answer(request)).payload());
      return log_.answer_issue(request, issued);
    });
    write_config(server_->address());
  }
  /// signet log ARGUMENTS --log-key the log's.
  [[nodiscard]] CommandResult checked(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "log");
    arguments.insert(arguments.end(), {"--log-key", key_file_});
    return signet(arguments);
  }
  [[nodiscard]] bool exists(const char* name) const { return std::filesystem::exists(folder_ / name); }
  [[nodiscard]] std::string text(const Bytes& bytes) const { return std::string(text_of(bytes)); }

  TestLog log_{kOrigin};
  std::size_t at_once_ = 100;
  std::string key_file_;
};

TEST_F(CliLog, CheckpointIsPrintedOrWrittenAsItStands) {
  const auto printed = checked({"checkpoint"});
  ASSERT_EQ(printed.status, 0) << printed.err;
  EXPECT_EQ(printed.out, text(log_.checkpoint()));
  EXPECT_NE(printed.err.find("ca.example/test with 70 entries; checked with the key ca.example/test+"),
            std::string::npos)
      << printed.err;
  const auto written = checked({"checkpoint", "--out", folder_ / "last"});
  ASSERT_EQ(written.status, 0) << written.err;
  EXPECT_TRUE(written.out.empty());
  EXPECT_EQ(slurp(folder_ / "last"), printed.out);
  EXPECT_EQ(checked({"checkpoint", "--out", folder_ / "last"}).status, 2) << "it is there";
}

TEST_F(CliLog, WithoutAKeyItSaysThatTheSignatureWasNotChecked) {
  const auto result = signet({"log", "checkpoint"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.err.find("its signature NOT (give --log-key)"), std::string::npos) << result.err;
  const auto json = signet({"log", "checkpoint", "--json"});
  EXPECT_EQ(nlohmann::json::parse(json.out).at("signature_checked"), false);
}

TEST_F(CliLog, AKeptCheckpointIsReplacedByOneThatGoesOnFromIt) {
  ASSERT_EQ(checked({"checkpoint", "--out", folder_ / "last"}).status, 0);
  log_.append_some(33);
  const std::vector<std::string> again{"checkpoint", "--since", folder_ / "last", "--out", folder_ / "last", "--force"};
  const auto result = checked(again);
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.err.find("103 entries, goes on from 70 entries"), std::string::npos) << result.err;
  EXPECT_EQ(slurp(folder_ / "last"), text(log_.checkpoint()));
  EXPECT_EQ(checked(again).status, 0) << "nothing new is fine";
}

TEST_F(CliLog, AnotherHistoryIsFoundAndNotWritten) {
  ASSERT_EQ(checked({"checkpoint", "--out", folder_ / "last"}).status, 0);
  const std::string kept = slurp(folder_ / "last");
  log_.append_some(5);
  log_.rewrite(40);
  for (const bool with_key : {true, false}) {
    std::vector<std::string> arguments{"log",   "checkpoint",     "--since", folder_ / "last",
                                       "--out", folder_ / "last", "--force"};
    if (with_key) arguments.insert(arguments.end(), {"--log-key", key_file_});
    const auto result = signet(arguments);
    EXPECT_EQ(result.status, kNotVerified) << result.err;
    EXPECT_NE(result.err.find("another history"), std::string::npos) << result.err;
    EXPECT_NE(result.err.find(text(log_.checkpoint())), std::string::npos) << "the evidence: " << result.err;
    EXPECT_EQ(slurp(folder_ / "last"), kept);
  }
}

TEST_F(CliLog, ALogThatForgotIsFound) {
  ASSERT_EQ(checked({"checkpoint", "--out", folder_ / "last"}).status, 0);
  log_.truncate(60);
  const auto result = checked({"checkpoint", "--since", folder_ / "last"});
  EXPECT_EQ(result.status, kNotVerified) << result.err;
  EXPECT_NE(result.err.find("has 60 entries now and had 70"), std::string::npos) << result.err;
  EXPECT_TRUE(result.out.empty());
}

TEST_F(CliLog, AKeptFileThatIsNoCheckpointOfThisLogIsTheCallersFault) {
  const std::string junk = folder_.write("junk", "hello\n");
  EXPECT_EQ(checked({"checkpoint", "--since", junk}).status, 2);
  TestLog other("ca.example/other");
  other.append_some(3);
  const std::string foreign = folder_.write("foreign", text(other.checkpoint()));
  const auto result = checked({"checkpoint", "--since", foreign});
  EXPECT_EQ(result.status, 2) << result.err;
  EXPECT_NE(result.err.find("foreign"), std::string::npos) << result.err;
  EXPECT_TRUE(server_->requests().empty());
}

TEST_F(CliLog, TheKeyOfAnotherLogVerifiesNothing) {
  TestLog other(kOrigin);
  const auto result = signet({"log", "checkpoint", "--out", folder_ / "c", "--log-key", other.verifier_key()});
  EXPECT_EQ(result.status, kNotVerified) << result.err;
  EXPECT_FALSE(exists("c"));
  const auto proof = signet({"log", "proof", "3", "--out", folder_ / "p", "--log-key", other.verifier_key()});
  EXPECT_EQ(proof.status, kNotVerified) << proof.err;
  EXPECT_FALSE(exists("p"));
  const auto json = signet({"log", "entries", "--first", "0", "--json", "--log-key", other.verifier_key()});
  EXPECT_EQ(json.status, kNotVerified);
  EXPECT_EQ(nlohmann::json::parse(json.out).at("error").at("exit_code"), kNotVerified);
}

TEST_F(CliLog, ProgramsGetTheHashesForASizeOfTheirs) {
  const auto result = signet({"--json", "log", "checkpoint", "--old-size", "64"});
  ASSERT_EQ(result.status, 0) << result.err;
  const auto object = nlohmann::json::parse(result.out);
  EXPECT_EQ(object.at("size"), 70);
  EXPECT_EQ(object.at("checkpoint"), text(log_.checkpoint()));
  ASSERT_EQ(object.at("consistency").size(), log_.consistency(64).size());
  EXPECT_EQ(object.at("consistency").at(0), to_base64(log_.consistency(64).at(0)));
  EXPECT_EQ(signet({"log", "checkpoint", "--old-size", "64"}).status, 2) << "nothing would show them";
  EXPECT_EQ(signet({"--json", "log", "checkpoint", "--old-size", "64", "--since", "x"}).status, 2);
}

TEST_F(CliLog, ProofIsWrittenAsItStandsAndNeverOverAFile) {
  const auto result = checked({"proof", "42", "--out", folder_ / "p.tlog-proof"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(slurp(folder_ / "p.tlog-proof"), text(log_.proof(42)));
  EXPECT_EQ(checked({"proof", "41", "--out", folder_ / "p.tlog-proof"}).status, 2);
  EXPECT_EQ(slurp(folder_ / "p.tlog-proof"), text(log_.proof(42)));
  EXPECT_EQ(checked({"proof", "42"}).out, text(log_.proof(42)));
  const auto json = checked({"proof", "42", "--json"});
  EXPECT_EQ(nlohmann::json::parse(json.out).at("entry").at("seq"), 42) << json.out;
  EXPECT_EQ(checked({"proof", "70"}).status, 3) << "not there yet";
}

TEST_F(CliLog, AProofOfSomethingElseIsFound) {
  serve([this](const v1::Request& request) {
    v1::GetLogResponse other;
    other.set_proof(text(log_.proof(41)));
    return answer(request, other);
  });
  EXPECT_EQ(checked({"proof", "42"}).status, kNotVerified);
  EXPECT_EQ(signet({"log", "proof", "42"}).status, kNotVerified) << "without a key too";
}

TEST_F(CliLog, AProofWithAnotherEntryInItIsFound) {
  serve([this](const v1::Request& request) {
    auto file = log::parse_proof_file(log_.proof(42)).value();
    file.extra = log::make_entry({.type = "test", .fields = {}}, {.seq = 42, .boot = "boot"}).value().encoded;
    v1::GetLogResponse other;
    other.set_proof(text(format_proof_file(file).value()));
    return answer(request, other);
  });
  EXPECT_EQ(checked({"proof", "42"}).status, kNotVerified);
}

TEST_F(CliLog, EntriesAreLinesHoweverManyAnswersTheyTake) {
  at_once_ = 13;
  for (const bool with_key : {true, false}) {
    const auto result = with_key ? checked({"entries", "--first", "0"}) : signet({"log", "entries", "--first", "0"});
    ASSERT_EQ(result.status, 0) << result.err;
    std::istringstream lines(result.out);
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line); ++count) EXPECT_EQ(line, text(log_.entry(count)));
    EXPECT_EQ(count, 70U);
  }
  EXPECT_EQ(checked({"entries", "--first", "5", "--count", "30"}).err.substr(0, 15), "entries 5 to 34");
  EXPECT_EQ(checked({"entries", "--first", "69", "--count", "30"}).out, text(log_.entry(69)) + "\n");
  EXPECT_EQ(checked({"entries", "--first", "70"}).status, 3) << "there is none yet";
  EXPECT_EQ(checked({"entries", "--first", "0", "--count", "0"}).status, 2);
}

/// Every range of small logs of every shape is proved by the proofs of its ends.
TEST_F(CliLog, EntriesDoNotGoIntoTheConnectionWhenStandardOutputIsClosed) {
  const std::vector<std::string> command{kSignet, "--config", config_, "log", "entries", "--first", "0"};
  for (const char* streams : {">&-", "<&- >&-"}) {
    const auto result = run(redirected(streams, command));
    EXPECT_EQ(result.status, 1) << result.err;
    EXPECT_NE(result.err.find("Bad file descriptor"), std::string::npos) << result.err;
  }
  EXPECT_EQ(run(redirected("<&- >&- 2>&-", command)).status, 1);
}

TEST_F(CliLog, ANumberThatIsNoneIsNamedInPlainWords) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"proof", "abc"},
                                                                     {"proof", "12x"},
                                                                     {"entries", "--first", "1.5"},
                                                                     {"entries", "--first", "0", "--count", "0"},
                                                                     {"checkpoint", "--old-size", "1e3"}}) {
    const auto result = checked(arguments);
    EXPECT_EQ(result.status, 2);
    EXPECT_NE(result.err.find("whole number from"), std::string::npos) << result.err;
    EXPECT_LT(result.err.size(), 300U) << result.err;
  }
}

TEST_F(CliLog, EveryRangeIsChecked) {
  for (const std::size_t size : {11U, 8U, 5U, 2U, 1U}) {
    log_.truncate(size);
    for (std::size_t first = 0; first < size; first += 3) {
      for (std::size_t count = 1; count <= size - first; count += 2) {
        const auto result = checked({"entries", "--first", std::to_string(first), "--count", std::to_string(count)});
        EXPECT_EQ(result.status, 0) << size << " " << first << " " << count << ": " << result.err;
      }
    }
  }
}

TEST_F(CliLog, AnEntryThatTheLogDoesNotHaveIsFoundWithTheKey) {
  const Bytes forged = log::make_entry({.type = "test", .fields = {}}, {.seq = 30, .boot = "boot"}).value().encoded;
  serve([this, forged](const v1::Request& request) {
    v1::GetLogRequest question;
    question.ParseFromString(request.payload());
    auto response = log_.response_to(question, 100).value();
    if (question.has_entries())
      *response.mutable_entries(30 - static_cast<int>(question.entries().first())) = text(forged);
    return answer(request, response);
  });
  for (const char* first : {"0", "10", "30"}) {
    const auto result = checked({"entries", "--first", first});
    EXPECT_EQ(result.status, kNotVerified) << result.err;
    EXPECT_TRUE(result.out.empty());
  }
  const auto without = signet({"log", "entries", "--first", "0"});
  EXPECT_EQ(without.status, 0);
  EXPECT_NE(without.err.find("not that the log has them"), std::string::npos) << without.err;
}

TEST_F(CliLog, EntriesOutOfTheirOrderAreFoundWithoutAKey) {
  serve([this](const v1::Request& request) {
    v1::GetLogRequest question;
    question.ParseFromString(request.payload());
    auto response = log_.response_to(question, 100).value();
    response.mutable_entries()->SwapElements(3, 4);
    return answer(request, response);
  });
  EXPECT_EQ(signet({"log", "entries", "--first", "0"}).status, kNotVerified);
}

TEST_F(CliLog, IssueWritesTheProofBesideTheCertificate) {
  const auto arguments =
      issue_arguments({"--out", folder_ / "www.pem", "--proof", folder_ / "www.tlog-proof", "--log-key", key_file_});
  const auto result = signet(arguments);
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(last_wish().wait_for_proof());
  EXPECT_EQ(slurp(folder_ / "www.tlog-proof"), text(log_.proof(71)));
  EXPECT_NE(result.err.find("proof of log entry 71, checked with the key"), std::string::npos) << result.err;
  std::filesystem::remove(folder_ / "www.pem");
  const std::size_t asked = server_->requests().size();
  EXPECT_EQ(signet(arguments).status, 2) << "the proof is there";
  EXPECT_EQ(server_->requests().size(), asked);
}

TEST_F(CliLog, IssueRefusesAPlaceForTheProofThatIsNone) {
  EXPECT_EQ(signet(issue_arguments({"--proof", "-"})).status, 2);
  EXPECT_EQ(signet(issue_arguments({"--out", folder_ / "a", "--proof", folder_ / "a"})).status, 2);
  EXPECT_EQ(signet(issue_arguments({"--chain-out", folder_ / "a", "--proof", folder_ / "./a"})).status, 2);
  EXPECT_TRUE(server_->requests().empty());
}

TEST_F(CliLog, IssueWithoutAProofAsksForNone) {
  ASSERT_EQ(signet(issue_arguments()).status, 0);
  EXPECT_FALSE(last_wish().wait_for_proof());
}

TEST_F(CliLog, IssueWithAProofOfAnotherCertificateWritesNothingAndNamesTheKey) {
  start([this](const v1::Request& request) {
    if (request.method() != v1::METHOD_ISSUE) return good_answer(request);
    v1::IssueResponse issued;
    issued.ParseFromString(response_in(good_answer(request)).payload());
    log_.append_issued(Certificate::parse(der_of(client_identity_.certificate.get())).value());
    issued.set_log_index(log_.size() - 1);
    issued.set_proof(text(log_.proof(log_.size() - 1)));
    return answer(request, issued);
  });
  write_config(server_->address());
  const auto result =
      signet(issue_arguments({"--out", folder_ / "www.pem", "--proof", folder_ / "p", "--idempotency-key", "my-key"}));
  EXPECT_EQ(result.status, kNotVerified) << result.err;
  EXPECT_NE(result.err.find("of another certificate"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("my-key"), std::string::npos) << result.err;
  EXPECT_FALSE(exists("www.pem"));
  EXPECT_FALSE(exists("p"));
}

TEST_F(CliLog, TheKeyComesFromFlagEnvironmentOrFile) {
  EXPECT_NE(signet({"log", "checkpoint"}, {}, {"SIGNET_LOG_KEY=" + log_.verifier_key()}).err.find("checked with"),
            std::string::npos);
  config_ = folder_.write("with-key.toml", slurp(config_) + "log_key = \"log.vkey\"\n");
  EXPECT_NE(signet({"log", "checkpoint"}).err.find("checked with"), std::string::npos) << "beside the file";
  const std::string junk = folder_.write("junk.vkey", "ca.example/test+00000000+AAAA\n");
  const auto result = signet({"log", "checkpoint", "--log-key", junk});
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.err.find("junk.vkey holds no verifier key"), std::string::npos) << result.err;
  EXPECT_EQ(signet({"log", "checkpoint", "--log-key", folder_ / "absent"}).status, 2);
}

TEST_F(CliLog, UsageErrorsHaveStatusTwo) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"log"},
                                             {"log", "proof"},
                                             {"log", "proof", "-1"},
                                             {"log", "entries"},
                                             {"log", "entries", "--first", "-1"}}) {
    EXPECT_EQ(signet(arguments).status, 2) << arguments.back();
  }
  EXPECT_EQ(signet({"log", "--help"}).status, 0);
  EXPECT_NE(signet({"log", "checkpoint", "--help"}).out.find("--since last"), std::string::npos);
}

}  // namespace
}  // namespace signet::test
