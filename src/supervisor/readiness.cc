#include "supervisor/readiness.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/ops_log.h"
#include "supervisor/links.h"
#include "supervisor/notify.h"

namespace signet {

Readiness::Readiness(const DaemonConfig& config, const std::deque<Child>& children, Tokens& tokens,
                     std::string ready_file)
    : config_(config), children_(children), tokens_(tokens), file_(std::move(ready_file)) {
  if (!file_.empty()) unlink(file_.c_str());
}

Readiness::~Readiness() {
  if (!file_.empty()) unlink(file_.c_str());
}

bool Readiness::is_reached() {
  return std::ranges::all_of(children_, [&](const Child& child) {
    if (child.state() == Child::State::kReady) return true;
    if (child.process() == kKeyholder) return tokens_.is_held(child) || tokens_.is_away(child);
    return child.process() == kIssuer && issuer_waits_for_an_operator();
  });
}

/// It waits for the keyholders of its log's key and of the log before, and for no others.
bool Readiness::issuer_waits_for_an_operator() {
  const auto is_held = [&](const std::string& key) {
    return tokens_.is_held(*tokens_.find(config_.keys.at(key).tokens.front())->keyholder);
  };
  const LogConfig& log = config_.log;
  return is_held(log.key) || (log.predecessor.has_value() && is_held(log.predecessor->key));
}

Result<void> Readiness::announce(const std::string& address) {
  announced_ = true;
  if (!file_.empty()) {
    const std::string text = fmt::format("{{\"address\":\"{}\",\"pid\":{}}}\n", address, getpid());
    SIGNET_CHECK(replace_file(file_, bytes_of(text), 0644));
  }
  notify_service_manager("READY=1");
  ops::info("ready", {{"address", address}, {"waits_for", tokens_.next_steps()}});
  tell_what_is_waited_for();
  return {};
}

void Readiness::tell_what_is_waited_for() const { notify_service_manager("STATUS=" + tokens_.next_steps()); }

}  // namespace signet
