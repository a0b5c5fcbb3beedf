#include "x509/key_quality.h"

#include "x509/ed25519_quality.h"
#include "x509/rsa_quality.h"
#include "x509/spki.h"

namespace signet {

Result<void> check_key_quality(const PublicKey& key, const KeyRules& rules) {
  switch (key.type()) {
    case KeyType::kEcP256:
    case KeyType::kEcP384:
    case KeyType::kEcP521: return {};
    case KeyType::kRsa:
    case KeyType::kEd25519: break;
  }
  SIGNET_TRY(const SpkiParts parts, parse_spki(key.spki()));
  return parts.type == KeyType::kRsa ? check_rsa_quality(parts, rules) : check_ed25519_quality(parts.public_key);
}

}  // namespace signet
