// SoftHSM tokens for tests: the real module, a folder of their own.
#pragma once

#include <string>
#include <string_view>

#include "support/temp_directory.h"

namespace signet::test {

/// The module as Debian installs it.
inline constexpr const char* kSoftHsmModule = "/usr/lib/softhsm/libsofthsm2.so";

/// The text of an HSM profile for a module that passes on to SoftHSM, with what SoftHSM needs in the sandbox; `more`
/// are further values of its first table. SOFTHSM2_CONF has to be in the token's environment.
[[nodiscard]] std::string profile_of_softhsm_in(const std::string& module, const std::string& more = {});

/// A folder with a softhsm2.conf and tokens in it. Processes that use one folder at the same time disturb each other,
/// so a test gives each process a folder of its own and is done with its own PKCS#11 calls before it starts one. Throws
/// std::runtime_error when softhsm2-util is missing or fails.
class SoftHsm {
 public:
  /// With one token, initialised with this label and PIN (4 to 255 characters).
  explicit SoftHsm(std::string_view token_label = "signet-test", std::string_view pin = "test-pin-1234");

  /// One more token, with the same PIN.
  void add_token(std::string_view label) const;
  /// Makes this process, and what it starts, use this folder: sets SOFTHSM2_CONF, which the module reads in
  /// C_Initialize.
  void use_here() const;

  [[nodiscard]] const std::string& label() const noexcept { return label_; }
  [[nodiscard]] const std::string& pin() const noexcept { return pin_; }
  /// A file of mode 0600 that holds the PIN and a newline.
  [[nodiscard]] std::string pin_file() const { return directory_ / "pin"; }
  [[nodiscard]] std::string conf() const { return directory_ / "softhsm2.conf"; }
  [[nodiscard]] std::string tokens_directory() const { return directory_ / "tokens"; }
  [[nodiscard]] const TempDirectory& directory() const noexcept { return directory_; }

 private:
  TempDirectory directory_;
  std::string label_;
  std::string pin_;
};

}  // namespace signet::test
