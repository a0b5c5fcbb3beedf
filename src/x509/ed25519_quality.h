// The rules of Ed25519 keys. Internal to x509.
#pragma once

#include "base/bytes.h"

namespace signet {

/// check_key_quality for an Ed25519 key of 32 bytes.
[[nodiscard]] Result<void> check_ed25519_quality(ByteView public_key);

}  // namespace signet
