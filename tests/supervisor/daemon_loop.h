// The real signetd with children that do what the test says (fake_child).
#pragma once

#include <gmock/gmock.h>
#include <signal.h>

#include <filesystem>
#include <optional>
#include <sstream>

#include "support/command.h"
#include "support/temp_directory.h"

namespace signet::test {

inline constexpr const char* kConfig = R"(origin = "ca.example/test"
policy = "policy.toml"
[state]
directory = "state"
[run]
allow_root = true
[listen]
address = "127.0.0.1:0"
certificate = "daemon.pem"
key = "daemon.key"
client_trust = "trust.pem"
[token.soft]
profile = "profile.toml"
pin_file = "pin"
[key.issuing-1]
token = "soft"
uri = "pkcs11:token=signet-test;object=issuing-1;type=private"
certificate = "issuing.pem"
[key.issuing-1.fence]
may_sign = ["end-entity-certificate"]
longest_validity = "398d"
[issuer.issuing-1]
key = "issuing-1"
root = "root.pem"
[log]
key = "log-1"
ceremony = "transcript.jsonl"
[key.log-1]
token = "soft"
uri = "pkcs11:token=signet-test;object=log-1;type=private"
public_key = "log-1.pub.pem"
[key.log-1.fence]
may_sign = ["log-checkpoint"]
)";

inline constexpr const char* kPolicy = R"([profile.tls-server]
issuer = "issuing-1"
validity = "90d"
validity_max = "397d"
keys = ["ec-p256"]
key_usage = ["digitalSignature"]
extended_key_usage = ["serverAuth"]
[profile.tls-server.names]
dns = ["**"]
)";

inline constexpr const char* kFront = "signet-front";
inline constexpr const char* kIssuer = "signet-issuer";
inline constexpr const char* kKeyholder = "signet-keyholder";

class DaemonLoop : public testing::Test {
 protected:
  DaemonLoop() {
    directory_.write("signet.toml", kConfig);
    directory_.write("policy.toml", kPolicy);
    directory_.write("pin", "1234\n");
    const std::string module = directory_.write("module.so", "");
    directory_.write("profile.toml",
                     "name = \"fake\"\ntested = \"ci\"\nsource = \"tests\"\nmodules = [\"" + module + "\"]\n");
    std::filesystem::create_directory(directory_ / "bin");  // signetd starts what stands beside it
    std::filesystem::copy_file(std::string(SIGNET_BIN_DIR) + "/signetd", directory_ / "bin/signetd");
    for (const char* child : {kFront, kIssuer, kKeyholder})
      std::filesystem::create_symlink(std::string(SIGNET_BIN_DIR) + "/test_fake_child", bin(child));
  }

  /// Commands of fake_child.cc for a child's start of this number; -1 = for all that have none of their own.
  void script(const std::string& child, const std::string& commands, int restart = -1) const {
    directory_.write(child + ".script" + (restart < 0 ? "" : "." + std::to_string(restart)), commands);
  }

  void start() {
    daemon_.emplace(
        std::vector<std::string>{bin("signetd"), "--config", directory_ / "signet.toml", "--ready-file", ready_file()},
        directory_ / "stderr");
  }
  void start_and_wait() {
    start();
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(ready_file()); })) << said();
    ASSERT_TRUE(eventually([&] { return peers(kIssuer).size() >= 2; })) << said();
  }
  int stop() {
    daemon_->send_signal(SIGTERM);
    return daemon_->wait();
  }

  [[nodiscard]] std::string bin(const std::string& program) const { return directory_ / ("bin/" + program); }
  [[nodiscard]] std::string ready_file() const { return directory_ / "ready"; }
  [[nodiscard]] std::string said() const { return slurp(directory_ / "stderr"); }
  [[nodiscard]] std::vector<std::string> lines(const std::string& file) const {
    std::istringstream text(slurp(directory_ / file));
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }
  [[nodiscard]] std::vector<std::string> seen(const std::string& child) const { return lines(child + ".seen"); }
  /// "ROLE_FRONT 3", ... in the order they came.
  [[nodiscard]] std::vector<std::string> peers(const std::string& child) const {
    std::vector<std::string> peers;
    for (const std::string& line : seen(child)) {
      if (line.starts_with("peer ")) peers.push_back(line.substr(5));
    }
    return peers;
  }
  [[nodiscard]] std::vector<std::string> starts(const std::string& child) const {
    std::vector<std::string> starts;
    for (const std::string& line : seen(child)) {
      if (line.starts_with("start ")) starts.push_back(line);
    }
    return starts;
  }
  void kill_child(const std::string& child) const {
    ASSERT_TRUE(eventually([&] { return !peers(child).empty(); })) << "what it was told before is in its notes";
    const auto pids = children_of(daemon_->pid(), child.substr(0, 15));
    ASSERT_EQ(pids.size(), 1U);
    kill(pids.front(), SIGKILL);
  }
  static std::string generation_of(const std::string& peer) { return peer.substr(peer.find(' ') + 1); }

  TempDirectory directory_;
  std::optional<BackgroundProcess> daemon_;
};

}  // namespace signet::test
