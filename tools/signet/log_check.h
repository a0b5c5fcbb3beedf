// Whether what a daemon says of its log is true. The daemon is not believed: a log that shows people different
// histories is found out by this.
#pragma once

#include <optional>
#include <string>

#include "log/checkpoint.h"
#include "log/entry.h"
#include "log/note_verifier.h"
#include "log/proof_file.h"
#include "signet/client.h"

namespace signet::cli {

/// The log's public key. Without one, forms and hashes are checked all the same, and only signatures are not.
using LogKey = std::optional<log::NoteVerifier>;

// Errors of all: kDataLoss, saying what does not fit (exit status 6).

/// A checkpoint, signed by `key` and of the origin that is the key's name.
[[nodiscard]] Result<log::Checkpoint> check_checkpoint(ByteView note, const LogKey& key);

/// `newer` goes on from `older`: the same log, not shorter, the same history (RFC 6962 section 2.1.2).
[[nodiscard]] Result<void> check_consistency(const log::Checkpoint& older, const log::Checkpoint& newer,
                                             const std::vector<ByteVector>& hashes);

/// A proof that holds, and the entry it proves.
struct CheckedProof {
  log::ProofFile file;
  log::Checkpoint checkpoint;
  log::Entry entry;  ///< of file.index
};
/// The proof of the entry `index`, which must be its extra data.
[[nodiscard]] Result<CheckedProof> check_proof(ByteView proof, std::uint64_t index, const LogKey& key);

/// The proof that came with a certificate is of that certificate's issuance.
[[nodiscard]] Result<CheckedProof> check_issued(const IssuedCertificate& issued, const LogKey& key);

/// "checked with the key ca.example+1f2e3d4c", or that and why the signature was not.
[[nodiscard]] std::string how_checked(const LogKey& key);

}  // namespace signet::cli
