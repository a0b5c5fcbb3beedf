// Where a daemon listens.
#pragma once

#include <string>
#include <string_view>

#include "signet/result.h"

namespace signet::client {

struct Address {
  std::string host;  ///< DNS name or IP address, without brackets
  std::string port;  ///< 1 to 65535 in decimal

  /// "host:port", "192.0.2.1:7443" or "[2001:db8::1]:7443". Errors: kInvalidArgument, field "address".
  [[nodiscard]] static Result<Address> parse(std::string_view text);
  /// As parse() takes it.
  [[nodiscard]] std::string text() const;
};

/// `host` is an IPv4 or IPv6 address, not a name.
[[nodiscard]] bool is_ip_address(const std::string& host) noexcept;

}  // namespace signet::client
