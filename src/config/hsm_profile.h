// What is known of a vendor's PKCS#11 module: a file of hsm-profiles/. docs/hsm-profiles.md is for operators.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace signet {

struct TokenConfig;

/// How a profile came to be: run by the project's own tests, or written from the vendor's documents.
enum class HsmTested : std::uint8_t { kCi, kDocumentation };

/// Where a module is not as the standard has it.
enum class HsmQuirk : std::uint8_t {
  /// "general-error-at-login-is-transient": CKR_GENERAL_ERROR of C_Login does not tell of the PIN, which may be tried
  /// again.
  kGeneralErrorAtLoginIsTransient,
  /// "generated-keys-do-not-tell-local": CKA_LOCAL of a key that was made on the token is false.
  kGeneratedKeysDoNotTellLocal,
  /// "no-finalize": C_Finalize is not called, because the module does not survive it.
  kNoFinalize,
};

/// A path that stands in a configuration file of the vendor's, in a line "key = value".
struct HsmPathIn {
  std::string file;
  std::string key;
};

/// What the sandbox of the keyholder lets the module do once the token is open, beside calculating. Paths are absolute,
/// those of directories stand for all that is below them, and one that does not exist is no error.
struct HsmSandbox {
  std::vector<std::string> readable;      ///< files and directories it opens for reading
  std::vector<std::string> writable;      ///< likewise for reading, writing, making and removing files
  std::vector<std::string> devices;       ///< device files: reading, writing, ioctl
  std::vector<std::string> unix_sockets;  ///< it connects to these; that there are some is all the sandbox asks
  std::vector<std::uint16_t> tcp_ports;   ///< it connects to these, on any address
  std::vector<std::string> system_calls;  ///< names of system calls, none of never_calls()
  bool loads_code = false;                ///< it loads a part of itself from a file
  bool makes_code = false;                ///< it writes code into memory and runs it, and may load it
  std::vector<HsmPathIn> readable_in;     ///< more for `readable`; load_hsm_setup moves them there
};

struct HsmProfile {
  std::string name;
  HsmTested tested = HsmTested::kDocumentation;
  std::string source;                   ///< the documents it was written from
  std::vector<std::string> modules;     ///< absolute paths, in order of preference; at least one
  std::uint32_t max_sessions = 0;       ///< of one process, the one that keeps the login included; 0 = unlimited
  bool thread_safe = true;              ///< the module may be called from several threads at once
  std::vector<std::string> mechanisms;  ///< what it signs with ("CKM_ECDSA"); empty = as the token says
  std::set<HsmQuirk> quirks;
  std::set<std::uint64_t> restart_codes;  ///< return values after which only a new process helps
  /// Every session signs a fixed text when it was idle for so long, which finds connections that died; 0 = never.
  std::chrono::seconds keep_alive{0};
  /// One signature takes longer only where the module hangs; 0 = issue.sign_deadline tells.
  std::chrono::milliseconds deadline{0};
  std::string init_arguments;                      ///< C_Initialize's LibraryParameters (pReserved); empty = none
  std::map<std::string, std::string> environment;  ///< set before the module is loaded
  HsmSandbox sandbox;
  [[nodiscard]] bool has(HsmQuirk quirk) const { return quirks.contains(quirk); }
};

/// The mechanisms that a profile may name in `mechanisms`: those that src/token signs with.
[[nodiscard]] const std::vector<std::string>& hsm_mechanism_names();

/// Errors: kInvalidArgument with one line per mistake, as of parse_daemon_config.
[[nodiscard]] Result<HsmProfile> parse_hsm_profile(ByteView text, const std::string& file);
/// As above, from a file that nobody else may write. `field` names the configuration value that gave the path.
[[nodiscard]] Result<HsmProfile> load_hsm_profile(const std::string& path, const std::string& field = "profile");

/// The text of such a file, for who keeps it: hsm_setup_of takes it later.
[[nodiscard]] Result<Bytes> read_hsm_profile(const std::string& path, const std::string& field = "profile");

/// What an installation says about a profile that it uses.
struct HsmInstallation {
  std::string field = {};                               ///< of the configuration, for messages: "token.a" or ""
  std::string profile = {};                             ///< path
  bool allow_untested = false;                          ///< take a profile that was written from documents
  std::map<std::string, std::string> environment = {};  ///< goes before the profile's
  std::string init_arguments = {};                      ///< instead of the profile's; empty = the profile's
  std::vector<std::string> readable = {};               ///< beside the sandbox's
  std::vector<std::string> writable = {};               ///< likewise
};
[[nodiscard]] HsmInstallation installation_of(const TokenConfig& token);

/// The profile as it applies to one installation: environments merged, "${NAME}" replaced by the variable's value in
/// init_arguments and in the sandbox's paths, paths read from the vendor's configuration files. Everything that uses a
/// profile starts here. Errors: those of load_hsm_profile; kFailedPrecondition for a profile that nobody has tested and
/// that is not allowed, for a variable that is not set and for a vendor's configuration file that cannot be read.
[[nodiscard]] Result<HsmProfile> load_hsm_setup(const HsmInstallation& installation);
/// The same of a text that was read before; installation.profile is its name, for messages. Files of the vendor's are
/// read now: the module reads them at each start, too.
[[nodiscard]] Result<HsmProfile> hsm_setup_of(ByteView text, const HsmInstallation& installation);

/// The first of the profile's modules that exists. Errors: kFailedPrecondition, listing what was looked for.
[[nodiscard]] Result<std::string> find_module(const HsmProfile& profile);

}  // namespace signet
