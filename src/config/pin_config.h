// Where the PIN of a token comes from: of [token.NAME].
#pragma once

#include <cstdint>
#include <string>

#include "base/toml_reader.h"

namespace signet {

enum class PinSource : std::uint8_t {
  kFile,        ///< pin_file: read at each start of the keyholder
  kCredential,  ///< pin_credential: a file below $CREDENTIALS_DIRECTORY, likewise
  kDescriptor,  ///< pin_fd: inherited by signetd, read once
  kOperator,    ///< pin = "operator": given over the operator's socket
};

/// Exactly one source.
struct PinConfig {
  PinSource source = PinSource::kFile;
  std::string file;        ///< of kFile; mode 0600 or 0400
  std::string credential;  ///< of kCredential: a file's name
  int descriptor = -1;     ///< of kDescriptor
  bool keep = false;       ///< of kDescriptor and kOperator: signetd keeps it for restarts of the keyholder
  /// The key of [token.NAME] that names it: "pin_file", "pin".
  [[nodiscard]] std::string key() const;
  /// It can be had again whenever the keyholder starts, without a person.
  [[nodiscard]] bool can_be_read_again() const noexcept {
    return source == PinSource::kFile || source == PinSource::kCredential;
  }
};

/// Reads the four keys and `keep_pin` of a [token.NAME]; paths are resolved from the folder `base`. Internal to config.
[[nodiscard]] PinConfig read_pin_config(TomlTable& table, const std::string& base);

}  // namespace signet
