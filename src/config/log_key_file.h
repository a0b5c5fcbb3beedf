// The public half of a log's key, as the configuration names it.
#pragma once

#include "config/daemon_config.h"
#include "x509/public_key.h"

namespace signet {

/// Reads key.NAME.public_key (PEM, one SubjectPublicKeyInfo): an Ed25519 key or an ECDSA key on P-256, since signed
/// notes have a signature type for these (C2SP signed-note). Errors name the field and the file.
[[nodiscard]] Result<PublicKey> read_log_public_key(const KeyConfig& key);

}  // namespace signet
