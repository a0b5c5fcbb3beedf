// Just enough HTTP to talk to a witness.
#pragma once

#include <cstdint>
#include <string>

namespace signet::test {

struct HttpAnswer {
  int status = 0;
  std::string head;
  std::string body;
};

/// Posts to a server of this machine, on a connection of its own. Throws std::runtime_error.
[[nodiscard]] HttpAnswer http_post(std::uint16_t port, const std::string& path, const std::string& body);

/// The TCP port of 127.0.0.1 on which a process listens; 0 while there is none.
[[nodiscard]] std::uint16_t listening_port(pid_t pid);

}  // namespace signet::test
