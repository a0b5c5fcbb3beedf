// The command signet, run in a test's own folder.
#pragma once

#include <string>
#include <vector>

#include "client/client_fixture.h"
#include "support/command.h"

namespace signet::test {

inline constexpr const char* kSignet = SIGNET_BIN_DIR "/signet";

/// Runs the command against the well-behaved server, with settings of its own.
class CliFixture : public ClientFixture {
 protected:
  CliFixture() {
    start([this](const v1::Request& request) { return good_answer(request); });
    csr_file_ = folder_.write("www.csr", encode_pem("CERTIFICATE REQUEST", csr_));
    write_config(server_->address());
  }

  void write_config(const std::string& address) {
    config_ = folder_.write("client.toml", "address = \"" + address +
                                               "\"\nserver_name = \"signet.test\"\ncertificate = \"client.pem\"\n"
                                               "key = \"client.key\"\ntrust = \"root.pem\"\ntimeout = \"2s\"\n");
  }

  /// With this test's configuration and no other settings.
  [[nodiscard]] CommandResult signet(std::vector<std::string> arguments, const std::string& input = {},
                                     const std::vector<std::string>& environment = {}) const {
    arguments.insert(arguments.begin(), {kSignet, "--config", config_});
    return run(arguments, input, environment);
  }
  /// With none of the settings of whoever runs the tests.
  [[nodiscard]] CommandResult run(const std::vector<std::string>& arguments, const std::string& input = {},
                                  const std::vector<std::string>& environment = {}) const {
    std::vector<std::string> command{"env"};
    for (const char* name : {"ADDRESS", "CERTIFICATE", "KEY", "TRUST", "SERVER_NAME", "ORIGIN", "LOG_KEY", "CONFIG"}) {
      command.insert(command.end(), {"-u", std::string("SIGNET_") + name});
    }
    command.push_back("HOME=" + folder_.path().string());
    command.insert(command.end(), environment.begin(), environment.end());
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run_command(command, input);
  }
  [[nodiscard]] std::vector<std::string> issue_arguments(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"issue", "--profile", "tls-server", "--csr", csr_file_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  [[nodiscard]] v1::IssueRequest last_wish() const {
    return parse_strict<v1::IssueRequest>(bytes_of(server_->requests().back().payload()), "request").value();
  }

  Bytes csr_ = make_csr("www.example.com");
  std::string csr_file_;
  std::string config_;
};

}  // namespace signet::test
