// What is known of a vendor's PKCS#11 module: a file of hsm-profiles/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace signet {

/// How a profile came to be: run by the project's own tests, or written from the vendor's documents.
enum class HsmTested : std::uint8_t { kCi, kDocumentation };

struct HsmProfile {
  std::string name;
  HsmTested tested = HsmTested::kDocumentation;
  std::string source;                ///< the documents it was written from
  std::vector<std::string> modules;  ///< absolute paths, in order of preference; at least one
  std::uint32_t max_sessions = 0;    ///< 0 = unlimited
  bool thread_safe = true;           ///< the module may be called from several threads at once
};

/// Errors: kInvalidArgument with one line per mistake, as of parse_daemon_config.
[[nodiscard]] Result<HsmProfile> parse_hsm_profile(ByteView text, const std::string& file);
/// As above, from a file that nobody else may write. `field` names the configuration value that gave the path.
[[nodiscard]] Result<HsmProfile> load_hsm_profile(const std::string& path, const std::string& field = "profile");

/// The first of the profile's modules that exists. Errors: kFailedPrecondition, listing what was looked for.
[[nodiscard]] Result<std::string> find_module(const HsmProfile& profile);

}  // namespace signet
