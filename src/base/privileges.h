// Users and capabilities (capabilities(7)): what a process that was started as root gives away.
#pragma once

#include <sys/types.h>

#include <string>

#include "signet/result.h"

namespace signet {

/// Who a process is to run as.
struct ProcessUser {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};

/// Of /etc/passwd and what else the system asks; its group is the user's primary one. Errors: kInvalidArgument for a
/// name that is not there, and for root.
[[nodiscard]] Result<ProcessUser> find_user(const std::string& name, const std::string& field);

/// Becomes this user for ever: real, effective, saved and file system ids, no supplementary groups. For a process of
/// one thread that may do so (root); safe between fork and exec. The kernel forgets PR_SET_PDEATHSIG at it. Nothing
/// when it is done; else the name of the call that failed, and why in errno: the process must end then.
[[nodiscard]] const char* become(const ProcessUser& user) noexcept;

/// Empties all five sets of capabilities; the bounding set only where CAP_SETPCAP is there to do so, as root has it
/// (without it, no_new_privs keeps the set from mattering). Safe between fork and exec. False when a set that can be
/// emptied was not.
[[nodiscard]] bool drop_capabilities() noexcept;

/// For the supervisor: empties the bounding set, so that no process it starts has any capability, and keeps of its own
/// what it needs to start others as other users and to end them (CAP_SETUID, CAP_SETGID, CAP_KILL). Without effect on
/// what is not there.
[[nodiscard]] Result<void> keep_supervisor_capabilities();

}  // namespace signet
