// What the operator sees of the daemon.
#pragma once

#include <deque>
#include <string>

#include "base/clock.h"
#include "supervisor/plan.h"
#include "supervisor/tokens.h"
#include "wire/admin.pb.h"

namespace signet {

/// What the supervisor knows by itself; the issuer's part is left out.
struct DaemonFacts {
  const LoadedConfig& loaded;
  const std::deque<Child>& children;
  Tokens& tokens;
  std::string state;    ///< "starting", "ready", "stopping"
  std::string address;  ///< where requests are taken
  Time started{};
};

[[nodiscard]] admin::Status status_report(const DaemonFacts& facts);

}  // namespace signet
