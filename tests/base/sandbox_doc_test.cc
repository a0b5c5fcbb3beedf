// docs/sandbox.md has the tables of system calls that the filters are made of.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/seccomp.h"
#include "base/seccomp_never.h"
#include "support/command.h"

namespace signet {
namespace {

constexpr SandboxRole kRoles[] = {SandboxRole::kFront, SandboxRole::kIssuer, SandboxRole::kKeyholder};

std::string joined(const std::vector<std::string>& words, const std::string& between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

/// What a process may do with a call: "yes", in which cases, "refused", or nothing.
std::string cell_of(const std::vector<CallRule>& rules, const std::string& call) {
  std::vector<std::string> cases;
  bool always = false;
  bool refused = false;
  for (const CallRule& rule : rules) {
    if (rule.call != call) continue;
    if (rule.answer == CallAnswer::kRefused) {
      refused = true;
    } else if (rule.when.empty()) {
      always = true;
    } else if (std::ranges::find(cases, rule.when) == cases.end()) {
      cases.push_back(rule.when);
    }
  }
  if (always) return "yes";
  if (cases.empty()) return refused ? "refused" : "";
  return joined(cases, ", ") + (refused ? "; else refused" : "");
}

std::string table_of_calls() {
  std::set<std::string> calls;
  for (const SandboxRole role : kRoles) {
    for (const CallRule& rule : rules_of({.role = role})) calls.insert(rule.call);
  }
  std::string table = "| call | front | issuer | keyholder |\n|---|---|---|---|\n";
  for (const std::string& call : calls) {
    table += "| `" + call + "` |";
    for (const SandboxRole role : kRoles) {
      const std::string cell = cell_of(rules_of({.role = role}), call);
      table += cell.empty() ? " |" : " " + cell + " |";
    }
    table += "\n";
  }
  return table;
}

/// What a keyholder has with this plan that it has not without.
std::string added_by(const SandboxPlan& plan) {
  const auto before = rules_of({.role = SandboxRole::kKeyholder});
  std::map<std::string, std::string> added;
  for (const CallRule& rule : rules_of(plan)) {
    const std::string cell = cell_of(rules_of(plan), rule.call);
    if (cell != cell_of(before, rule.call))
      added[rule.call] = "`" + rule.call + "`" + (cell == "yes" ? "" : " (" + cell + ")");
  }
  std::vector<std::string> words;
  for (const auto& [call, text] : added) words.push_back(text);
  return joined(words, ", ");
}

std::string table_of_modules() {
  constexpr SandboxRole kKeyholder = SandboxRole::kKeyholder;
  std::string table = "| key of the profile | more calls |\n|---|---|\n";
  const auto add = [&](const std::string& key, const SandboxPlan& plan) {
    table += "| `" + key + "` | " + added_by(plan) + " |\n";
  };
  add("writable", {.role = kKeyholder, .paths = {.writable = {"/x"}}});
  add("devices", {.role = kKeyholder, .paths = {.devices = {"/x"}}});
  add("unix_sockets", {.role = kKeyholder, .unix_sockets = true});
  add("tcp_ports", {.role = kKeyholder, .paths = {.tcp_ports = {1}}});
  add("loads_code", {.role = kKeyholder, .late_code = LateCode::kLoaded});
  add("makes_code", {.role = kKeyholder, .late_code = LateCode::kMade});
  return table;
}

std::string list_of_floor() {
  std::vector<std::string> names;
  for (const std::string& call : calls_of_floor()) names.push_back("`" + call + "`");
  return joined(names, ", ") + "\n";
}

std::string table_of_never() {
  std::string table = "| what it does | calls |\n|---|---|\n";
  for (const NeverCalls& group : never_calls()) {
    std::vector<std::string> names;
    for (const std::string& call : group.calls) names.push_back("`" + call + "`");
    table += "| " + std::string(group.why) + " | " + joined(names, ", ") + " |\n";
  }
  return table;
}

void expect_in_the_page(const std::string& text) {
  const std::string page = test::slurp(SIGNET_SOURCE_DIR "/docs/sandbox.md");
  EXPECT_NE(page.find("\n" + text), std::string::npos) << "docs/sandbox.md must have:\n" << text;
}

TEST(SandboxPage, HasTheFiltersOfTheProcesses) { expect_in_the_page(table_of_calls()); }

TEST(SandboxPage, HasWhatAProfileAddsForItsModule) { expect_in_the_page(table_of_modules()); }

TEST(SandboxPage, HasWhatTheSupervisorsFilterRefuses) { expect_in_the_page(list_of_floor()); }

TEST(SandboxPage, HasWhatNoProfileMayAdd) { expect_in_the_page(table_of_never()); }

TEST(SandboxPage, NothingIsTwiceAmongWhatNoProfileMayAdd) {
  std::set<std::string> seen;
  for (const NeverCalls& group : never_calls()) {
    EXPECT_TRUE(std::ranges::is_sorted(group.calls)) << group.why;
    for (const std::string& call : group.calls) {
      EXPECT_TRUE(seen.insert(call).second) << call;
      EXPECT_TRUE(is_system_call(call)) << call;
    }
  }
}

/// The calls that a keyholder with this plan may make with some arguments or none, and never with any.
std::set<std::string> fenced_calls(const SandboxPlan& plan) {
  std::set<std::string> fenced;
  std::set<std::string> always;
  for (const CallRule& rule : rules_of(plan))
    (rule.answer == CallAnswer::kAllowed && rule.when.empty() ? always : fenced).insert(rule.call);
  for (const std::string& call : always) fenced.erase(call);
  return fenced;
}

// A name in `system_calls` adds a call with all arguments, and asks neither Landlock nor the rest of the profile.
TEST(SandboxPage, WhatAKeyholderHasWithSomeArgumentsOnlyNoProfileMayAdd) {
  const std::set<std::string> fenced = fenced_calls({.role = SandboxRole::kKeyholder});
  EXPECT_GT(fenced.size(), 5U);
  for (const std::string& call : fenced) EXPECT_TRUE(why_never(call).has_value()) << call;
}

TEST(SandboxPage, WhatTheRestOfAProfileIsForItsSystemCallsMayNotAdd) {
  constexpr SandboxRole kKeyholder = SandboxRole::kKeyholder;
  // They change nothing that write() and what is always there cannot.
  const std::set<std::string> harmless = {"fsync",       "syncfs",     "pwritev",  "getpeername",
                                          "getsockname", "getsockopt", "pselect6", "select"};
  std::set<std::string> before;
  for (const CallRule& rule : rules_of({.role = kKeyholder})) before.insert(rule.call);
  for (const SandboxPlan& plan : {SandboxPlan{.role = kKeyholder, .paths = {.writable = {"/x"}}},
                                  SandboxPlan{.role = kKeyholder, .paths = {.devices = {"/x"}}},
                                  SandboxPlan{.role = kKeyholder, .unix_sockets = true},
                                  SandboxPlan{.role = kKeyholder, .paths = {.tcp_ports = {1}}},
                                  SandboxPlan{.role = kKeyholder, .late_code = LateCode::kMade}}) {
    for (const CallRule& rule : rules_of(plan)) {
      const bool added = !before.contains(rule.call) || !rule.when.empty();
      EXPECT_TRUE(!added || harmless.contains(rule.call) || why_never(rule.call).has_value()) << rule.call;
    }
  }
  for (const std::string& call : harmless) EXPECT_FALSE(why_never(call).has_value()) << call;
}

// What does the same as a call that is on the list, by another way.
TEST(SandboxPage, ASharperCallIsRefusedWhereAMilderOneIs) {
  for (const char* call : {"chmod",
                           "fchmodat",
                           "fchmodat2",
                           "chown",
                           "lchown",
                           "fchownat",
                           "chown32",
                           "setxattr",
                           "lsetxattr",
                           "fsetxattr",
                           "removexattr",
                           "utimensat",
                           "umask",
                           "shmat",
                           "ipc",
                           "memfd_secret",
                           "mmap2",
                           "sched_setaffinity",
                           "setpriority",
                           "sched_setscheduler",
                           "sched_setattr",
                           "sched_setparam",
                           "ioprio_set",
                           "prlimit64",
                           "pidfd_open",
                           "pidfd_getfd",
                           "process_madvise",
                           "socketpair",
                           "sendmsg",
                           "mount_setattr",
                           "clock_adjtime",
                           "quotactl_fd",
                           "fcntl64",
                           "clock_settime64",
                           "landlock_restrict_self"})
    EXPECT_TRUE(why_never(call).has_value()) << call;
  for (const char* call : {"getpgid", "shmget", "io_submit", "dup2", "faccessat2", "epoll_pwait2", "preadv2", "mlock2"})
    EXPECT_FALSE(why_never(call).has_value()) << call;
}

// A sandbox that allows one of these is none.
TEST(SandboxPage, NobodyMayDoWhatTakesOverAnotherProcessOrTheKernel) {
  for (const SandboxRole role : kRoles) {
    for (const CallRule& rule : rules_of({.role = role})) {
      const std::vector<std::string> floor = calls_of_floor();
      EXPECT_FALSE(std::ranges::find(floor, rule.call) != floor.end()) << rule.call;
      for (const char* never : {"execve", "execveat", "fork", "vfork", "kill", "bind", "listen", "setuid", "setresuid",
                                "prctl", "memfd_create", "prlimit64", "rt_sigqueueinfo", "pidfd_open"}) {
        EXPECT_NE(rule.call, never);
      }
    }
  }
}

}  // namespace
}  // namespace signet
