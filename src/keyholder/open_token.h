// What a keyholder opens before it takes any request: module, login, keys.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/secret.h"
#include "config/hsm_profile.h"
#include "keyholder/held_key.h"

namespace signet {

/// Lives as long as the process. `login` keeps the login and is used for nothing else once this is made.
struct OpenToken {
  std::string name;  ///< its name in the configuration
  std::shared_ptr<const Pkcs11Module> module;
  std::string module_text;  ///< what it says it is
  TokenInfo info;
  unsigned sessions = 1;                  ///< that may sign at once, beside `login`
  std::chrono::milliseconds deadline{0};  ///< a signature that takes longer hangs
  std::chrono::seconds keep_alive{0};     ///< idle sessions sign the text of the self-test after so long; 0 = never
  std::set<std::uint64_t> restart_codes;  ///< HsmProfile's
  Pkcs11Session login;
  std::map<std::string, HeldKey> keys;
};

/// The PIN, and what a person took upon himself for it.
struct GivenPin {
  Secret pin;
  PinTolerance tolerance;
};

/// Who is to know that the PIN is with the token: should the process end between the two, nobody knows whether it was
/// counted as a wrong one.
struct PinReports {
  std::function<void()> about_to_try = [] {};
  std::function<void()> was_right = [] {};
};

/// The HSM profile of [token.`name`], whose text signetd froze, as it applies here: environment, module and sandbox are
/// of the same one. Errors: those of hsm_setup_of, which begin with "token.NAME: "; kInternal for an unknown token.
[[nodiscard]] Result<HsmProfile> profile_of(const DaemonConfig& config, const std::string& name, ByteView text);

/// Loads the module of `profile`, logs in with exactly one try of the PIN, finds every [key.*] of [token.`name`]
/// (hold_key), which the configuration has. Calls the vendor's module,
/// so it may block. Errors name the part of the configuration, the module, the token and what was found there; a
/// retryable one may go away by itself, any other needs a person (a wrong PIN above all: it is not to be tried again).
/// What is wrong with the PIN has the field "token.NAME.pin".
[[nodiscard]] Result<OpenToken> open_token(const DaemonConfig& config, const std::string& name,
                                           const HsmProfile& profile, const GivenPin& pin,
                                           const PinReports& reports = {});

}  // namespace signet
