// `signet admin` on a running daemon, and what the log says of it.
#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "integration/operator.h"
#include "log/entries.h"
#include "wire/admin.h"
#include "wire/status.h"

namespace signet::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

TEST(Admin, StatusSaysHowTokensProcessesAndLogAre) {
  const Installation ca;
  Daemon daemon(ca);
  ASSERT_TRUE(issues(daemon, ca));
  const json now = status(ca);
  EXPECT_EQ(now["state"], "ready");
  EXPECT_EQ(now["origin"], "test.example/signet/issuing-1");
  EXPECT_EQ(now["address"], daemon.address());
  EXPECT_EQ(now["config_file"], ca.config());
  EXPECT_EQ(now["config_sha256"], to_hex(sha256(bytes_of(slurp(ca.config())))));
  EXPECT_EQ(now["policy_sha256"], to_hex(sha256(bytes_of(slurp(ca.path("policy.toml"))))));
  EXPECT_EQ(now["issuer_silent"], "");
  const json& issuer = now["issuer"];
  EXPECT_EQ(issuer["issuing"], true);
  EXPECT_EQ(issuer["not_issuing"], "");
  EXPECT_EQ(issuer["issued"], 1);
  EXPECT_GT(issuer["log_size"], 3);
  EXPECT_TRUE(issuer.contains("checkpoint") && issuer.contains("requests_in_flight"));
  ASSERT_EQ(now["tokens"].size(), 1U);
  const json& soft = now["tokens"][0];
  EXPECT_EQ(soft["state"], "open");
  EXPECT_EQ(soft["next_step"], "");
  EXPECT_EQ(soft["keys"], (json::array({"issuing-1", "log-1"})));
  EXPECT_EQ(soft["pin_source"], "pin_file");
  EXPECT_EQ(soft["connected"], true);
  for (const char* field : {"restarts", "sessions", "sessions_hung", "in_hand", "in_flight", "restart_in_millis",
                            "last_failure", "pin_kept"})
    EXPECT_TRUE(soft.contains(field)) << field;
  ASSERT_EQ(now["processes"].size(), 3U);
  for (const json& process : now["processes"]) {
    EXPECT_EQ(process["state"], "running");
    EXPECT_GT(process["pid"], 1);
    EXPECT_EQ(process["restarts"], 0);
  }
  kill(daemon.child("signet-keyholder"), SIGKILL);
  EXPECT_TRUE(eventually([&] { return token(ca)["restarts"] == 1 && token(ca)["state"] == "open"; }));
  const std::string table = run_ok({program("signet"), "admin", "--daemon-config", ca.config(), "status"});
  EXPECT_THAT(table, AllOf(HasSubstr("soft"), HasSubstr("open"), HasSubstr("signal 9"), HasSubstr("issuing:  yes")));
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(Admin, ReloadSaysWhetherThePolicyIsInForceOrWhyNot) {
  const Installation ca;
  Daemon daemon(ca);
  ca.edit("policy.toml", "validity = \"90d\"", "validity = \"10d\"");
  const CommandResult done = signet_admin(ca, {"reload"});
  EXPECT_EQ(done.status, 0) << done.out;
  EXPECT_THAT(done.out, HasSubstr(to_hex(sha256(bytes_of(slurp(ca.path("policy.toml")))))));
  ca.edit("policy.toml", "validity = \"10d\"", "validity = \"eternal\"");
  const CommandResult refused = signet_admin(ca, {"reload"});
  EXPECT_EQ(refused.status, 3) << refused.out;
  EXPECT_THAT(error_of(refused), AllOf(HasSubstr("policy.toml:"), HasSubstr("eternal")));
  EXPECT_EQ(daemon.stop(), 0);
  const auto acts = admin_entries(ca);
  ASSERT_EQ(acts.size(), 2U);
  EXPECT_EQ(field_of(acts[0], "act"), "reload");
  EXPECT_EQ(field_of(acts[0], "outcome"), "ok");
  EXPECT_EQ(field_of(acts[1], "outcome"), "failed");
  EXPECT_THAT(field_of(acts[1], "text"), HasSubstr("eternal"));
}

TEST(Admin, EveryActIsInTheAuditLogWithWhoDidIt) {
  const Installation ca;
  use_pin_source(ca, "pin = \"operator\"");
  Daemon daemon(ca);
  EXPECT_EQ(signet_admin(ca, {"unlock", "nowhere", "--pin-file", ca.path("pin")}).status, 3);
  EXPECT_EQ(unlock(ca, kPin).status, 0);
  ASSERT_TRUE(issues(daemon, ca));
  EXPECT_EQ(daemon.stop(), 0);
  const auto acts = admin_entries(ca);
  ASSERT_EQ(acts.size(), 2U) << "also what was done before the issuer could log it";
  EXPECT_EQ(field_of(acts[0], "outcome"), "failed");
  EXPECT_THAT(field_of(acts[0], "text"), HasSubstr("there is no token 'nowhere'; tokens are: soft"));
  EXPECT_EQ(field_of(acts[1], "outcome"), "ok");
  for (const log::Entry& act : acts) {
    EXPECT_EQ(field_of(act, "act"), "unlock");
    const auto fields = log::read_admin(act);
    ASSERT_TRUE(fields.has_value()) << fields.error().message;
    EXPECT_EQ(fields->uid, geteuid());
    EXPECT_GT(fields->pid, 1U);
    EXPECT_LE(fields->at, log::read_time(act).value());
  }
  const auto verified =
      run_command({program("signet-audit"), "verify", "--log-key", ca.log_key(), ca.path("state/log")});
  EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
  const std::string shown = run_ok({program("signet-audit"), "show", "--type", "admin", ca.path("state/log")});
  EXPECT_EQ(count_in(shown, "act=unlock"), 2U) << shown;
}

TEST(Admin, AnIssuerThatDoesNotAnswerKeepsNoOperatorWaiting) {
  const Installation ca;
  Daemon daemon(ca);
  const pid_t issuer = daemon.child("signet-issuer");
  kill(issuer, SIGSTOP);
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> operators;
  for (int i = 0; i < 4; ++i) {
    operators.emplace_back([&] {
      const json now = status(ca);
      EXPECT_EQ(now["issuer"], nullptr);
      EXPECT_THAT(now["issuer_silent"].get<std::string>(), HasSubstr("did not answer within 1000 ms"));
      EXPECT_EQ(now["tokens"][0]["state"], "open");
    });
  }
  for (std::thread& each : operators) each.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
  kill(issuer, SIGCONT);
  EXPECT_TRUE(eventually([&] { return status(ca)["issuer"] != nullptr; }));
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(Admin, RefusedActsLockNobodyOutWhileTheIssuerWaits) {
  const Installation ca;
  use_pin_source(ca, "pin = \"operator\"");
  Daemon daemon(ca);  // whose issuer waits for the token, and logs nothing
  admin::Request request;
  request.mutable_drain()->set_token("nowhere");
  const auto answer = [&] {
    const UniqueFd socket = connect_to_daemon(socket_of(ca)).value();
    EXPECT_TRUE(send_admin_request(socket.get(), request, Secret()).has_value());
    const auto response = receive_admin_response(socket.get(), std::chrono::seconds(10));
    return response.has_value() ? from_failure(response->failure()) : response.error();
  };
  for (int i = 0; i < 1100; ++i) ASSERT_EQ(answer().code, ErrorCode::kNotFound) << i;
  EXPECT_EQ(unlock(ca, kPin).status, 0);
  EXPECT_TRUE(issues(daemon, ca));
  EXPECT_EQ(daemon.stop(), 0);
  const auto acts = admin_entries(ca);
  ASSERT_FALSE(acts.empty());
  EXPECT_EQ(std::ranges::count_if(acts, [](const log::Entry& act) { return field_of(act, "act") == "unlock"; }), 1);
  EXPECT_THAT(field_of(acts.back(), "text"), HasSubstr("acts before it changed nothing either"));
}

TEST(Admin, SaysWhatToDoWhereNobodyAnswers) {
  const Installation ca;
  const CommandResult result = signet_admin(ca, {"status"});
  EXPECT_EQ(result.status, 4);
  EXPECT_THAT(error_of(result), HasSubstr("is signetd running"));
}

TEST(Admin, WorksWhenNoTlsIdentityIsValid) {
  const Installation ca;
  Daemon daemon(ca);
  // No certificate, key or trust is given, and none is looked for.
  const auto result =
      run_command({"env", "-i", program("signet"), "--json", "admin", "--socket", socket_of(ca), "status"});
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  EXPECT_EQ(daemon.stop(), 0);
}

}  // namespace
}  // namespace signet::test
