// Renew: a certificate's holder gets another one, and nobody else does.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "base/file.h"
#include "integration/daemon.h"
#include "log/entries.h"
#include "x509/certificate.h"

namespace signet::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr const char* kDevices = R"(
[client.device]
identities = ["dns:device.example", "dns:plain.example"]
profiles = ["tls-client"]
rights = ["renew"]
[client.device.names]
dns = ["device.example", "plain.example"]

[client.other]
identity = "dns:other.example"
profiles = ["tls-client"]
[client.other.names]
dns = ["other.example"]
)";

/// A CA whose client payments may issue certificates to devices, and the certificate and key of one: device.pem and
/// device.key.
class Renewal : public testing::Test {
 protected:
  Renewal() {
    std::string policy = slurp(ca_.path("policy.toml"));
    policy.resize(policy.find("[client.plain]"));
    ca_.folder().write("policy.toml", policy + kDevices);
    ca_.edit("policy.toml", "profiles = [\"tls-server\"]", "profiles = [\"tls-server\", \"tls-client\"]");
    daemon_.emplace(ca_);
    provision("device");
  }

  /// Issues to NAME.example by the client payments.
  void provision(const std::string& name) {
    run_ok({"openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            ca_.path(name + ".key"), "-out", ca_.path(name + ".csr"), "-subj", "/", "-addext",
            "subjectAltName=DNS:" + name + ".example"});
    run_ok({program("signet"), "--address", daemon_->address(), "--certificate", ca_.certificate("payments"), "--key",
            ca_.key("payments"), "--trust", ca_.root(), "issue", "--profile", "tls-client", "--csr",
            ca_.path(name + ".csr"), "--out", ca_.path(name + ".pem")});
  }

  /// The command, as the holder of NAME.pem.
  [[nodiscard]] std::vector<std::string> as(const std::string& name, std::vector<std::string> more) const {
    std::vector<std::string> all{program("signet"),
                                 "--address",
                                 daemon_->address(),
                                 "--certificate",
                                 ca_.path(name + ".pem"),
                                 "--key",
                                 ca_.path(name + ".key"),
                                 "--trust",
                                 ca_.root(),
                                 "--timeout",
                                 timeout_};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  [[nodiscard]] std::vector<std::string> renew(const std::string& name, std::vector<std::string> more) const {
    more.insert(more.begin(), "renew");
    return as(name, std::move(more));
  }
  /// The command, which fails when it writes what `flag` names, long after the daemon has issued: a folder has that
  /// name. The key is pending then.
  static void stop_at(const char* flag, std::vector<std::string> command) {
    const std::string file = *(std::ranges::find(command, flag) + 1);
    fs::create_directory(file);
    command.emplace_back("--force");
    const auto stopped = run_command(command);
    EXPECT_NE(stopped.status, 0);
    EXPECT_THAT(stopped.err, HasSubstr("the same command goes on with it"));
    fs::remove(file);
  }
  [[nodiscard]] std::unique_ptr<Client> client(const std::string& name) const {
    ClientOptions options = daemon_->options("payments");
    options.certificate_file = ca_.path(name + ".pem");
    options.key_file = ca_.path(name + ".key");
    return std::make_unique<Client>(Client::create(options).value());
  }
  [[nodiscard]] Certificate read(const std::string& file) const {
    return parse_certificates(bytes_of(slurp(ca_.path(file)))).value().front();
  }
  [[nodiscard]] Bytes csr_without_names() const {
    return copy_of(bytes_of(run_ok({"openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                                    "-nodes", "-keyout", "/dev/null", "-subj", "/", "-outform", "DER"})));
  }

  Installation ca_;
  std::optional<Daemon> daemon_;
  std::string timeout_ = "10s";
};

TEST_F(Renewal, TheCommandMakesANewKeyAndGetsACertificateOfTheSameNames) {
  run_ok(renew("device", {"--new-key", ca_.path("next.key"), "--out", ca_.path("next.pem")}));
  const Certificate before = read("device.pem");
  const Certificate after = read("next.pem");
  EXPECT_EQ(after.fields().alt_names, before.fields().alt_names);
  EXPECT_EQ(after.fields().extended_key_usage, before.fields().extended_key_usage);
  EXPECT_NE(after.fields().serial, before.fields().serial);
  EXPECT_NE(after.public_key().spki_sha256(), before.public_key().spki_sha256());
  EXPECT_THAT(run_ok({"openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", ca_.root(), "-untrusted",
                      ca_.path("next.pem"), ca_.path("next.pem")}),
              HasSubstr("OK"));
  struct stat info{};
  ASSERT_EQ(stat(ca_.path("next.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
  for (const char* left : {"next.key.pending", "next.key.pending.csr"}) EXPECT_FALSE(fs::exists(ca_.path(left)));

  // The new one is as good as the first, also in its own place.
  run_ok(renew("next", {"--new-key", ca_.path("next.key"), "--out", ca_.path("next.pem"), "--force"}));
  EXPECT_NE(read("next.pem").fields().serial, after.fields().serial);
  run_ok(as("next", {"bundle"}));
  EXPECT_EQ(daemon_->stop(), 0);

  const auto entries = ca_.read_log();
  EXPECT_EQ(count_entries(entries, "intent", "method", "Issue"), 1U);
  EXPECT_EQ(count_entries(entries, "intent", "method", "Renew"), 2U);
  for (const log::Entry& entry : entries) {
    if (field_of(entry, "method") != "Renew") continue;
    EXPECT_EQ(field_of(entry, "who.certificate_sha256"), to_hex(before.fingerprint())) << "it names what was renewed";
    EXPECT_EQ(field_of(entry, "client"), "device");
    break;
  }
  EXPECT_EQ(run_command({program("signet-audit"), "verify", "--log-key", ca_.log_key(), ca_.path("state/log")}).status,
            0);
}

TEST_F(Renewal, OfARequestThatSomebodyMadeKeepsTheNamesAndRefusesOthers) {
  const auto device = client("device");
  const auto issued = device->renew({.csr = csr_without_names(), .validity = std::chrono::hours(24 * 3)});
  ASSERT_TRUE(issued.has_value()) << issued.error().message;
  const Certificate certificate = Certificate::parse(issued->certificate).value();
  EXPECT_THAT(certificate.fields().alt_names.value().texts(), ElementsAre("DNS:device.example"));
  EXPECT_LT(certificate.fields().not_after, system_clock().now() + std::chrono::days(4)) << "a wished validity counts";
  EXPECT_TRUE(device->renew({.csr = ca_.make_csr("DNS:device.example")}).has_value());
  const auto others = device->renew({.csr = ca_.make_csr("DNS:plain.example")});
  ASSERT_FALSE(others.has_value());
  EXPECT_EQ(others.error().code, ErrorCode::kPermissionDenied);
  EXPECT_THAT(others.error().message, HasSubstr("renew.names"));
}

TEST_F(Renewal, IsRefusedForACertificateThatThisDaemonDidNotIssue) {
  ClientOptions options = daemon_->options("plain");  // of the ceremony, below the same CA, with the right to renew
  const auto refused = Client::create(options).value().renew({.csr = csr_without_names()});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(refused.error().field, "client certificate");
  EXPECT_THAT(refused.error().message, HasSubstr("has not issued it"));
}

TEST_F(Renewal, NeedsTheRightAndTheNamesOfToday) {
  provision("other");
  const auto without_right = client("other")->renew({.csr = csr_without_names()});
  ASSERT_FALSE(without_right.has_value());
  EXPECT_THAT(without_right.error().message, HasSubstr("\"renew\""));
  const auto device = client("device");
  EXPECT_THAT(device->issue({.profile = "tls-client", .csr = csr_without_names()}).error().message,
              HasSubstr("\"issue\""))
      << "the right to renew is not the right to issue";

  ca_.edit("policy.toml", "dns = [\"device.example\", ", "dns = [");
  daemon_->process().send_signal(SIGHUP);
  ASSERT_TRUE(eventually([&] { return daemon_->stderr_text().find("reloaded policy_sha256=") != std::string::npos; }));
  const auto no_name = device->renew({.csr = csr_without_names()});
  ASSERT_FALSE(no_name.has_value());
  EXPECT_EQ(no_name.error().code, ErrorCode::kPermissionDenied);
  EXPECT_THAT(no_name.error().message, HasSubstr("device.example"));
}

TEST_F(Renewal, RepeatedUnderItsKeyGetsTheSameCertificate) {
  const auto device = client("device");
  const RenewOptions same{.csr = csr_without_names(), .idempotency_key = "again"};
  const auto first = device->renew(same);
  ASSERT_TRUE(first.has_value()) << first.error().message;
  EXPECT_EQ(device->renew(same).value().certificate, first->certificate);
  const auto other = device->renew({.csr = csr_without_names(), .idempotency_key = "again"});
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().code, ErrorCode::kAlreadyExists);
}

TEST_F(Renewal, ThatWasInterruptedGoesOnWithItsKeyAndGetsTheCertificateThatWasIssued) {
  const auto command = [&] {
    return renew("device", {"--new-key", ca_.path("next.key"), "--out", ca_.path("next.pem")});
  };
  const pid_t keyholder = daemon_->child("signet-keyholder");
  kill(keyholder, SIGSTOP);
  timeout_ = "1s";
  const auto interrupted = run_command(command());
  kill(keyholder, SIGCONT);
  EXPECT_NE(interrupted.status, 0);
  EXPECT_THAT(interrupted.err, HasSubstr("next.key.pending"));
  const std::string key = slurp(ca_.path("next.key.pending"));
  EXPECT_FALSE(key.empty());
  EXPECT_FALSE(fs::exists(ca_.path("next.key")));
  timeout_ = "20s";
  run_ok(command());
  EXPECT_EQ(slurp(ca_.path("next.key")), key);
  EXPECT_FALSE(fs::exists(ca_.path("next.key.pending")));
  run_ok(as("next", {"bundle"}));
}

TEST_F(Renewal, OverwritesNothingAndRefusesHalfACommandLine) {
  ca_.folder().write("there", "mine");
  for (const auto& more : std::vector<std::vector<std::string>>{
           {"--new-key", ca_.path("there"), "--out", ca_.path("next.pem")},
           {"--new-key", ca_.path("next.key"), "--out", ca_.path("there")},
           {"--new-key", ca_.path("same"), "--out", ca_.path("same")},
           {"--new-key", ca_.path("next.key"), "--csr", ca_.path("device.csr"), "--out", ca_.path("next.pem")},
           {"--out", ca_.path("next.pem")}}) {
    EXPECT_EQ(run_command(renew("device", more)).status, 2);
  }
  EXPECT_EQ(slurp(ca_.path("there")), "mine");
  for (const char* file : {"next.key", "next.key.pending", "next.pem", "same", "there.pending"})
    EXPECT_FALSE(fs::exists(ca_.path(file))) << file;
  EXPECT_EQ(daemon_->stop(), 0);
  EXPECT_EQ(count_entries(ca_.read_log(), "intent", "method", "Renew"), 0U);
}

TEST_F(Renewal, ThatIsRefusedLeavesNoKeyBehind) {
  provision("other");
  const auto refused = run_command(renew("other", {"--new-key", ca_.path("next.key"), "--out", ca_.path("next.pem")}));
  EXPECT_EQ(refused.status, 3) << refused.err;
  for (const char* file : {"next.key", "next.key.pending", "next.key.pending.csr", "next.pem"})
    EXPECT_FALSE(fs::exists(ca_.path(file))) << file;
  const auto json =
      run_command(renew("device", {"--json", "--csr", ca_.path("device.csr"), "--out", ca_.path("next.pem")}));
  EXPECT_EQ(json.status, 0) << json.err;
  EXPECT_FALSE(nlohmann::json::parse(json.out).at("serial").get<std::string>().empty());
}

TEST_F(Renewal, OfAnotherCertificateNeverGetsTheSuccessorOfTheFirst) {
  provision("plain");
  const auto into = [&](const std::string& name) {
    return renew(name, {"--new-key", ca_.path("n.key"), "--out", ca_.path("n.pem")});
  };
  stop_at("--out", into("device"));
  run_ok(into("plain"));
  EXPECT_THAT(read("n.pem").fields().alt_names.value().texts(), ElementsAre("DNS:plain.example"));

  const RenewOptions same{.csr = csr_without_names(), .idempotency_key = "shared"};
  ASSERT_TRUE(client("device")->renew(same).has_value());
  const auto others = client("plain")->renew(same);
  ASSERT_FALSE(others.has_value());
  EXPECT_EQ(others.error().code, ErrorCode::kAlreadyExists) << "both are the client device of the policy";
}

TEST_F(Renewal, ThatWasKilledInPlaceBetweenCertificateAndKeyIsFinishedByTheSameCommand) {
  run_ok(renew("device", {"--new-key", ca_.path("next.key"), "--out", ca_.path("next.pem")}));
  fs::rename(ca_.path("next.pem"), ca_.path("device.pem"));
  fs::rename(ca_.path("next.key"), ca_.path("device.key.pending"));
  const std::string key = slurp(ca_.path("device.key.pending"));
  EXPECT_EQ(run_command(as("device", {"bundle"})).status, 2) << "the two do not belong together";
  const auto resumed =
      run_command(renew("device", {"--new-key", ca_.path("device.key"), "--out", ca_.path("device.pem"), "--force"}));
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("a renewal that was interrupted is finished"));
  EXPECT_NE(slurp(ca_.path("device.key")), key) << "it was finished, and then it was renewed";
  EXPECT_FALSE(fs::exists(ca_.path("device.key.pending")));
  run_ok(as("device", {"bundle"}));
}

TEST_F(Renewal, ThatWasKilledBeforeTheKeyHadItsNameGoesOnWithoutForce) {
  const auto command = renew("device", {"--new-key", ca_.path("next.key"), "--out", ca_.path("next.pem"), "--chain-out",
                                        ca_.path("chain.pem")});
  stop_at("--new-key", command);
  const std::string certificate = slurp(ca_.path("next.pem"));
  EXPECT_FALSE(certificate.empty());
  ca_.folder().write("next.key.pending.0123456789abcdef.new", "half");
  ca_.folder().write("next.key.pending.mine.new", "mine");
  const auto resumed = run_command(command);
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_EQ(slurp(ca_.path("next.pem")), certificate);
  EXPECT_FALSE(fs::exists(ca_.path("next.key.pending.0123456789abcdef.new")));
  EXPECT_TRUE(fs::exists(ca_.path("next.key.pending.mine.new")));
  EXPECT_FALSE(fs::exists(ca_.path("next.key.pending.lock")));
  run_ok(as("next", {"bundle"}));
  EXPECT_EQ(run_command(command).status, 2) << "what is there without a pending key is not replaced";
}

TEST_F(Renewal, WhoseCertificateExpiredMeanwhileBeginsAnew) {
  const std::vector<std::string> options{"--new-key",          ca_.path("next.key"), "--out",
                                         ca_.path("next.pem"), "--validity",         "60s"};
  const auto command = renew("device", options);
  stop_at("--out", command);
  const std::string key = slurp(ca_.path("next.key.pending"));
  std::this_thread::sleep_for(std::chrono::seconds(61));  // no profile gets a shorter one
  const auto again = run_command(command);
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("beginning anew"));
  EXPECT_NE(slurp(ca_.path("next.key")), key);
  EXPECT_GT(read("next.pem").fields().not_after, system_clock().now() - std::chrono::seconds(2));
}

TEST_F(Renewal, NeverDestroysAKeyWhateverForceSays) {
  const std::string key = slurp(ca_.path("device.key"));
  for (const auto& more : std::vector<std::vector<std::string>>{
           {"--new-key", ca_.path("n.key"), "--out", ca_.path("n.key.pending")},
           {"--new-key", ca_.path("n.key"), "--out", ca_.path("n.key.pending.csr")},
           {"--new-key", ca_.path("n.key"), "--out", ca_.path("device.key")},
           {"--new-key", ca_.path("n.key"), "--out", ca_.path("n.pem"), "--chain-out", ca_.path("device.pem")},
           {"--new-key", ca_.path("device.pem"), "--out", ca_.path("n.pem")},
           {"--new-key", ca_.path("device.key"), "--out", ca_.path("n.pem")},
           {"--new-key", ca_.path("n.key"), "--out", ca_.path("device.pem")},
           {"--csr", ca_.path("device.csr"), "--out", ca_.path("device.csr")},
           {"--csr", ca_.path("device.csr"), "--out", ca_.path("device.key")}}) {
    auto arguments = more;
    arguments.emplace_back("--force");
    EXPECT_EQ(run_command(renew("device", arguments)).status, 2) << testing::PrintToString(more);
  }
  EXPECT_EQ(slurp(ca_.path("device.key")), key);
  run_ok(as("device", {"bundle"}));
}

TEST_F(Renewal, OfAPendingKeyWithOtherOptionsSaysWhatToDo) {
  const std::vector<std::string> options{"--new-key", ca_.path("next.key"), "--out", ca_.path("next.pem")};
  stop_at("--out", renew("device", options));
  auto other = options;
  other.insert(other.end(), {"--validity", "3d"});
  const auto refused = run_command(renew("device", other));
  EXPECT_EQ(refused.status, 3) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("repeat with those, or remove both files"));
  EXPECT_TRUE(fs::exists(ca_.path("next.key.pending")));
  run_ok(renew("device", options));
}

TEST_F(Renewal, NeverReplacesACertificateThatIsValidLonger) {
  const std::string before = slurp(ca_.path("device.pem"));
  const auto refused = run_command(renew(
      "device", {"--new-key", ca_.path("device.key"), "--out", ca_.path("device.pem"), "--force", "--validity", "1h"}));
  EXPECT_NE(refused.status, 0);
  EXPECT_THAT(refused.err, HasSubstr("is not replaced"));
  EXPECT_EQ(slurp(ca_.path("device.pem")), before);
  run_ok(as("device", {"bundle"}));
}

TEST_F(Renewal, WithADamagedPendingKeyNamesItAndTheNextStep) {
  ca_.folder().write("next.key.pending", "no key");
  chmod(ca_.path("next.key.pending").c_str(), 0600);
  const auto refused = run_command(renew("device", {"--new-key", ca_.path("next.key"), "--out", ca_.path("next.pem")}));
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.err, HasSubstr("next.key.pending.csr to begin anew"));
}

TEST_F(Renewal, TwiceAtOnceIsRefused) {
  const auto held = lock_file(ca_.path("next.key.pending.lock"));
  const auto refused = run_command(renew("device", {"--new-key", ca_.path("next.key"), "--out", ca_.path("next.pem")}));
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.err, HasSubstr("is under way"));
}

}  // namespace
}  // namespace signet::test
