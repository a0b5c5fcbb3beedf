#include "integration/operator.h"

#include <gtest/gtest.h>

namespace signet::test {

using nlohmann::json;

std::string socket_of(const Installation& ca) { return ca.path("state/admin.socket"); }

CommandResult signet_admin(const Installation& ca, const std::vector<std::string>& arguments) {
  std::vector<std::string> command{program("signet"), "--json", "admin", "--socket", socket_of(ca)};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_command(command);
}

json status(const Installation& ca) {
  const CommandResult result = signet_admin(ca, {"status"});
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  return json::parse(result.out);
}

json token(const Installation& ca, const std::string& name) {
  const json now = status(ca);
  for (const json& each : now.at("tokens")) {
    if (each.at("name") == name) return each;
  }
  return json::object();
}

std::string error_of(const CommandResult& result) {
  const json answer = json::parse(result.out, nullptr, false);
  return answer.is_object() && answer.contains("error") ? answer["error"]["message"].get<std::string>() : result.err;
}

CommandResult unlock(const Installation& ca, const std::string& pin, const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"unlock", "soft", "--pin-file", ca.folder().write("operator-pin", pin + "\n")};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return signet_admin(ca, arguments);
}

void use_pin_source(const Installation& ca, const std::string& source) {
  ca.edit("signet.toml", "pin_file = \"pin\"", source);
}

Result<IssuedCertificate> issue(const Daemon& daemon, const Installation& ca) {
  return daemon.client("plain")->issue({.profile = "tls-server", .csr = ca.make_csr("DNS:a.plain.example")});
}

Error refusal_of(const Daemon& daemon, const Installation& ca) {
  ClientOptions options = daemon.options("plain");
  options.deadline = std::chrono::seconds(2);
  auto client = Client::create(options).value();
  const auto got = client.issue({.profile = "tls-server", .csr = ca.make_csr("DNS:a.plain.example")});
  EXPECT_FALSE(got.has_value());
  return got.has_value() ? Error{} : got.error();
}

bool issues(const Daemon& daemon, const Installation& ca) {
  return eventually([&] { return issue(daemon, ca).has_value(); });
}

std::size_t count_in(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

std::vector<log::Entry> admin_entries(const Installation& ca) {
  std::vector<log::Entry> found;
  for (log::Entry& entry : ca.read_log()) {
    if (entry.type == "admin") found.push_back(std::move(entry));
  }
  return found;
}

}  // namespace signet::test
