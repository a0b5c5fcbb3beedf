// One request of the issuer, from the fence to the signature.
#pragma once

#include "base/clock.h"
#include "keyholder/signer.h"

namespace signet::internal {
class SignRequest;
}

namespace signet {

/// key -> kind -> fence -> sign -> verify. Nothing but what the fence let through reaches the token. A refusal is
/// logged. Errors: kNotFound (no such key on this token), kInvalidArgument (unknown kind), those of check_fence and
/// Signer::sign.
[[nodiscard]] Result<SignatureValue> sign_request(const internal::SignRequest& request, const OpenToken& token,
                                                  Signer& signer, const Clock& clock);

}  // namespace signet
