#include "support/softhsm.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>
#include <vector>

namespace signet::test {
namespace {

/// The environment of this process with SOFTHSM2_CONF set to `conf`.
std::vector<std::string> environment_with(const std::string& conf) {
  std::vector<std::string> all = {"SOFTHSM2_CONF=" + conf};
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with("SOFTHSM2_CONF=")) all.emplace_back(*entry);
  }
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

/// Runs softhsm2-util, its output in `log`.
int run(std::vector<std::string> arguments, const std::string& conf, const std::string& log) {
  std::vector<std::string> environment = environment_with(conf);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, arguments[0].c_str(), &actions, nullptr, pointers(arguments).data(),
                                 pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error(fmt::format("{} does not start: {}", arguments[0], strerror(error)));
  int status = 0;
  waitpid(pid, &status, 0);
  return status;
}

}  // namespace

std::string profile_of_softhsm_in(const std::string& module, const std::string& more) {
  return fmt::format(R"(name = "SoftHSM in another module"
tested = "ci"
source = "tests"
modules = ["{}"]
quirks = ["general-error-at-login-is-transient"]
{}
[sandbox]
readable = ["${{SOFTHSM2_CONF}}"]
[[sandbox.readable_in]]
file = "${{SOFTHSM2_CONF}}"
key = "directories.tokendir"
)",
                     module, more);
}

SoftHsm::SoftHsm(std::string_view token_label, std::string_view pin) : label_(token_label), pin_(pin) {
  std::filesystem::create_directory(tokens_directory());
  static_cast<void>(
      directory_.write("softhsm2.conf", fmt::format("directories.tokendir = {}\nobjectstore.backend = file\n"
                                                    "log.level = ERROR\n",
                                                    tokens_directory())));
  static_cast<void>(directory_.write("pin", pin_ + "\n"));
  add_token(label_);
}

void SoftHsm::add_token(std::string_view label) const {
  const int status = run({"softhsm2-util", "--init-token", "--free", "--label", std::string(label), "--pin", pin_,
                          "--so-pin", "test-so-pin-1234"},
                         conf(), directory_ / "softhsm2-util.log");
  if (status != 0)
    throw std::runtime_error(fmt::format("softhsm2-util --init-token failed with wait status {}", status));
}

void SoftHsm::use_here() const { setenv("SOFTHSM2_CONF", conf().c_str(), 1); }

}  // namespace signet::test
