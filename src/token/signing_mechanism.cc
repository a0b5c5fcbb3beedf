#include "token/signing_mechanism.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace signet {
namespace {

// In order of preference for each algorithm.
// clang-format off
constexpr std::array kMechanisms = {
    SigningMechanism{SignatureAlgorithm::kEcdsaSha256, CKM_ECDSA, "CKM_ECDSA", SignInput::kDigest},
    SigningMechanism{SignatureAlgorithm::kEcdsaSha384, CKM_ECDSA, "CKM_ECDSA", SignInput::kDigest},
    SigningMechanism{SignatureAlgorithm::kEcdsaSha512, CKM_ECDSA, "CKM_ECDSA", SignInput::kDigest},
    SigningMechanism{SignatureAlgorithm::kEcdsaSha256, CKM_ECDSA_SHA256, "CKM_ECDSA_SHA256", SignInput::kMessage},
    SigningMechanism{SignatureAlgorithm::kEcdsaSha384, CKM_ECDSA_SHA384, "CKM_ECDSA_SHA384", SignInput::kMessage},
    SigningMechanism{SignatureAlgorithm::kEcdsaSha512, CKM_ECDSA_SHA512, "CKM_ECDSA_SHA512", SignInput::kMessage},
    SigningMechanism{SignatureAlgorithm::kRsaPkcs1Sha256, CKM_RSA_PKCS, "CKM_RSA_PKCS", SignInput::kDigestInfo},
    SigningMechanism{SignatureAlgorithm::kRsaPkcs1Sha384, CKM_RSA_PKCS, "CKM_RSA_PKCS", SignInput::kDigestInfo},
    SigningMechanism{SignatureAlgorithm::kRsaPkcs1Sha512, CKM_RSA_PKCS, "CKM_RSA_PKCS", SignInput::kDigestInfo},
    SigningMechanism{SignatureAlgorithm::kRsaPkcs1Sha256, CKM_SHA256_RSA_PKCS, "CKM_SHA256_RSA_PKCS", SignInput::kMessage},
    SigningMechanism{SignatureAlgorithm::kRsaPkcs1Sha384, CKM_SHA384_RSA_PKCS, "CKM_SHA384_RSA_PKCS", SignInput::kMessage},
    SigningMechanism{SignatureAlgorithm::kRsaPkcs1Sha512, CKM_SHA512_RSA_PKCS, "CKM_SHA512_RSA_PKCS", SignInput::kMessage},
    SigningMechanism{SignatureAlgorithm::kRsaPssSha256, CKM_RSA_PKCS_PSS, "CKM_RSA_PKCS_PSS", SignInput::kDigest},
    SigningMechanism{SignatureAlgorithm::kRsaPssSha384, CKM_RSA_PKCS_PSS, "CKM_RSA_PKCS_PSS", SignInput::kDigest},
    SigningMechanism{SignatureAlgorithm::kRsaPssSha512, CKM_RSA_PKCS_PSS, "CKM_RSA_PKCS_PSS", SignInput::kDigest},
    SigningMechanism{SignatureAlgorithm::kRsaPssSha256, CKM_SHA256_RSA_PKCS_PSS, "CKM_SHA256_RSA_PKCS_PSS", SignInput::kMessage},
    SigningMechanism{SignatureAlgorithm::kRsaPssSha384, CKM_SHA384_RSA_PKCS_PSS, "CKM_SHA384_RSA_PKCS_PSS", SignInput::kMessage},
    SigningMechanism{SignatureAlgorithm::kRsaPssSha512, CKM_SHA512_RSA_PKCS_PSS, "CKM_SHA512_RSA_PKCS_PSS", SignInput::kMessage},
    SigningMechanism{SignatureAlgorithm::kEd25519, CKM_EDDSA, "CKM_EDDSA", SignInput::kMessage},
};
// clang-format on

/// The DER of DigestInfo before the digest (RFC 8017 section 9.2, note 1).
ByteView digest_info_prefix(SignatureAlgorithm algorithm) noexcept {
  static constexpr std::array<std::uint8_t, 19> kSha256 = {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                                           0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
  static constexpr std::array<std::uint8_t, 19> kSha384 = {0x30, 0x41, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                                           0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30};
  static constexpr std::array<std::uint8_t, 19> kSha512 = {0x30, 0x51, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                                           0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40};
  switch (algorithm) {
    case SignatureAlgorithm::kRsaPkcs1Sha256: return kSha256;
    case SignatureAlgorithm::kRsaPkcs1Sha384: return kSha384;
    case SignatureAlgorithm::kRsaPkcs1Sha512: return kSha512;
    default: return {};
  }
}

}  // namespace

std::span<const CK_MECHANISM_TYPE> signing_mechanisms() noexcept {
  static constexpr std::array<CK_MECHANISM_TYPE, 13> kAll = {
      CKM_ECDSA,        CKM_ECDSA_SHA256,        CKM_ECDSA_SHA384,        CKM_ECDSA_SHA512,
      CKM_RSA_PKCS,     CKM_SHA256_RSA_PKCS,     CKM_SHA384_RSA_PKCS,     CKM_SHA512_RSA_PKCS,
      CKM_RSA_PKCS_PSS, CKM_SHA256_RSA_PKCS_PSS, CKM_SHA384_RSA_PKCS_PSS, CKM_SHA512_RSA_PKCS_PSS,
      CKM_EDDSA,
  };
  return kAll;
}

Result<std::vector<CK_MECHANISM_TYPE>> signing_mechanisms_from(const std::vector<std::string>& names) {
  std::vector<CK_MECHANISM_TYPE> types;
  for (const std::string& name : names) {
    const auto* const found = std::ranges::find(kMechanisms, name, &SigningMechanism::name);
    if (found == kMechanisms.end()) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("{} is no mechanism that signatures are made with", printable(name)), "mechanisms");
    }
    types.push_back(found->type);
  }
  return types;
}

Result<SigningMechanism> choose_mechanism(SignatureAlgorithm algorithm, std::span<const CK_MECHANISM_TYPE> offered) {
  std::vector<std::string_view> would_do;
  for (const SigningMechanism& mechanism : kMechanisms) {
    if (mechanism.algorithm != algorithm) continue;
    if (std::ranges::find(offered, mechanism.type) != offered.end()) return mechanism;
    would_do.push_back(mechanism.name);
  }
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("the token does not sign with {}: it offers none of {}", name_of(algorithm),
                          fmt::join(would_do, ", ")),
              "algorithm");
}

Bytes input_for(const SigningMechanism& mechanism, ByteView message) {
  if (mechanism.input == SignInput::kMessage) return copy_of(message);
  Bytes input;
  if (mechanism.input == SignInput::kDigestInfo) input = copy_of(digest_info_prefix(mechanism.algorithm));
  append(input, digest_for(mechanism.algorithm, message));
  return input;
}

CK_RSA_PKCS_PSS_PARAMS pss_parameters(SignatureAlgorithm algorithm) noexcept {
  const auto salt = static_cast<CK_ULONG>(digest_bytes(algorithm));
  switch (algorithm) {
    case SignatureAlgorithm::kRsaPssSha384: return {CKM_SHA384, CKG_MGF1_SHA384, salt};
    case SignatureAlgorithm::kRsaPssSha512: return {CKM_SHA512, CKG_MGF1_SHA512, salt};
    default: return {CKM_SHA256, CKG_MGF1_SHA256, salt};
  }
}

}  // namespace signet
