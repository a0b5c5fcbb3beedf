#include "supervisor/child_messages.h"

#include "supervisor/links.h"

namespace signet {

bool may_say(std::string_view process, internal::ChildToSupervisor::MessageCase message) {
  switch (message) {
    case internal::ChildToSupervisor::kReady:
    case internal::ChildToSupervisor::kFailed: return true;
    case internal::ChildToSupervisor::kPeerLost:
    case internal::ChildToSupervisor::kReloaded:
    case internal::ChildToSupervisor::kRecorded:
    case internal::ChildToSupervisor::kTokenDrained:
    case internal::ChildToSupervisor::kIssuerStatus: return process == kIssuer;
    case internal::ChildToSupervisor::kAlive:
    case internal::ChildToSupervisor::kLoggingIn:
    case internal::ChildToSupervisor::kLoggedIn:
    case internal::ChildToSupervisor::kStillStarting: return process == kKeyholder;
    case internal::ChildToSupervisor::MESSAGE_NOT_SET: return false;
  }
  return false;
}

std::string name_of_message(internal::ChildToSupervisor::MessageCase message) {
  const auto* const field = internal::ChildToSupervisor::descriptor()->FindFieldByNumber(message);
  return field == nullptr ? "a message of no kind" : std::string(field->message_type()->name());
}

}  // namespace signet
