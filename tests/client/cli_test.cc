// The command signet: settings, files, output and exit status, by running it.
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "client/cli_fixture.h"

namespace signet::test {
namespace {

class CliTest : public CliFixture {};

TEST_F(CliTest, IssuePrintsTheChainAndALineForPeople) {
  const auto result = signet(issue_arguments());
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(parse_certificates(bytes_of(result.out)).value().size(), 2U);
  EXPECT_NE(result.err.find("issued serial "), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("log entry 7"), std::string::npos) << result.err;
}

TEST_F(CliTest, IssueReadsDerFromStandardInput) {
  const auto result = signet({"issue", "--profile", "p", "--csr", "-"}, std::string(text_of(csr_)));
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(bytes_of(last_wish().csr()).size(), csr_.size());
}

TEST_F(CliTest, IssueSendsWhatItWasTold) {
  const auto result = signet(issue_arguments({"--validity", "30d", "--idempotency-key", "my-key"}));
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(last_wish().profile(), "tls-server");
  EXPECT_EQ(last_wish().validity_seconds(), 30U * 86400U);
  EXPECT_EQ(last_wish().idempotency_key(), "my-key");
  EXPECT_TRUE(server_->requests().back().has_signature());
}

TEST_F(CliTest, IssueWritesFilesAndNeverOverwritesWithoutForce) {
  const auto arguments = issue_arguments({"--out", folder_ / "www.pem", "--chain-out", folder_ / "chain.pem"});
  const auto first = signet(arguments);
  ASSERT_EQ(first.status, 0) << first.err;
  EXPECT_TRUE(first.out.empty());
  const std::string written = slurp(folder_ / "www.pem");
  EXPECT_EQ(parse_certificates(bytes_of(written)).value().size(), 2U);
  EXPECT_EQ(parse_certificates(bytes_of(slurp(folder_ / "chain.pem"))).value().size(), 1U);

  const std::size_t asked = server_->requests().size();
  const auto second = signet(arguments);
  EXPECT_EQ(second.status, 2);
  EXPECT_NE(second.err.find("--force"), std::string::npos) << second.err;
  EXPECT_EQ(slurp(folder_ / "www.pem"), written);
  EXPECT_EQ(server_->requests().size(), asked) << "nothing is issued that could not be written";

  auto forced = arguments;
  forced.emplace_back("--force");
  EXPECT_EQ(signet(forced).status, 0);
  EXPECT_NE(slurp(folder_ / "www.pem"), written);
}

TEST_F(CliTest, IssueRefusesAFolderThatIsNotThereBeforeItAsks) {
  EXPECT_EQ(signet(issue_arguments({"--out", folder_ / "absent/www.pem"})).status, 2);
  EXPECT_TRUE(server_->requests().empty());
}

TEST_F(CliTest, IssueRefusesOneFileForTwoOutputsBeforeItAsks) {
  const auto result =
      signet(issue_arguments({"--out", folder_ / "www.pem", "--chain-out", folder_ / "./www.pem", "--force"}));
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.err.find("www.pem"), std::string::npos) << result.err;
  EXPECT_TRUE(server_->requests().empty());
}

TEST_F(CliTest, ACertificateThatWouldBeLostIsNotAskedFor) {
  std::vector<std::string> command{kSignet, "--config", config_};
  const std::vector<std::string> issue = issue_arguments();
  command.insert(command.end(), issue.begin(), issue.end());
  const auto closed = run(redirected(">&-", command));
  EXPECT_EQ(closed.status, 2) << closed.err;
  EXPECT_NE(closed.err.find("standard output is closed"), std::string::npos) << closed.err;
  EXPECT_TRUE(server_->requests().empty());

  const auto full = run(redirected(">/dev/full", command));
  EXPECT_EQ(full.status, 2) << full.err;
  EXPECT_NE(full.err.find("--idempotency-key"), std::string::npos) << full.err;
}

TEST_F(CliTest, AMinusIsStandardOutput) {
  const auto issued = signet(issue_arguments({"--out", "-"}));
  ASSERT_EQ(issued.status, 0) << issued.err;
  EXPECT_EQ(parse_certificates(bytes_of(issued.out)).value().size(), 2U);
  const auto bundle = signet({"bundle", "--out", "-"});
  EXPECT_EQ(bundle.out, slurp(root_.certificate_file));
}

TEST_F(CliTest, SignsForTheOriginOfFlagEnvironmentOrFile) {
  const auto signed_for = [this](const char* origin) {
    return signature_verifies(server_->requests().back(), client_identity_, origin);
  };
  ASSERT_EQ(signet({"status"}).status, 0);
  EXPECT_EQ(server_->requests().size(), 2U) << "without one the daemon is asked";
  EXPECT_TRUE(signed_for(kOrigin));
  config_ = folder_.write("pinned.toml", slurp(config_) + "origin = \"ca.example/file\"\n");
  ASSERT_EQ(signet({"status"}).status, 0);
  EXPECT_EQ(server_->requests().size(), 3U) << "with one it is not";
  EXPECT_TRUE(signed_for("ca.example/file"));
  ASSERT_EQ(signet({"status"}, {}, {"SIGNET_ORIGIN=ca.example/variable"}).status, 0);
  EXPECT_TRUE(signed_for("ca.example/variable"));
  ASSERT_EQ(signet({"status", "--origin", "ca.example/flag"}, {}, {"SIGNET_ORIGIN=ca.example/variable"}).status, 0);
  EXPECT_TRUE(signed_for("ca.example/flag"));
}

TEST_F(CliTest, JsonSurvivesTextThatIsNotUtf8) {
  const auto result = signet({"issue", "--profile", "p", "--csr", folder_ / "\xFF.csr", "--json"});
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(nlohmann::json::parse(result.out).at("error").at("code"), "NOT_FOUND");
}

TEST_F(CliTest, JsonIsOneObject) {
  const auto issued = signet(issue_arguments({"--json"}));
  ASSERT_EQ(issued.status, 0) << issued.err;
  const auto object = nlohmann::json::parse(issued.out);
  EXPECT_EQ(object.at("log_index"), 7);
  EXPECT_EQ(object.at("chain").size(), 1U);
  EXPECT_EQ(object.at("serial").get<std::string>().size(), 40U);
  EXPECT_TRUE(object.at("not_after").get<std::string>().ends_with("Z"));
  EXPECT_TRUE(issued.err.empty()) << issued.err;

  const auto status = signet({"status", "--json"});
  EXPECT_EQ(nlohmann::json::parse(status.out).at("version"), "1.2.3");
  EXPECT_EQ(nlohmann::json::parse(status.out).at("checkpoint").at("size"), 40);
  const auto bundle = signet({"--json", "bundle"});
  EXPECT_EQ(nlohmann::json::parse(bundle.out).at("roots").size(), 1U);
}

TEST_F(CliTest, BundleWritesPem) {
  const auto result = signet({"bundle", "--roots", "--out", folder_ / "ca.pem"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(slurp(folder_ / "ca.pem"), slurp(root_.certificate_file));
}

TEST_F(CliTest, BundleTakesOneFormForStandardOutput) {
  for (const char* form : {"pem", "der", "spiffe"}) {
    const auto both = signet({"--json", "bundle", "--format", form});
    EXPECT_EQ(both.status, 2) << form;
    EXPECT_NE(both.out.find("two forms"), std::string::npos) << both.out;
  }
  EXPECT_EQ(signet({"--json", "bundle"}).status, 0);
  EXPECT_EQ(signet({"--json", "bundle", "--format", "der", "--out", folder_.path() / "ca.der"}).status, 0);
}

TEST_F(CliTest, IssueWritesOverNoFileThatItReads) {
  for (const char* file : {"client.key", "root.pem", "www.csr"}) {
    const auto result = signet(issue_arguments({"--force", "--out", folder_.path() / file}));
    EXPECT_EQ(result.status, 2) << file;
    EXPECT_NE(result.err.find("are the same file"), std::string::npos) << result.err;
  }
}

TEST_F(CliTest, StatusIsForPeople) {
  const auto result = signet({"status"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("signetd 1.2.3 for ca.example/test"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("issuer issuing-1: NOT AVAILABLE"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("newest checkpoint: 40 entries, at 2023-11-14T22:13:20Z"), std::string::npos) << result.out;
}

TEST_F(CliTest, FlagsWinOverTheEnvironmentWhichWinsOverTheFile) {
  const std::string good = server_->address();
  write_config("127.0.0.1:1");
  EXPECT_EQ(signet({"status"}).status, 4) << "the file's address";
  EXPECT_EQ(signet({"status"}, {}, {"SIGNET_ADDRESS=" + good}).status, 0);
  EXPECT_EQ(signet({"status", "--address", "127.0.0.1:1"}, {}, {"SIGNET_ADDRESS=" + good}).status, 4);
  EXPECT_EQ(signet({"status", "--address", good}, {}, {"SIGNET_ADDRESS=127.0.0.1:1"}).status, 0);
}

TEST_F(CliTest, FindsItsFileInTheHomeFolderAndInTheEnvironment) {
  EXPECT_EQ(run({kSignet, "status"}, {}, {"SIGNET_CONFIG=" + config_}).status, 0);
  std::filesystem::create_directories(folder_ / ".config/signet");
  std::filesystem::copy_file(config_, folder_ / ".config/signet/signet.toml");
  const auto unresolved = run({kSignet, "status"});
  EXPECT_EQ(unresolved.status, 2) << "root.pem is not beside that file";
  EXPECT_NE(unresolved.err.find(".config/signet/root.pem"), std::string::npos) << unresolved.err;
  for (const char* file : {"client.pem", "client.key", "root.pem"}) {
    std::filesystem::copy_file(folder_ / file, folder_ / (std::string(".config/signet/") + file));
  }
  EXPECT_EQ(run({kSignet, "status"}).status, 0);
}

TEST_F(CliTest, WorksWithoutAFile) {
  const auto result = run({kSignet, "status", "--address", server_->address(), "--server-name", "signet.test",
                           "--certificate", client_identity_.certificate_file, "--key", client_identity_.key_file},
                          {}, {"SIGNET_TRUST=" + root_.certificate_file});
  EXPECT_EQ(result.status, 0) << result.err;
}

TEST_F(CliTest, ConfigurationErrorsNameFileAndLine) {
  config_ = folder_.write("bad.toml", "address = \"127.0.0.1:1\"\nadress = \"x\"\ntimeout = 5\n");
  const auto result = signet({"status"});
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.err.find("bad.toml:2:"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("bad.toml:3:"), std::string::npos) << result.err;
  config_ = folder_ / "absent.toml";
  EXPECT_EQ(signet({"status"}).status, 2);
}

TEST_F(CliTest, UsageErrorsHaveStatusTwo) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"issue"},
                                             {"frobnicate"},
                                             {"status", "--colour"},
                                             {"issue", "--profile", "p", "--csr", folder_ / "absent.csr"},
                                             issue_arguments({"--validity", "soon"}),
                                             issue_arguments({"--validity", "0s"}),
                                             issue_arguments({"--idempotency-key", std::string(65, 'k')}),
                                             issue_arguments({"--idempotency-key", "two words"}),
                                             issue_arguments({"--idempotency-key", "\xFF"}),
                                             issue_arguments({"--chain-out", "-"}),
                                             {"status", "--origin", std::string(256, 'o')},
                                             {"status", "--timeout", "never"}}) {
    EXPECT_EQ(signet(arguments).status, 2) << (arguments.empty() ? "" : arguments.back());
  }
  EXPECT_TRUE(server_->requests().empty());
}

TEST_F(CliTest, HelpListsTheExitStatusAndSucceeds) {
  const auto result = run({kSignet, "--help"});
  EXPECT_EQ(result.status, 0);
  for (const char* text : {"Exit status:", "SIGNET_ADDRESS", "Examples:", "openssl req"}) {
    EXPECT_NE(result.out.find(text), std::string::npos) << text;
  }
  EXPECT_EQ(run({kSignet, "issue", "--help"}).status, 0);
  EXPECT_EQ(run({kSignet, "--version"}).status, 0);
}

TEST_F(CliTest, ARefusalHasStatusThreeAndSaysEverything) {
  start([](const v1::Request& request) {
    return refuse(request,
                  {.code = ErrorCode::kPermissionDenied, .message = "not this name", .field = "csr.subjectAltName"});
  });
  write_config(server_->address());
  const auto text = signet(issue_arguments());
  EXPECT_EQ(text.status, 3);
  EXPECT_TRUE(text.out.empty());
  for (const char* part : {"signet: not this name", "csr.subjectAltName", "PERMISSION_DENIED", "r-1", "next:"}) {
    EXPECT_NE(text.err.find(part), std::string::npos) << part << " in " << text.err;
  }
  const auto json = signet(issue_arguments({"--json"}));
  EXPECT_EQ(json.status, 3);
  const auto error = nlohmann::json::parse(json.out).at("error");
  EXPECT_EQ(error.at("field"), "csr.subjectAltName");
  EXPECT_EQ(error.at("code"), "PERMISSION_DENIED");
  EXPECT_EQ(error.at("exit_code"), 3);
  EXPECT_EQ(error.at("request_id"), "r-1");
}

TEST_F(CliTest, ARefusalThatNamesNoRequestHasStatusThreeToo) {
  start([](const v1::Request& request) {
    auto response = response_in(refuse(request, {.code = ErrorCode::kInvalidArgument, .message = "malformed"}));
    response.clear_request_id();  // as the front answers, before the issuer has seen the request
    return frame_of(response);
  });
  write_config(server_->address());
  const auto result = signet(issue_arguments({"--idempotency-key", "my-key"}));
  EXPECT_EQ(result.status, 3) << result.err;
  EXPECT_EQ(result.err.find("my-key"), std::string::npos) << "nothing was issued: " << result.err;
}

TEST_F(CliTest, ADaemonThatDoesNotKnowTheClientHasStatusFive) {
  start([](const v1::Request& request) {
    return refuse(request, {.code = ErrorCode::kUnauthenticated, .message = "who are you"});
  });
  write_config(server_->address());
  const auto result = signet(issue_arguments({"--idempotency-key", "my-key"}));
  EXPECT_EQ(result.status, 5) << result.err;
  EXPECT_EQ(result.err.find("my-key"), std::string::npos) << result.err;
}

TEST_F(CliTest, AnAnswerThatIsWrongHasStatusOneAndNamesRequestAndKey) {
  start([](const v1::Request& request) {
    v1::IssueResponse junk;
    junk.set_certificate("junk");
    return answer(request, junk);  // read as a trust bundle, it holds one root that is none
  });
  write_config(server_->address());
  const std::vector<std::string> origin{"SIGNET_ORIGIN=ca.example/test"};
  const auto issued = signet(issue_arguments({"--idempotency-key", "my-key"}), {}, origin);
  EXPECT_EQ(issued.status, 1) << issued.err;
  EXPECT_NE(issued.err.find("--idempotency-key my-key"), std::string::npos) << issued.err;
  EXPECT_NE(issued.err.find("r-1"), std::string::npos) << issued.err;
  const auto bundle = signet({"bundle", "--out", folder_ / "ca.pem"}, {}, origin);
  EXPECT_EQ(bundle.status, 1) << bundle.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "ca.pem"));
}

TEST_F(CliTest, SaysOnceThatItWaitsAndWithWhichKeyUnlessForAProgram) {
  int asked = 0;
  start([&](const v1::Request& request) {
    if (request.method() != v1::METHOD_ISSUE || ++asked % 3 == 0) return good_answer(request);
    return refuse(request, {.code = ErrorCode::kUnavailable, .message = "the token restarts", .retryable = true});
  });
  write_config(server_->address());
  const auto text = signet(issue_arguments({"--idempotency-key", "my-key"}));
  ASSERT_EQ(text.status, 0) << text.err;
  EXPECT_NE(text.err.find("the token restarts; trying again with --idempotency-key my-key"), std::string::npos)
      << text.err;
  EXPECT_EQ(text.err.find("trying again"), text.err.rfind("trying again")) << text.err;
  const auto json = signet(issue_arguments({"--json"}));
  ASSERT_EQ(json.status, 0) << json.err;
  EXPECT_TRUE(json.err.empty()) << json.err;
}

TEST_F(CliTest, UnavailableHasStatusFourAndNamesTheKeyToRepeatWith) {
  write_config("127.0.0.1:1");
  const auto result = signet(issue_arguments({"--timeout", "1s", "--idempotency-key", "my-key"}));
  EXPECT_EQ(result.status, 4);
  EXPECT_NE(result.err.find("--idempotency-key my-key"), std::string::npos) << result.err;
}

TEST_F(CliTest, TlsFailuresHaveStatusFive) {
  const auto result = signet({"status", "--server-name", "other.test"});
  EXPECT_EQ(result.status, 5);
  EXPECT_NE(result.err.find("other.test"), std::string::npos) << result.err;
}

TEST_F(CliTest, AKeyThatOthersMayReadIsRefused) {
  ::chmod(client_identity_.key_file.c_str(), 0644);
  const auto result = signet({"status"});
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.err.find("0600"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace signet::test
