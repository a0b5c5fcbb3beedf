#include "base/seccomp_never.h"

#include <seccomp.h>

#include <algorithm>

#include "base/seccomp.h"

namespace signet {

std::vector<NeverCalls> never_calls() {
  return {
      {.why = "makes processes or runs programs", .calls = {"clone", "clone3", "execve", "execveat", "fork", "vfork"}},
      {.why = "reaches into other processes, or signals them",
       .calls = {"fcntl", "kill", "migrate_pages", "move_pages", "pidfd_open", "pidfd_send_signal", "prlimit64",
                 "process_madvise", "process_mrelease", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "tgkill", "tkill"}},
      {.why = "changes who the process is, or its sandbox",
       .calls = {"arch_prctl", "capset", "modify_ldt", "personality", "prctl", "seccomp", "setfsgid", "setfsuid",
                 "setgid", "setgroups", "setregid", "setresgid", "setresuid", "setreuid", "setuid"}},
      {.why = "does other calls' work where no filter sees it", .calls = {"io_uring_enter", "io_uring_register"}},
      {.why = "makes memory executable, which is for loads_code or makes_code to say",
       .calls = {"memfd_create", "mmap", "mprotect", "pkey_mprotect", "remap_file_pages", "uselib"}},
      {.why = "opens or changes files, which is for readable, writable or devices to say",
       .calls = {"creat",    "fallocate", "fchmod", "fchown",  "ftruncate", "ioctl",    "link",    "linkat",
                 "mkdir",    "mkdirat",   "mknod",  "mknodat", "open",      "openat",   "openat2", "rename",
                 "renameat", "renameat2", "rmdir",  "symlink", "symlinkat", "truncate", "unlink",  "unlinkat"}},
      {.why = "reaches the network or other sockets, which is for unix_sockets or tcp_ports to say",
       .calls = {"accept", "accept4", "bind", "connect", "listen", "sendmmsg", "sendmsg", "sendto", "setsockopt",
                 "socket", "socketcall"}},
      {.why = "reaches the kernel, the machine or other processes, and is refused to every process of the daemon",
       .calls = calls_of_floor()},
  };
}

std::optional<std::string_view> why_never(std::string_view call) {
  for (const NeverCalls& group : never_calls()) {
    if (std::ranges::find(group.calls, call) != group.calls.end()) return group.why;
  }
  return std::nullopt;
}

bool is_system_call(const std::string& name) { return seccomp_syscall_resolve_name(name.c_str()) != __NR_SCMP_ERROR; }

}  // namespace signet
