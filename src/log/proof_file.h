// Proofs in a file (C2SP tlog-proof): that an entry is in a log, to be verified without the log. Usually named
// *.tlog-proof.
//
//   c2sp.org/tlog-proof@v1
//   extra <base64>                  only if there is extra data
//   index <decimal>
//   <hash, base64>                  none or more, from the leaf's sibling upwards
//   <empty line>
//   <checkpoint, a signed note, as it stands>
#pragma once

#include <cstdint>
#include <vector>

#include "log/note.h"

namespace signet::log {

/// More than the longest entry, so that a proof may carry what it proves.
inline constexpr std::size_t kMaxProofExtraBytes = std::size_t{128} * 1024;
/// The longest inclusion proof in a tree of less than 2^64 entries (RFC 6962 section 2.1.1).
inline constexpr std::size_t kMaxProofHashes = 64;
/// Of a whole proof.
inline constexpr std::size_t kMaxProofFileBytes = kMaxNoteBytes + 2 * kMaxProofExtraBytes;

struct ProofFile {
  Bytes extra;               ///< means what the application says, and is not authenticated; empty = none
  std::uint64_t index = 0;   ///< of the entry; less than the checkpoint's tree size
  std::vector<Sha256> path;  ///< RFC 6962 section 2.1.1
  Note checkpoint;           ///< its text is a checkpoint (log/checkpoint.h)
  friend bool operator==(const ProofFile&, const ProofFile&) = default;
};

/// Error kInvalidArgument with field "proof": the checkpoint is none, the index is not below its tree size, or there
/// are more hashes or more extra data than the bounds above.
[[nodiscard]] Result<Bytes> format_proof_file(const ProofFile& proof);

/// Takes exactly what format_proof_file() writes: writing the result gives the same bytes. It verifies neither the
/// signatures (verify_note(checkpoint, ...) does) nor that the hashes lead to the root. Error kInvalidArgument with
/// field "proof".
[[nodiscard]] Result<ProofFile> parse_proof_file(ByteView bytes);

}  // namespace signet::log
