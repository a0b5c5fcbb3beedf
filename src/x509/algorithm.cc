#include "x509/algorithm.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "x509/der.h"
#include "x509/pss.h"

namespace signet {
namespace {

struct KeyTypeRow {
  KeyType type;
  std::string_view name;
  SignatureAlgorithm signs_with;
};

constexpr std::array kKeyTypes = {
    KeyTypeRow{KeyType::kEcP256, "ec-p256", SignatureAlgorithm::kEcdsaSha256},
    KeyTypeRow{KeyType::kEcP384, "ec-p384", SignatureAlgorithm::kEcdsaSha384},
    KeyTypeRow{KeyType::kEcP521, "ec-p521", SignatureAlgorithm::kEcdsaSha512},
    KeyTypeRow{KeyType::kEd25519, "ed25519", SignatureAlgorithm::kEd25519},
    KeyTypeRow{KeyType::kRsa, "rsa", SignatureAlgorithm::kRsaPkcs1Sha256},
};

enum class Family { kEcdsa, kRsa, kRsaPss, kEd25519 };

struct AlgorithmRow {
  SignatureAlgorithm algorithm;
  std::string_view name;
  std::string_view oid;
  Family family;
  const EVP_MD* (*digest)();
};

constexpr std::array kAlgorithms = {
    AlgorithmRow{SignatureAlgorithm::kEcdsaSha256, "ecdsa-with-SHA256", "1.2.840.10045.4.3.2", Family::kEcdsa,
                 EVP_sha256},
    AlgorithmRow{SignatureAlgorithm::kEcdsaSha384, "ecdsa-with-SHA384", "1.2.840.10045.4.3.3", Family::kEcdsa,
                 EVP_sha384},
    AlgorithmRow{SignatureAlgorithm::kEcdsaSha512, "ecdsa-with-SHA512", "1.2.840.10045.4.3.4", Family::kEcdsa,
                 EVP_sha512},
    AlgorithmRow{SignatureAlgorithm::kRsaPkcs1Sha256, "sha256WithRSAEncryption", "1.2.840.113549.1.1.11", Family::kRsa,
                 EVP_sha256},
    AlgorithmRow{SignatureAlgorithm::kRsaPkcs1Sha384, "sha384WithRSAEncryption", "1.2.840.113549.1.1.12", Family::kRsa,
                 EVP_sha384},
    AlgorithmRow{SignatureAlgorithm::kRsaPkcs1Sha512, "sha512WithRSAEncryption", "1.2.840.113549.1.1.13", Family::kRsa,
                 EVP_sha512},
    AlgorithmRow{SignatureAlgorithm::kEd25519, "ED25519", "1.3.101.112", Family::kEd25519, nullptr},
    AlgorithmRow{SignatureAlgorithm::kRsaPssSha256, "rsassaPss-SHA256", kRsassaPssOid, Family::kRsaPss, EVP_sha256},
    AlgorithmRow{SignatureAlgorithm::kRsaPssSha384, "rsassaPss-SHA384", kRsassaPssOid, Family::kRsaPss, EVP_sha384},
    AlgorithmRow{SignatureAlgorithm::kRsaPssSha512, "rsassaPss-SHA512", kRsassaPssOid, Family::kRsaPss, EVP_sha512},
};

// The tables are in the order of their enums, so that a value is its row's index.
const KeyTypeRow& row_of(KeyType type) noexcept { return kKeyTypes[static_cast<std::size_t>(type)]; }
const AlgorithmRow& row_of(SignatureAlgorithm algorithm) noexcept {
  return kAlgorithms[static_cast<std::size_t>(algorithm)];
}

Family family_of(KeyType type) noexcept {
  if (type == KeyType::kRsa) return Family::kRsa;
  return type == KeyType::kEd25519 ? Family::kEd25519 : Family::kEcdsa;
}

Bytes make_identifier(const AlgorithmRow& row) {
  if (row.family == Family::kRsaPss) return make_pss_identifier(row.algorithm);
  if (row.family == Family::kRsa) return der::sequence({der::oid(row.oid), der::null()});
  return der::sequence({der::oid(row.oid)});
}

std::array<Bytes, kAlgorithms.size()> make_identifiers() {
  std::array<Bytes, kAlgorithms.size()> identifiers;
  std::ranges::transform(kAlgorithms, identifiers.begin(), make_identifier);
  return identifiers;
}

}  // namespace

std::string_view name_of(KeyType type) noexcept { return row_of(type).name; }

std::optional<KeyType> key_type_from(std::string_view name) noexcept {
  const auto* const row = std::ranges::find(kKeyTypes, name, &KeyTypeRow::name);
  if (row == kKeyTypes.end()) return std::nullopt;
  return row->type;
}

const std::vector<std::string>& key_type_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const KeyTypeRow& row : kKeyTypes) all.emplace_back(row.name);
    return all;
  }();
  return names;
}

SignatureAlgorithm default_algorithm(KeyType type) noexcept { return row_of(type).signs_with; }

bool fits(SignatureAlgorithm algorithm, KeyType type) noexcept {
  if (is_pss(algorithm)) return type == KeyType::kRsa;
  return row_of(algorithm).family == family_of(type);
}

bool is_pss(SignatureAlgorithm algorithm) noexcept { return row_of(algorithm).family == Family::kRsaPss; }

std::size_t digest_bytes(SignatureAlgorithm algorithm) noexcept {
  const AlgorithmRow& row = row_of(algorithm);
  return row.digest == nullptr ? 0 : static_cast<std::size_t>(EVP_MD_get_size(row.digest()));
}

ByteView algorithm_identifier(SignatureAlgorithm algorithm) noexcept {
  static const std::array identifiers = make_identifiers();
  return identifiers[static_cast<std::size_t>(algorithm)];
}

Result<SignatureAlgorithm> parse_algorithm_identifier(ByteView der) {
  for (const AlgorithmRow& row : kAlgorithms) {
    if (equal(der, algorithm_identifier(row.algorithm))) return row.algorithm;
  }
  der::Reader reader(der);
  SIGNET_TRY(der::Reader inner, reader.enter(der::kSequence, "AlgorithmIdentifier"));
  SIGNET_TRY(const std::string oid, inner.oid("algorithm"));
  const bool known = std::ranges::find(kAlgorithms, std::string_view(oid), &AlgorithmRow::oid) != kAlgorithms.end();
  const std::string problem = known ? " has other parameters than its RFC writes" : " is not supported";
  return fail(ErrorCode::kInvalidArgument,
              "signature algorithm " + oid + problem +
                  "; use ECDSA, RSA with PKCS#1 v1.5 padding or RSASSA-PSS (SHA-256, -384 or -512; MGF1 with the same "
                  "hash, a salt as long as it), or Ed25519");
}

std::string_view name_of(SignatureAlgorithm algorithm) noexcept { return row_of(algorithm).name; }

Bytes digest_for(SignatureAlgorithm algorithm, ByteView message) {
  const AlgorithmRow& row = row_of(algorithm);
  if (row.digest == nullptr) return copy_of(message);
  Bytes digest(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  // Cannot fail: the SHA-2 functions are built in, and the digest has room.
  EVP_Digest(message.data(), message.size(), digest.data(), &size, row.digest(), nullptr);
  digest.resize(size);
  return digest;
}

}  // namespace signet
