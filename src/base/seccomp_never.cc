#include "base/seccomp_never.h"

#include <seccomp.h>

#include <algorithm>
#include <iterator>

#include "base/seccomp.h"

namespace signet {

std::vector<NeverCalls> never_calls() {
  // A call is here for the sharpest thing that it can do: where a filter of ours looks at arguments, or a rule of
  // Landlock's or a line of the profile says where, the call without that check is one of these, and so is each that
  // does the same by another way (by path instead of by descriptor, as another process's instead of its own).
  return {
      {.why = "makes processes or runs programs", .calls = {"clone", "clone3", "execve", "execveat", "fork", "vfork"}},
      {.why = "reaches into other processes, sets how they run, or signals them",
       .calls = {"fcntl", "ioprio_set", "kill", "migrate_pages", "move_pages", "pidfd_open", "pidfd_send_signal",
                 "prlimit64", "process_madvise", "process_mrelease", "rt_sigqueueinfo", "rt_tgsigqueueinfo",
                 "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler", "setpriority", "tgkill",
                 "tkill"}},
      {.why = "changes who the process is, or its sandbox",
       .calls = {"arch_prctl",
                 "capset",
                 "landlock_add_rule",
                 "landlock_create_ruleset",
                 "landlock_restrict_self",
                 "modify_ldt",
                 "personality",
                 "prctl",
                 "seccomp",
                 "setfsgid",
                 "setfsuid",
                 "setgid",
                 "setgroups",
                 "setpgid",
                 "setregid",
                 "setresgid",
                 "setresuid",
                 "setreuid",
                 "setsid",
                 "setuid"}},
      {.why = "does other calls' work where no filter sees it",
       .calls = {"io_uring_enter", "io_uring_register", "syscall"}},
      {.why = "makes memory executable, which is for loads_code or makes_code to say",
       .calls = {"ipc", "memfd_create", "memfd_secret", "mmap", "mprotect", "pkey_mprotect", "remap_file_pages",
                 "shmat", "uselib"}},
      {.why = "opens or changes files, which is for readable, writable or devices to say",
       .calls = {"chmod",     "chown",       "creat",    "fallocate",    "fanotify_init", "fanotify_mark", "fchmod",
                 "fchmodat",  "fchown",      "fchownat", "fremovexattr", "fsetxattr",     "ftruncate",     "futimesat",
                 "ioctl",     "lchown",      "link",     "linkat",       "lremovexattr",  "lsetxattr",     "mkdir",
                 "mkdirat",   "mknod",       "mknodat",  "mq_open",      "mq_unlink",     "open",          "openat",
                 "openat2",   "removexattr", "rename",   "renameat",     "renameat2",     "rmdir",         "setxattr",
                 "symlink",   "symlinkat",   "truncate", "umask",        "unlink",        "unlinkat",      "utime",
                 "utimensat", "utimes"}},
      {.why = "reaches the network or other sockets, which is for unix_sockets or tcp_ports to say",
       .calls = {"accept", "accept4", "bind", "connect", "listen", "sendmmsg", "sendmsg", "sendto", "setsockopt",
                 "socket", "socketcall", "socketpair"}},
      {.why = "reaches the kernel, the machine or other processes, and is refused to every process of the daemon",
       .calls = calls_of_floor()},
  };
}

namespace {

/// "fchmodat2" and "fchmodat", "mmap2" and "mmap", "chown32" and "chown".
bool is_or_is_variant_of(std::string_view call, std::string_view never) {
  if (!call.starts_with(never)) return false;
  const std::string_view rest = call.substr(never.size());
  constexpr std::string_view kOfVariants[] = {"", "2", "32", "64", "_time64"};
  return std::ranges::find(kOfVariants, rest) != std::end(kOfVariants);
}

}  // namespace

std::optional<std::string_view> why_never(std::string_view call) {
  for (const NeverCalls& group : never_calls()) {
    for (const std::string& never : group.calls) {
      if (is_or_is_variant_of(call, never)) return group.why;
    }
  }
  return std::nullopt;
}

bool is_system_call(const std::string& name) { return seccomp_syscall_resolve_name(name.c_str()) != __NR_SCMP_ERROR; }

}  // namespace signet
