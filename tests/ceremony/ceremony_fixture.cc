#include "ceremony_fixture.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "log/entry.h"

namespace signet::test {

namespace {

constexpr const char* kProgram = SIGNET_BIN_DIR "/signet-ceremony";

std::set<std::string> entries_of(const std::string& directory) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) names.insert(entry.path().string());
  return names;
}

constexpr const char* kPlan = R"(title = "Signet test ceremony"
output = "ceremony"
hsm_profile = "softhsm2.toml"
environment = { SOFTHSM2_CONF = "@CONF@" }
[root]
token = "signet-root"
pin_file = "pin"
key_label = "root-2026"
key_type = "ec-p384"
subject = "CN=Test Root,O=Signet Test"
validity = "20y"
certificate = "root.pem"
[issuing]
token = "signet-issuing"
pin_file = "pin"
key_label = "issuing-1"
key_type = "ec-p256"
subject = "CN=Test Issuing,O=Signet Test"
validity = "5y"
certificate = "issuing.pem"
path_length = 0
[[end_entity]]
name = "daemon"
csr = "daemon.csr"
subject = "CN=signetd"
dns = ["localhost"]
ip = ["127.0.0.1", "::1"]
extended_key_usage = ["serverAuth"]
validity = "90d"
certificate = "daemon.pem"
[[end_entity]]
name = "client"
csr = "client.csr"
uri = ["spiffe://test/payments"]
extended_key_usage = ["clientAuth"]
validity = "30d"
certificate = "client.pem"
)";

const std::string kProfile =
    std::string("name = \"SoftHSM\"\ntested = \"ci\"\nsource = \"test\"\nmodules = [\"") + kSoftHsmModule + "\"]\n";

}  // namespace

CeremonyTest::CeremonyTest() : plan_(kPlan) {
  const auto before = entries_of(hsm_.tokens_directory());
  hsm_.add_token("signet-issuing");
  for (const std::string& entry : entries_of(hsm_.tokens_directory())) {
    if (!before.contains(entry)) issuing_token_directory_ = entry;
  }
  static_cast<void>(room_.write("softhsm2.toml", kProfile));
  make_request("daemon");
  make_request("client");
  plan_with("@CONF@", hsm_.conf());
}

void CeremonyTest::plan_with(const std::string& old_text, const std::string& new_text) {
  const std::size_t at = plan_.find(old_text);
  ASSERT_NE(at, std::string::npos) << old_text;
  plan_.replace(at, old_text.size(), new_text);
  static_cast<void>(room_.write("ceremony.toml", plan_));
}

void CeremonyTest::use_fault_module(const std::string& calls, const std::string& action, int after, int times) {
  static_cast<void>(room_.write("softhsm2.toml",
                                "name = \"fault\"\ntested = \"ci\"\nsource = \"test\"\nmodules = "
                                "[\"" SIGNET_BIN_DIR "/test_fault_module.so\"]\n"));
  plan_with("environment = { ", "environment = { SIGNET_FAULT_CALL = \"" + calls + "\", SIGNET_FAULT_DO = \"" + action +
                                    "\", SIGNET_FAULT_AFTER = \"" + std::to_string(after) +
                                    "\", SIGNET_FAULT_TIMES = \"" + std::to_string(times) + "\", ");
}

void CeremonyTest::use_mechanisms(const std::vector<std::string>& names) const {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "\"" : ", \"") + name + "\"";
  static_cast<void>(room_.write("softhsm2.toml", kProfile + "mechanisms = [" + list + "]\n"));
}

std::vector<log::Object> CeremonyTest::transcript_in(const std::string& folder) {
  std::vector<log::Object> entries;
  std::istringstream lines(slurp(folder + "/transcript.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    auto entry = log::parse_entry(copy_of(bytes_of(line)), entries.size());
    EXPECT_TRUE(entry.has_value()) << line;
    if (entry) entries.push_back(entry->fields);
  }
  return entries;
}

std::vector<std::string> CeremonyTest::acts_of(const std::vector<log::Object>& transcript) {
  std::vector<std::string> acts;
  for (const log::Object& entry : transcript) acts.push_back(text(entry, "act"));
  return acts;
}

std::vector<std::string> CeremonyTest::unfinished() const {
  std::vector<std::string> folders;
  for (const std::string& entry : entries_of(room_.path())) {
    if (entry.starts_with(path("ceremony.unfinished-"))) folders.push_back(entry);
  }
  return folders;
}

CommandResult CeremonyTest::ceremony(const std::string& action, const std::vector<std::string>& more,
                                     const std::string& input) const {
  std::vector<std::string> arguments = {"setsid", "--wait", kProgram, action, path("ceremony.toml")};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_command(arguments, input);
}

void CeremonyTest::make_request(const std::string& name) const {
  run_ok({"openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
          "/CN=ignored", "-keyout", path(name + ".key"), "-out", path(name + ".csr")});
}

std::size_t CeremonyTest::objects() const {
  const std::filesystem::recursive_directory_iterator all(hsm_.tokens_directory());
  return static_cast<std::size_t>(std::ranges::count_if(all, [](const auto& entry) {
    return entry.path().extension() == ".object" && entry.path().filename() != "token.object";
  }));
}

std::vector<std::string> CeremonyTest::files() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(room_.path())) {
    const std::string name = entry.path().string();
    if (!name.starts_with(hsm_.tokens_directory())) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

std::string text(const log::Object& entry, const std::string& key) {
  const auto found = entry.find(key);
  return found == entry.end() || found->second.text() == nullptr ? "(absent)" : *found->second.text();
}

}  // namespace signet::test
