// The key that signs the audit log's checkpoints: what is written about it, and the proof that it signs.
#pragma once

#include <string>

#include "log/note.h"
#include "log/value.h"
#include "plan.h"

namespace signet::ceremony {

/// As verifiers of the log know the key (C2SP signed-note): Ed25519, or ECDSA with P-256.
[[nodiscard]] Result<log::NoteVerifier> log_verifier(const LogKeyPlan& plan, const PublicKey& key);

/// A note by the key, which says what it is and cannot be taken for a checkpoint. Verified. Errors: those of `sign`,
/// and kInternal when the signature does not verify.
[[nodiscard]] Result<std::string> prove_log_key(const LogKeyPlan& plan, const log::NoteVerifier& self,
                                                const log::NoteSigner& sign);

/// What the transcript says of it besides what it says of every key: in `intend-key`, and in `prove-key`.
void add_log_key_intent(log::Object& record, const LogKeyPlan& plan);
[[nodiscard]] log::Object log_key_proof(const log::NoteVerifier& verifier, const std::string& note);

}  // namespace signet::ceremony
