// One request for a signature, from the fence to the signature.
#pragma once

#include "base/clock.h"
#include "keyholder/memory.h"
#include "keyholder/signer.h"

namespace signet::internal {
class SignRequest;
}

namespace signet {

/// key -> kind -> fence -> journal -> sign -> verify. Nothing but what the fence let through reaches the journal, and
/// nothing but what is in the journal reaches the token; a checkpoint and a CRL are on the disk there before they are
/// signed. A refusal is logged. Errors: kNotFound (no such key on this token), kInvalidArgument (unknown kind, or a
/// consistency proof where none belongs), kPermissionDenied (the fence), those of Memory's notes and Signer::sign.
[[nodiscard]] Result<SignatureValue> sign_request(const internal::SignRequest& request, const OpenToken& token,
                                                  Memory& memory, Signer& signer, const Clock& clock);

}  // namespace signet
