// A key that a keyholder signs with: found on the token, and known to be the one that is meant.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "config/daemon_config.h"
#include "token/pkcs11_session.h"
#include "x509/certificate.h"

namespace signet {

/// What every key signs once at the start, and a session that was idle for long. Not DER of anything (its first bytes
/// would be a tag and a length that is not its own), and no text of a note (it does not end in a newline).
inline constexpr std::string_view kSelfTest = "Signet keyholder self-test, version 1";

/// One [key.*] that was found on the token and belongs to its certificate or public key file. Immutable.
struct HeldKey {
  Pkcs11Uri uri;
  FenceConfig rules;
  PublicKey public_key;
  Sha256 spki_sha256;                      ///< of public_key; the journal knows the key by it
  std::optional<Certificate> certificate;  ///< of the CA whose key it is; not of a log key
  std::string origin;                      ///< of a log key: whose checkpoints it signs. Otherwise empty
  std::string crl_token;  ///< where another token's keyholder signs its CRLs: the name. Otherwise empty
  std::map<std::string, bool> attributes;  ///< as the token showed them at the start: "CKA_SENSITIVE" and its kin
};

/// Finds the key of the configuration with a session that is logged in, and makes it sign a fixed text that the public
/// key of its certificate or file must verify. Errors name the part of the configuration, and what was found: a
/// certificate that is no CA's, a log key that is neither Ed25519 nor P-256, another key on the token.
[[nodiscard]] Result<HeldKey> hold_key(Pkcs11Session& session, const DaemonConfig& config, const KeyConfig& key);

}  // namespace signet
