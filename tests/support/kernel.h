// What the kernel under the tests can do, where older ones that are supported cannot.
#pragma once

#include <sys/prctl.h>

namespace signet::test {

/// Memory that was written can be kept from becoming executable (PR_SET_MDWE, Linux 6.3).
inline bool kernel_can_refuse_made_code() {
  constexpr int kGetMemoryDenyWriteExecute = 66;
  return prctl(kGetMemoryDenyWriteExecute, 0UL, 0UL, 0UL, 0UL) >= 0;
}

}  // namespace signet::test
