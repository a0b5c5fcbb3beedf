// Where the daemon is and who this client is: from flags, the environment and a file, in this order.
#pragma once

#include <string>

#include "log_check.h"
#include "signet/client.h"

namespace signet::cli {

/// What was given by flags; empty = not given.
struct Flags {
  std::string config_file;
  std::string address;
  std::string certificate;
  std::string key;
  std::string trust;
  std::string server_name;
  std::string origin;
  std::string timeout;
  std::string log_key;  ///< a verifier key, or a file with one
};

struct Settings {
  ClientOptions client;
  LogKey log_key;
};

/// Fills what no flag gave from SIGNET_ADDRESS, SIGNET_CERTIFICATE, SIGNET_KEY, SIGNET_TRUST, SIGNET_SERVER_NAME,
/// SIGNET_ORIGIN, SIGNET_LOG_KEY, then from the file: the one of --config or SIGNET_CONFIG, which must be there, or
/// else
/// ~/.config/signet/signet.toml or /etc/signet/client.toml, the first that is. Relative paths in a file are relative to
/// its folder. Errors name what is missing and the three ways to set it.
[[nodiscard]] Result<Settings> load_settings(const Flags& flags);

}  // namespace signet::cli
