#include "base/seccomp.h"

#include <fmt/format.h>
#include <seccomp.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <tuple>

#include "base/bytes.h"
#include "base/sanitizers.h"
#include "base/seccomp_calls.h"
#include "base/seccomp_never.h"

namespace signet {

namespace {

#if defined(SIGNET_ADDRESS_SANITIZER) || defined(SIGNET_THREAD_SANITIZER)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

/// What the filter does with a call: always, or where its arguments fit.
struct FilterRule {
  int call = 0;
  std::uint32_t action = SCMP_ACT_ALLOW;
  std::optional<ArgumentRule> arguments;
};

using Groups = std::vector<const CallGroup*>;

void add_files(Groups& groups, const SandboxPlan& plan) {
  if (plan.role == SandboxRole::kFront) return groups.push_back(&calls_for_no_files());
  groups.push_back(&calls_for_reading_files());
  const bool writes = plan.role == SandboxRole::kIssuer || !plan.paths.writable.empty() || !plan.paths.devices.empty();
  groups.push_back(writes ? &calls_for_opening() : &calls_for_opening_to_read());
  if (plan.role == SandboxRole::kIssuer || !plan.paths.writable.empty())
    groups.push_back(&calls_for_writing_files());
  else
    groups.push_back(&calls_for_appending());
}

void add_sockets(Groups& groups, const SandboxPlan& plan) {
  if (plan.role == SandboxRole::kFront) groups.push_back(&calls_for_accepting());
  if (plan.role != SandboxRole::kKeyholder) return;
  const bool tcp = !plan.paths.tcp_ports.empty();
  if (!tcp && !plan.unix_sockets) return groups.push_back(&calls_for_no_sockets());
  groups.push_back(&calls_for_connecting());
  groups.push_back(tcp ? &calls_for_tcp_sockets() : &calls_for_no_internet_sockets());
  groups.push_back(plan.unix_sockets ? &calls_for_unix_sockets() : &calls_for_no_unix_sockets());
}

const CallGroup& calls_for_memory(const SandboxPlan& plan) {
  if (plan.role != SandboxRole::kKeyholder) return calls_for_memory_without_code();
  return plan.late_code == LateCode::kNone ? calls_for_memory_refusing_code() : calls_for_memory_with_code();
}

Groups groups_of(const SandboxPlan& plan) {
  Groups groups{&calls_for_all()};
  if (plan.role != SandboxRole::kFront) groups.push_back(&calls_for_threads());
  groups.push_back(&calls_for_memory(plan));
  add_files(groups, plan);
  add_sockets(groups, plan);
  groups.push_back(plan.paths.devices.empty() ? &calls_for_harmless_ioctls() : &calls_for_devices());
  return groups;
}

Result<std::set<int>> always_allowed(const SandboxPlan& plan) {
  std::set<int> calls;
  for (const CallGroup* group : groups_of(plan)) calls.insert(group->allowed.begin(), group->allowed.end());
  for (const std::string& name : plan.system_calls) {
    if (const auto why = why_never(name); why.has_value())
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("sandbox.system_calls: '{}' {}, and no profile may have it; remove it there",
                              printable(name), *why),
                  "sandbox.system_calls");
    if (!is_system_call(name))
      return fail(
          ErrorCode::kInvalidArgument,
          fmt::format("sandbox.system_calls: '{}' is no system call that libseccomp knows; correct or remove it",
                      printable(name)),
          "sandbox.system_calls");
    calls.insert(seccomp_syscall_resolve_name(name.c_str()));
  }
  return calls;
}

/// Signals (abort) only to this process, and only from threads to threads.
ArgumentRule signal_to_itself() {
  return {.call = SCMP_SYS(tgkill), .argument = 0, .bits = static_cast<std::uint64_t>(getpid()), .when = "to itself"};
}

/// A call that is allowed whatever its arguments has no other rule.
Result<std::vector<FilterRule>> filter_of(const SandboxPlan& plan) {
  SIGNET_TRY(const std::set<int> always, always_allowed(plan));
  std::vector<FilterRule> rules;
  for (const int call : always) rules.push_back({.call = call, .action = SCMP_ACT_ALLOW, .arguments = {}});
  const auto add = [&](int call, std::uint32_t action, std::optional<ArgumentRule> arguments) {
    if (!always.contains(call)) rules.push_back({.call = call, .action = action, .arguments = arguments});
  };
  for (const CallGroup* group : groups_of(plan)) {
    for (const ArgumentRule& rule : group->allowed_when) add(rule.call, SCMP_ACT_ALLOW, rule);
    for (const int call : group->refused) add(call, SCMP_ACT_ERRNO(EACCES), {});
    for (const ArgumentRule& rule : group->refused_when) add(rule.call, SCMP_ACT_ERRNO(rule.error), rule);
  }
  add(SCMP_SYS(tgkill), SCMP_ACT_ALLOW, signal_to_itself());
  if (plan.role != SandboxRole::kFront) add(SCMP_SYS(clone3), SCMP_ACT_ERRNO(ENOSYS), {});
  return rules;
}

/// The run-time library of sanitizers wants calls whatever their arguments, and a thread of its own in the front, too.
void allow_sanitizers(std::vector<FilterRule>& rules, SandboxRole role) {
  if (role == SandboxRole::kFront) {
    for (const ArgumentRule& rule : calls_for_threads().allowed_when)
      rules.push_back({.call = rule.call, .action = SCMP_ACT_ALLOW, .arguments = rule});
    rules.push_back({.call = SCMP_SYS(clone3), .action = SCMP_ACT_ERRNO(ENOSYS), .arguments = {}});
  }
  for (const int call : calls_for_sanitizers()) {
    std::erase_if(rules, [&](const FilterRule& rule) { return rule.call == call; });
    rules.push_back({.call = call, .action = SCMP_ACT_ALLOW, .arguments = {}});
  }
}

using FilterPtr = std::unique_ptr<void, decltype([](void* filter) { seccomp_release(filter); })>;

scmp_arg_cmp condition_of(const ArgumentTest& test) {
  return {.arg = test.argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = test.mask, .datum_b = test.bits};
}

std::vector<scmp_arg_cmp> conditions_of(const std::optional<ArgumentRule>& rule) {
  if (!rule.has_value()) return {};
  std::vector<scmp_arg_cmp> all{condition_of({.argument = rule->argument, .mask = rule->mask, .bits = rule->bits})};
  std::ranges::transform(rule->also, std::back_inserter(all), condition_of);
  return all;
}

Result<void> add_rule(void* filter, const FilterRule& rule) {
  const std::vector<scmp_arg_cmp> conditions = conditions_of(rule.arguments);
  const int status = seccomp_rule_add_array(filter, rule.action, rule.call, static_cast<unsigned>(conditions.size()),
                                            conditions.data());
  // A call this architecture does not have needs no rule.
  if (status < 0 && status != -EDOM) return fail_errno(-status, fmt::format("seccomp rule for call {}", rule.call));
  return {};
}

/// On all threads at once: one that a library started earlier is not left outside.
Result<void> install(std::uint32_t otherwise, const std::vector<FilterRule>& rules) {
  const FilterPtr filter{seccomp_init(otherwise)};
  if (filter == nullptr) return fail(ErrorCode::kInternal, "seccomp_init failed");
  for (const FilterRule& rule : rules) SIGNET_CHECK(add_rule(filter.get(), rule));
  int status = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  if (status == 0) status = seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  if (status == 0) status = seccomp_load(filter.get());
  if (status < 0) return fail_errno(-status, "the seccomp filter could not be installed");
  return {};
}

std::string name_of_call(int call) {
  char* name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, call);
  std::string text = name == nullptr ? fmt::format("{}", call) : name;
  free(name);
  return text;
}

}  // namespace

Result<void> install_filter(const SandboxPlan& plan) {
  SIGNET_TRY(std::vector<FilterRule> rules, filter_of(plan));
  if (kSanitized) allow_sanitizers(rules, plan.role);
  return install(SCMP_ACT_KILL_PROCESS, rules);
}

Result<void> install_floor() {
  std::vector<FilterRule> rules;
  for (const int call : calls_for_nobody())
    rules.push_back({.call = call, .action = SCMP_ACT_ERRNO(EPERM), .arguments = {}});
  for (const ArgumentRule& rule : calls_for_new_namespaces())
    rules.push_back({.call = rule.call, .action = SCMP_ACT_ERRNO(EPERM), .arguments = rule});
  rules.push_back({.call = SCMP_SYS(clone3), .action = SCMP_ACT_ERRNO(ENOSYS), .arguments = {}});
  return install(SCMP_ACT_ALLOW, rules);
}

std::vector<CallRule> rules_of(const SandboxPlan& plan) {
  std::vector<CallRule> lines;
  for (const FilterRule& rule : filter_of(plan).value_or(std::vector<FilterRule>())) {
    lines.push_back({.call = name_of_call(rule.call),
                     .answer = rule.action == SCMP_ACT_ALLOW ? CallAnswer::kAllowed : CallAnswer::kRefused,
                     .when = rule.arguments.has_value() ? rule.arguments->when : ""});
  }
  std::ranges::sort(lines, {}, [](const CallRule& line) { return std::tie(line.call, line.answer, line.when); });
  return lines;
}

std::vector<std::string> calls_of_floor() {
  std::vector<std::string> names;
  for (const int call : calls_for_nobody()) names.push_back(name_of_call(call));
  std::ranges::sort(names);
  return names;
}

}  // namespace signet
