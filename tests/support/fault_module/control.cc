#include "fault_module/control.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace signet::test {
namespace {

std::string variable(const char* name, const char* fallback) {
  const char* value = getenv(name);
  return value == nullptr ? fallback : value;
}

/// One rule, out of the environment.
std::string text_of_environment() {
  const std::string calls = variable("SIGNET_FAULT_CALL", "");
  std::string action = variable("SIGNET_FAULT_DO", "");
  if (calls.empty() || action.empty()) return {};
  if (action == "slow") action = "latency 1500ms";
  if (action == "wrong-signature") action = "corrupt";
  if (action.starts_with("0x")) action = "return " + action;
  std::string text = calls + " " + action + " after " + variable("SIGNET_FAULT_AFTER", "0");
  if (const std::string times = variable("SIGNET_FAULT_TIMES", ""); !times.empty()) text += " times " + times;
  return text;
}

FaultModulePage* map(const std::string& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
  void* mapped =
      fd < 0 ? MAP_FAILED : mmap(nullptr, sizeof(FaultModulePage), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) {
    perror(file.c_str());
    abort();
  }
  close(fd);
  return static_cast<FaultModulePage*>(mapped);
}

}  // namespace

void FaultModuleControl::open() {
  const std::scoped_lock lock(mutex_);
  const std::string file = variable("SIGNET_FAULT_CONTROL", "");
  if (!file.empty()) {
    if (page_ == nullptr) page_ = map(file);
  } else {
    own_page_ = std::make_unique<FaultModulePage>();
    page_ = own_page_.get();
    const std::string text = text_of_environment();
    if (text.size() >= page_->text.size()) abort();
    std::ranges::copy(text, page_->text.begin());
  }
  version_ = 1;
  read_again();
  dropped_at_ = version_;
  ++page_->initialized;
}

void FaultModuleControl::read_again() {
  while (version_ != page_->version) {
    const std::uint32_t before = page_->version;
    if (before % 2 != 0) continue;
    const std::string text(page_->text.data(), strnlen(page_->text.data(), page_->text.size()));
    if (page_->version != before) continue;
    plan_ = std::make_shared<const FaultPlanOfModule>(parse_fault_plan(text));
    if (plan_->rules.size() > FaultModulePage::kMaxRules) abort();
    version_ = before;
  }
}

std::shared_ptr<const FaultPlanOfModule> FaultModuleControl::plan() {
  const std::scoped_lock lock(mutex_);
  read_again();
  return plan_;
}

Struck FaultModuleControl::meet(std::string_view call, std::chrono::milliseconds& latency) {
  const auto now = plan();
  Struck struck;
  for (std::size_t i = 0; i < now->rules.size(); ++i) {
    const FaultRule& rule = now->rules[i];
    if (!rule.is_about(call)) continue;
    const std::uint64_t number = page_->calls[i]++;
    if (number < rule.after || number - rule.after >= rule.times) continue;
    if (rule.action == "latency") {
      latency = std::max(latency, parse_fault_time(rule.argument));
    } else if (!struck) {
      struck = Struck{.action = rule.action, .argument = rule.argument};
    }
  }
  if (struck) ++page_->struck;
  return struck;
}

bool FaultModuleControl::has_dropped_sessions() {
  const std::scoped_lock lock(mutex_);
  read_again();
  if (version_ == dropped_at_) return false;
  dropped_at_ = version_;
  return plan_->drop_sessions || plan_->gone.has_value();
}

}  // namespace signet::test
