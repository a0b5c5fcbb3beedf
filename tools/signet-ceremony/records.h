// What the transcript says about keys and certificates: before they are made, and once they are.
#pragma once

#include <optional>
#include <string>

#include "log/value.h"
#include "plan.h"
#include "token/token_key.h"
#include "x509/certificate.h"

namespace signet::ceremony {

/// One certificate that is going to be made.
struct CertificateOrder {
  std::string name;  ///< "root", "issuing" or the end entity's
  std::string file;  ///< inside the output folder
  TbsFields fields;
  std::optional<Sha256> csr_sha256 = {};  ///< of an end entity's request, as DER
};

/// Of `intend-key`: which key, and the token as it describes itself.
[[nodiscard]] log::Object key_intent(const std::string& name, const KeyPlan& key, const TokenInfo& token);
/// Of `make-key`: the same, the public key, and what the token answers about the private one.
[[nodiscard]] log::Object key_record(log::Object intent, const PublicKey& key, const KeyProtection& protection);

/// Of `intend-certificate`: everything that is decided before it is signed.
[[nodiscard]] log::Object certificate_intent(const CertificateOrder& order);
/// Of `make-certificate`: the same, and the certificate.
[[nodiscard]] log::Object certificate_record(const CertificateOrder& order, const Certificate& certificate);

}  // namespace signet::ceremony
