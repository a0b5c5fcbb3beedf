// Logs of any length, made fast: entries as the daemon writes them, without its syncs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "log/entries.h"
#include "log/note_verifier.h"
#include "x509/certificate.h"
#include "x509/openssl_handles.h"

namespace signet::bench {

/// An issuing CA whose key is OpenSSL's.
class Authority {
 public:
  Authority();
  [[nodiscard]] const Certificate& certificate() const { return certificate_; }
  /// An intent with a new serial number, about 1.6 kB as an entry, and its outcome.
  [[nodiscard]] log::IntentFields intent(Time now) const;
  [[nodiscard]] log::IssuedFields issued(const log::IntentFields& of, std::uint64_t intent_seq) const;

 private:
  EvpPkeyPtr key_;
  Certificate certificate_;
};

/// Appends pairs of `intent` and `issued` to the file of a closed log until it has `entries` entries. The log has to
/// begin with what a daemon begins with, or be empty and have `genesis` given. Throws std::runtime_error.
void extend_log(const std::string& directory, std::uint64_t entries, const Authority& authority,
                const std::optional<log::GenesisFields>& genesis = {});

}  // namespace signet::bench
