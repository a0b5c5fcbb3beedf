// Landlock (landlock(7)): a process gives up the files and TCP ports that it did not name. By system call, because the
// C library has no functions for it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "signet/result.h"

namespace signet {

/// What is left to a process. Paths are absolute or relative to the working directory; one of a directory stands for
/// all below it; one that does not exist, or is out of this user's reach, is passed over. Nothing named, nothing left.
struct PathRights {
  std::vector<std::string> readable = {};     ///< files and directories: opened for reading and listed
  std::vector<std::string> writable = {};     ///< also written, made, renamed and removed
  std::vector<std::string> devices = {};      ///< device files: reading, writing, ioctl
  std::vector<std::uint16_t> tcp_ports = {};  ///< connected to
};

/// The version of the kernel's Landlock, 0 where it has none (before Linux 5.13, or not switched on). What each adds:
/// 1 opening, making and removing files; 2 renames from one directory to another; 3 truncation; 4 TCP bind and connect;
/// 5 ioctl of devices; 6 signals and abstract Unix sockets.
[[nodiscard]] int landlock_abi() noexcept;

/// All threads of this process keep these rights and no others, for ever, and so does what they start. What an older
/// Landlock does not know stays free; without Landlock, everything does. Descriptors that are open keep what they can.
/// Threads are reached by a signal (SIGRTMAX), since Landlock knows only the thread that calls: nobody else may call
/// this, or use that signal, meanwhile. Needs no_new_privs. Errors: a path that cannot be opened for another reason
/// than that it is not there; kFailedPrecondition for a thread that blocks the signal for two seconds: the others are
/// confined then.
[[nodiscard]] Result<void> keep_only(const PathRights& rights);

}  // namespace signet
