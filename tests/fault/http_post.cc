#include "fault/http_post.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

#include "base/file.h"

namespace signet::test {
namespace {

UniqueFd connect_to(std::uint16_t port) {
  UniqueFd socket_fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error(fmt::format("nothing listens on port {}", port));
  }
  return socket_fd;
}

std::string read_all(int fd) {
  std::string all;
  char buffer[4096];
  for (ssize_t got = 0; (got = read(fd, buffer, sizeof buffer)) > 0;) all.append(buffer, static_cast<std::size_t>(got));
  return all;
}

/// The numbers of the process's sockets.
std::set<std::string> sockets_of(pid_t pid) {
  std::set<std::string> inodes;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", pid), ignored)) {
    const std::string target = std::filesystem::read_symlink(entry.path(), ignored);
    if (target.starts_with("socket:[")) inodes.insert(target.substr(8, target.size() - 9));
  }
  return inodes;
}

}  // namespace

HttpAnswer http_post(std::uint16_t port, const std::string& path, const std::string& body) {
  const UniqueFd connection = connect_to(port);
  const std::string request =
      fmt::format("POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}", path,
                  body.size(), body);
  if (!write_all(connection.get(), bytes_of(request)).has_value()) throw std::runtime_error("the server does not read");
  const std::string answer = read_all(connection.get());
  const std::size_t end = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.1 ") || end == std::string::npos) throw std::runtime_error("no answer: " + answer);
  return {.status = std::stoi(answer.substr(9, 3)), .head = answer.substr(0, end), .body = answer.substr(end + 4)};
}

std::uint16_t listening_port(pid_t pid) {
  const std::set<std::string> sockets = sockets_of(pid);
  std::ifstream table("/proc/net/tcp");
  for (std::string line; std::getline(table, line);) {
    std::istringstream columns(line);
    std::string number;
    std::string local;
    std::string remote;
    std::string state;
    std::string other;
    std::string inode;
    columns >> number >> local >> remote >> state >> other >> other >> other >> other >> other >> inode;
    if (state != "0A" || !sockets.contains(inode)) continue;
    return static_cast<std::uint16_t>(std::stoul(local.substr(local.find(':') + 1), nullptr, 16));
  }
  return 0;
}

}  // namespace signet::test
