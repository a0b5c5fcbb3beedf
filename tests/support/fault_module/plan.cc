#include "fault_module/plan.h"

#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace signet::test {
namespace {

[[noreturn]] void not_understood(const std::string& line) {
  fprintf(stderr, "fault module: \"%s\" is not understood\n", line.c_str());
  abort();
}

bool takes_argument(const std::string& action) { return action == "latency" || action == "return"; }

bool is_action(const std::string& action) {
  for (const char* known : {"latency", "return", "hang", "stall", "crash", "crash-after", "corrupt", "cannot-lock",
                            "derivable", "stale-handles", "refuse-pss"}) {
    if (action == known) return true;
  }
  return false;
}

FaultRule parse_rule(const std::string& line, const std::string& calls, std::istringstream& words) {
  FaultRule rule{.calls = "," + calls + ",", .action = {}, .argument = {}};
  if (!(words >> rule.action) || !is_action(rule.action)) not_understood(line);
  if (takes_argument(rule.action) && !(words >> rule.argument)) not_understood(line);
  std::string word;
  while (words >> word) {
    std::uint64_t number = 0;
    if ((word != "after" && word != "times") || !(words >> number)) not_understood(line);
    (word == "after" ? rule.after : rule.times) = number;
  }
  return rule;
}

void parse_line(const std::string& line, FaultPlanOfModule& plan) {
  std::istringstream words(line);
  std::string first;
  if (!(words >> first) || first.starts_with('#')) return;
  std::string argument;
  if (first == "sessions") {
    CK_ULONG most = 0;
    if (!(words >> most)) not_understood(line);
    plan.sessions = most;
  } else if (first == "gone") {
    plan.gone = words >> argument ? std::stoul(argument, nullptr, 0) : CKR_DEVICE_REMOVED;
  } else if (first == "drop-sessions") {
    plan.drop_sessions = true;
  } else if (first == "pin-locked") {
    plan.pin_locked = true;
  } else {
    plan.rules.push_back(parse_rule(line, first, words));
  }
}

}  // namespace

bool FaultRule::is_about(std::string_view call) const {
  return calls == ",*," || calls.find("," + std::string(call) + ",") != std::string::npos;
}

FaultPlanOfModule parse_fault_plan(std::string_view text) {
  FaultPlanOfModule plan;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) parse_line(line, plan);
  return plan;
}

std::chrono::milliseconds parse_fault_time(const std::string& text) {
  std::size_t end = 0;
  const unsigned long number = std::stoul(text, &end);
  if (text.substr(end) == "ms") return std::chrono::milliseconds(number);
  if (text.substr(end) == "s") return std::chrono::seconds(number);
  not_understood(text);
}

}  // namespace signet::test
