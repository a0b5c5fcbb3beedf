// Which process may say what to the supervisor.
#pragma once

#include <string>
#include <string_view>

#include "wire/internal.pb.h"

namespace signet {

/// Whether such a message comes from processes of this kind (kFront, kIssuer, kKeyholder) at all. One that comes from
/// another is a lie: a policy is in force when the issuer says so, and a report is recorded likewise.
[[nodiscard]] bool may_say(std::string_view process, internal::ChildToSupervisor::MessageCase message);

/// "Reloaded"; for messages.
[[nodiscard]] std::string name_of_message(internal::ChildToSupervisor::MessageCase message);

}  // namespace signet
