// What is in another process's memory.
#pragma once

#include <sys/types.h>

#include <string>

namespace signet::test {

/// What is writable and can be read, one mapping behind the other, but for those above 256 MiB, which only a sanitizer
/// makes (they say which bytes are in use, and hold none of them). Needs to be root: the daemon's processes are not
/// dumpable. Throws when nothing can be read.
[[nodiscard]] std::string memory_of(pid_t pid);

}  // namespace signet::test
