// What a keyholder opens before it takes any request: module, login, keys.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "keyholder/held_key.h"

namespace signet {

/// Lives as long as the process. `login` keeps the login and is used for nothing else once this is made.
struct OpenToken {
  std::string name;  ///< its name in the configuration
  std::shared_ptr<const Pkcs11Module> module;
  std::string module_text;  ///< what it says it is
  TokenInfo info;
  unsigned workers = 1;  ///< threads that may sign at once
  Pkcs11Session login;
  std::map<std::string, HeldKey> keys;
};

/// Loads the HSM profile and the module, logs in with exactly one try of the PIN, finds every [key.*] of
/// [token.`name`] (hold_key). Calls the vendor's module,
/// so it may block. Errors name the part of the configuration, the module, the token and what was found there; a
/// retryable one may go away by itself, any other needs a person (a wrong PIN above all: it is not to be tried again).
[[nodiscard]] Result<OpenToken> open_token(const DaemonConfig& config, const std::string& name);

}  // namespace signet
