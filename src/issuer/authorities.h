// The issuing CAs of the daemon.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/daemon_config.h"
#include "x509/certificate.h"

namespace signet {

/// One [issuer.NAME]: its certificate and everything above it. Immutable.
struct Authority {
  std::string name;
  std::string key;  ///< its name in the configuration
  IssuerState state = IssuerState::kActive;
  SignatureAlgorithm algorithm;  ///< what its key signs with
  Certificate certificate;
  std::vector<Certificate> chain;  ///< intermediates above it, nearest first
  Certificate root;
  std::vector<CertificateDer> presented;  ///< what a server sends behind its own certificate: certificate, then chain
};

/// All of them, by name.
using Authorities = std::map<std::string, Authority, std::less<>>;

/// Reads the certificates of every issuer and checks that each may issue: CA:TRUE, keyCertSign, a subject key id,
/// signed by the next one up to the root, which signs itself. Errors name the issuer and the file.
[[nodiscard]] Result<Authorities> load_authorities(const DaemonConfig& config);

/// CA:TRUE, keyCertSign, a subject key id, a subject: what every certificate here is, wherever it comes from. Errors
/// name `path`, with `field`.
[[nodiscard]] Result<void> check_is_ca(const Certificate& certificate, const std::string& path,
                                       const std::string& field);
/// Not an error: whoever still holds certificates below it has to be able to find out why they end.
void warn_if_expired(const Certificate& certificate, const std::string& where);
/// `upper` is the issuer by name, and its key verifies the signature.
[[nodiscard]] bool is_issued_by(const Certificate& lower, const Certificate& upper);

}  // namespace signet
