// The rules of RSA keys. Internal to x509.
#pragma once

#include "x509/key_quality.h"
#include "x509/spki.h"

namespace signet {

/// check_key_quality for an RSA key.
[[nodiscard]] Result<void> check_rsa_quality(const SpkiParts& key, const KeyRules& rules);

}  // namespace signet
