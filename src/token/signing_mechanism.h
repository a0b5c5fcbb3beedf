// Which mechanism of PKCS#11 makes a signature, and what it is given.
#pragma once

#include <p11-kit/pkcs11.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "x509/algorithm.h"

namespace signet {

/// What C_Sign is given.
enum class SignInput : std::uint8_t {
  kDigest,      ///< the message hashed here
  kDigestInfo,  ///< likewise, as a DigestInfo (RFC 8017 section 9.2): CKM_RSA_PKCS
  kMessage,     ///< the message: the token hashes it, or it is signed unhashed (Ed25519)
};

/// One way for a token to make a signature.
struct SigningMechanism {
  SignatureAlgorithm algorithm;
  CK_MECHANISM_TYPE type;
  std::string_view name;  ///< "CKM_ECDSA"
  SignInput input;
};

/// Every mechanism that any algorithm can be signed with, none twice.
[[nodiscard]] std::span<const CK_MECHANISM_TYPE> signing_mechanisms() noexcept;
/// By their names; kInvalidArgument for a name that is none of them.
[[nodiscard]] Result<std::vector<CK_MECHANISM_TYPE>> signing_mechanisms_from(const std::vector<std::string>& names);

/// How a token that signs with the mechanisms of `offered` signs by `algorithm`. A mechanism that takes a digest goes
/// before one that hashes too: the message is hashed here in less time than it takes to send it. kFailedPrecondition
/// where there is none, with the names of those that would do.
[[nodiscard]] Result<SigningMechanism> choose_mechanism(SignatureAlgorithm algorithm,
                                                        std::span<const CK_MECHANISM_TYPE> offered);

/// What `mechanism` is given to sign `message`.
[[nodiscard]] Bytes input_for(const SigningMechanism& mechanism, ByteView message);

/// The parameters of RSASSA-PSS: MGF1 with the algorithm's own hash, a salt as long as it.
[[nodiscard]] CK_RSA_PKCS_PSS_PARAMS pss_parameters(SignatureAlgorithm algorithm) noexcept;

}  // namespace signet
