#include "integration/daemon.h"

#include <signal.h>

#include <algorithm>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace signet::test {

Daemon::Daemon(const Installation& installation, const std::string& signetd, std::chrono::milliseconds patience)
    : installation_(installation), stderr_file_(installation.path("signetd.log")) {
  const std::string ready = installation.path("signetd.ready");
  std::filesystem::remove(ready);
  process_ = std::make_unique<BackgroundProcess>(
      std::vector<std::string>{signetd, "--config", installation.config(), "--ready-file", ready}, stderr_file_);
  const bool started = eventually([&] { return std::filesystem::exists(ready) || !process_->running(); }, patience);
  if (!started || !process_->running()) throw std::runtime_error("signetd did not start:\n" + stderr_text());
  address_ = nlohmann::json::parse(slurp(ready)).at("address").get<std::string>();
}

pid_t Daemon::child(const std::string& name) const {
  const std::vector<pid_t> found = children_of(pid(), name.substr(0, 15));  // as the kernel cuts it
  if (found.size() != 1)
    throw std::runtime_error(std::to_string(found.size()) + " processes " + name + "\n" + stderr_text());
  return found.front();
}

int Daemon::stop() {
  process_->send_signal(SIGTERM);
  return process_->wait();
}

namespace {

/// Not one that has ended and waits for whoever inherited it to look.
bool runs(pid_t pid) {
  const std::string status = slurp("/proc/" + std::to_string(pid) + "/stat");  // "<pid> (<name>) <state> ..."
  const std::size_t name_end = status.rfind(") ");
  return name_end != std::string::npos && name_end + 2 < status.size() && status[name_end + 2] != 'Z' &&
         status[name_end + 2] != 'X';
}

}  // namespace

void Daemon::kill_supervisor() {
  const std::vector<pid_t> children = children_of(pid());
  process_->send_signal(SIGKILL);
  static_cast<void>(process_->wait());
  const bool left = eventually([&] { return std::ranges::none_of(children, runs); });
  if (!left) throw std::runtime_error("children outlive signetd");
}

ClientOptions Daemon::options(const std::string& who) const {
  ClientOptions options;
  options.address = address_;
  options.certificate_file = installation_.certificate(who);
  options.key_file = installation_.key(who);
  options.trust_file = installation_.root();
  options.deadline = std::chrono::seconds(10);
  return options;
}

std::unique_ptr<Client> Daemon::client(const std::string& who) const {
  auto made = Client::create(options(who));
  if (!made.has_value()) throw std::runtime_error(made.error().message);
  return std::make_unique<Client>(*std::move(made));
}

}  // namespace signet::test
