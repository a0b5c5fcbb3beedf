// Telling the service manager (sd_notify(3)) how the daemon is.
#pragma once

#include <string_view>

namespace signet {

/// Sends `state` ("READY=1", "STOPPING=1") to the socket that NOTIFY_SOCKET names; nothing where it names none. Best
/// effort.
void notify_service_manager(std::string_view state) noexcept;

}  // namespace signet
