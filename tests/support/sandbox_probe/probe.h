// What a test and the library it puts into one of the daemon's processes say to each other, in a file that both map.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace signet::test {

/// What a process that was taken over might try. Each is one system call, made by a thread that was there before the
/// process took its rights away. The result is what the kernel gives back: a value, or a negative errno.
enum class ProbeAct : std::uint32_t {
  kNothing,
  kFork,
  kVfork,
  kThread,            ///< clone with CLONE_THREAD; the new thread would end at once
  kExecute,           ///< /bin/true
  kTraceParent,       ///< ptrace of signetd
  kReadParentMemory,  ///< process_vm_readv
  kSignalParent,      ///< kill(signetd, 0)
  kSocketInet,        ///< TCP
  kSocketUdp,
  kSocketMptcp,  ///< Multipath TCP
  kSocketUnix,
  kSocketNetlink,
  kSocketPacket,
  kConnect,
  kBind,
  kListen,
  kOpenToRead,   ///< path
  kOpenToWrite,  ///< path
  kCreate,       ///< path
  kTruncate,     ///< path
  kRemove,       ///< path
  kRename,       ///< path, to itself with ".moved" behind
  kMakeDirectory,
  kChangeMode,  ///< path
  kMapCode,     ///< anonymous memory that may be executed
  kMapFile,     ///< path, to be executed
  kMakeCode,    ///< written memory that becomes executable
  kMount,
  kSetUser,
  kMemoryFile,
  kLoadBpf,
  kUserFault,
  kRing,  ///< io_uring_setup
  kNamespace,
  kBeDumpable,
  kRaiseLimit,
};

constexpr std::size_t kProbePageBytes = 4096;

struct ProbePage {
  std::atomic<std::uint32_t> asked;      ///< counts the questions
  std::atomic<std::uint32_t> answered;   ///< up to there
  std::atomic<std::uint32_t> processes;  ///< that have loaded the library
  ProbeAct act;
  std::int64_t result;
  char path[1024];
};
static_assert(sizeof(ProbePage) <= kProbePageBytes);

}  // namespace signet::test
