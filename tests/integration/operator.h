// What an operator does on the daemon's machine, by `signet admin`, and what tests see of it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "integration/daemon.h"

namespace signet::test {

inline constexpr const char* kPin = "test-pin-1234";  // of Installation's tokens

[[nodiscard]] std::string socket_of(const Installation& ca);
/// `signet --json admin` on that socket.
CommandResult signet_admin(const Installation& ca, const std::vector<std::string>& arguments);
/// Unlocks the token "soft" with this PIN.
CommandResult unlock(const Installation& ca, const std::string& pin, const std::vector<std::string>& more = {});
/// The message of a refusal.
[[nodiscard]] std::string error_of(const CommandResult& result);

/// What `status` says, and of it what is about one token; fails the test where it says nothing.
[[nodiscard]] nlohmann::json status(const Installation& ca);
[[nodiscard]] nlohmann::json token(const Installation& ca, const std::string& name = "soft");

/// Where signetd has the PIN from, instead of a file; before it is started.
void use_pin_source(const Installation& ca, const std::string& source);

[[nodiscard]] Result<IssuedCertificate> issue(const Daemon& daemon, const Installation& ca);
/// Whether it issues before long.
[[nodiscard]] bool issues(const Daemon& daemon, const Installation& ca);
/// Why nothing is issued at present.
[[nodiscard]] Error refusal_of(const Daemon& daemon, const Installation& ca);

/// Of the log, as it is on disk.
[[nodiscard]] std::vector<log::Entry> admin_entries(const Installation& ca);
[[nodiscard]] std::size_t count_in(const std::string& text, const std::string& part);

}  // namespace signet::test
