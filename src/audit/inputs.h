// What an auditor gives: keys, certificates, a checkpoint; and what the log says of itself where nothing is given.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "log/entries.h"
#include "log/note.h"
#include "x509/certificate.h"

namespace signet::audit {

/// A log's key as it was given.
struct GivenKey {
  std::optional<log::NoteVerifier> verifier;
  std::optional<PublicKey> bare;  ///< a PEM public key, which has no name: that of the log's origin is taken
};

/// From a verifier key, or a file with one or with a PEM public key. Errors: kInvalidArgument, field `option`.
[[nodiscard]] Result<GivenKey> load_log_key(const std::string& key_or_file, const std::string& option);
/// The verifier for a log of that origin.
[[nodiscard]] Result<log::NoteVerifier> verifier_for(const GivenKey& key, const std::string& origin);

/// Verifier keys of type cosignature/v1. Errors: kInvalidArgument, field "witness".
[[nodiscard]] Result<std::vector<log::NoteVerifier>> parse_witnesses(const std::vector<std::string>& keys);
/// Errors: field "issuer".
[[nodiscard]] Result<std::vector<Certificate>> load_issuers(const std::vector<std::string>& files);
/// The first of a file, behind which its chain may stand; critical extensions are taken that are not known here, so
/// that it is not to be relied on. Errors: field "certificate".
[[nodiscard]] Result<Certificate> load_certificate(const std::string& file);
/// A signed note. Errors: field `option`.
[[nodiscard]] Result<log::Note> load_note(const std::string& file, const std::string& option);

/// The first entry of a log, if it is a genesis that can be read.
[[nodiscard]] std::optional<log::GenesisFields> read_genesis(const std::string& directory);

}  // namespace signet::audit
