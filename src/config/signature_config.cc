#include "config/signature_config.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace signet {
namespace {

struct SignatureName {
  std::string_view name;
  SignatureAlgorithm algorithm;
};
constexpr std::array kRsaSignatures = {
    SignatureName{"rsa-pkcs1-sha256", SignatureAlgorithm::kRsaPkcs1Sha256},
    SignatureName{"rsa-pkcs1-sha384", SignatureAlgorithm::kRsaPkcs1Sha384},
    SignatureName{"rsa-pkcs1-sha512", SignatureAlgorithm::kRsaPkcs1Sha512},
    SignatureName{"rsa-pss-sha256", SignatureAlgorithm::kRsaPssSha256},
    SignatureName{"rsa-pss-sha384", SignatureAlgorithm::kRsaPssSha384},
    SignatureName{"rsa-pss-sha512", SignatureAlgorithm::kRsaPssSha512},
};

}  // namespace

std::optional<SignatureAlgorithm> read_signature(TomlTable& table) {
  if (!table.has("signature")) return {};
  std::vector<std::string> names;
  for (const SignatureName& known : kRsaSignatures) names.emplace_back(known.name);
  const std::string given = table.choice("signature", names);
  const auto* const found = std::ranges::find(kRsaSignatures, given, &SignatureName::name);
  if (found == kRsaSignatures.end()) return {};
  return found->algorithm;
}

}  // namespace signet
