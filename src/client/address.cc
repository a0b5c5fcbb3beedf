#include "client/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/bytes.h"

namespace signet::client {
namespace {

bool is_port(std::string_view text) noexcept {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

}  // namespace

Result<Address> Address::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon != std::string_view::npos) {
    std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
    if (bracketed) host = host.substr(1, host.size() - 2);
    const bool plain = !host.empty() && host.find_first_of("[]/@ ") == std::string_view::npos &&
                       (bracketed || host.find(':') == std::string_view::npos);
    if (plain && is_port(port)) return Address{std::string(host), std::string(port)};
  }
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("the address \"{}\" is not host:port, such as ca.example.com:7443 or [2001:db8::1]:7443",
                          printable(text)),
              "address");
}

std::string Address::text() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

bool is_ip_address(const std::string& host) noexcept {
  std::array<unsigned char, 16> bytes{};
  return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

}  // namespace signet::client
