// Certificates for the issuer's tests, valid now: written by the project's own encoder, signed by OpenSSL.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "x509/certificate.h"
#include "x509/crypto.h"

namespace signet::test {

struct Identity {
  EvpPkeyPtr key;
  Certificate certificate;
  [[nodiscard]] std::string pem() const { return encode_pem("CERTIFICATE", certificate.der().view()); }
};

/// What a test wants to be different about a certificate before it is signed.
using Tweak = std::function<void(TbsFields&)>;

/// P-256 keys; valid from an hour ago for ten years (CA certificates) or one day (clients).
[[nodiscard]] Identity make_root(const std::string& common_name, const Tweak& tweak = {});
[[nodiscard]] Identity make_ca(const Identity& issuer, const std::string& common_name, const Tweak& tweak = {});
/// digitalSignature, clientAuth, and `uri` as its only name.
[[nodiscard]] Identity make_client(const Identity& issuer, const std::string& uri, const Tweak& tweak = {});

[[nodiscard]] SignatureValue sign_with(const Identity& signer, ByteView message);

}  // namespace signet::test
