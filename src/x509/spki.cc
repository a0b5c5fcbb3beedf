#include "x509/spki.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "x509/der.h"
#include "x509/key_rule.h"
#include "x509/public_key.h"

namespace signet {
namespace {

constexpr std::string_view kEcPublicKey = "1.2.840.10045.2.1";       // RFC 5480
constexpr std::string_view kRsaEncryption = "1.2.840.113549.1.1.1";  // RFC 3279 section 2.3.1
constexpr std::string_view kRsassaPss = "1.2.840.113549.1.1.10";     // RFC 4055 section 1.2
constexpr std::string_view kEd25519 = "1.3.101.112";                 // RFC 8410
constexpr std::size_t kEd25519Bytes = 32;
constexpr unsigned kRsaBitsMin = 2048;
constexpr unsigned kRsaBitsMax = 8192;
constexpr unsigned kExponentBitsMax = 64;  // verification's cost grows with it; everybody uses 65537

struct Curve {
  KeyType type;
  std::string_view oid;
  unsigned bits;
  [[nodiscard]] std::size_t point_bytes() const noexcept { return 1 + 2 * ((bits + 7) / 8); }
};

constexpr std::array kCurves = {
    Curve{KeyType::kEcP256, "1.2.840.10045.3.1.7", 256},
    Curve{KeyType::kEcP384, "1.3.132.0.34", 384},
    Curve{KeyType::kEcP521, "1.3.132.0.35", 521},
};

std::unexpected<Error> refuse(std::string message) { return fail(ErrorCode::kInvalidArgument, std::move(message)); }

/// A key that could be written otherwise but must not be: the rules of docs/key-quality.md.
std::unexpected<Error> refuse_by(std::string_view rule, std::string message) {
  return refuse(with_rule(std::move(message), rule));
}

Result<void> check_point(const Curve& curve, ByteView point) {
  if (point.size() == curve.point_bytes() && point[0] == 0x04) return {};
  return refuse_by("key.ec-point",
                   fmt::format("the {} point is not uncompressed: 0x04 and {} bytes were expected, {} bytes are there",
                               name_of(curve.type), curve.point_bytes() - 1, point.size()));
}

Result<SpkiParts> parse_ec(der::Reader& algorithm, ByteView key) {
  SIGNET_TRY(const std::string oid, algorithm.oid("namedCurve"));
  const auto* const curve = std::ranges::find(kCurves, std::string_view(oid), &Curve::oid);
  if (curve == kCurves.end())
    return refuse_by("key.ec-curve", fmt::format("curve {} is not supported; use P-256, P-384 or P-521", oid));
  SIGNET_CHECK(check_point(*curve, key));
  return SpkiParts{.type = curve->type, .bits = curve->bits, .public_key = key};
}

Result<SpkiParts> parse_ed25519(ByteView key) {
  if (key.size() != kEd25519Bytes) return refuse(fmt::format("an Ed25519 key of {} bytes, not 32", key.size()));
  return SpkiParts{.type = KeyType::kEd25519, .bits = 256, .public_key = key};
}

/// A positive INTEGER without the zero byte that may stand before it.
Result<ByteView> positive(der::Reader& reader, std::string_view what) {
  SIGNET_TRY(const ByteView contents, reader.integer(what));
  if ((contents[0] & 0x80U) != 0) return refuse(fmt::format("a negative {}", what));
  return contents[0] == 0 ? contents.subspan(1) : contents;
}

unsigned bits_of(ByteView number) noexcept {
  if (number.empty()) return 0;
  return static_cast<unsigned>((number.size() - 1) * 8) + static_cast<unsigned>(std::bit_width(number[0]));
}

Result<void> check_rsa(ByteView modulus, ByteView exponent) {
  const unsigned bits = bits_of(modulus);
  if (bits < kRsaBitsMin || bits > kRsaBitsMax) {
    return refuse_by("key.rsa-size",
                     fmt::format("an RSA modulus of {} bits; {} to {} are supported", bits, kRsaBitsMin, kRsaBitsMax));
  }
  if ((modulus.back() & 1U) == 0) return refuse_by("key.rsa-even", "an even RSA modulus; make a new key");
  const unsigned exponent_bits = bits_of(exponent);
  const bool at_least_three = exponent_bits >= 2 && (exponent.back() & 1U) != 0;
  if (!at_least_three || exponent_bits > kExponentBitsMax) {
    return refuse_by("key.rsa-exponent", "an RSA exponent that is even, below 3 or beyond 64 bits; use 65537");
  }
  return {};
}

Result<SpkiParts> parse_rsa(der::Reader& algorithm, ByteView key) {
  SIGNET_TRY(const der::Element parameters, algorithm.element(der::kNull, "parameters of rsaEncryption"));
  if (!parameters.contents.empty()) return refuse("the parameters of rsaEncryption are not NULL");
  der::Reader outer(key);
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, "RSAPublicKey"));
  SIGNET_CHECK(outer.finish("RSAPublicKey"));
  SIGNET_TRY(const ByteView modulus, positive(reader, "modulus"));
  SIGNET_TRY(const ByteView exponent, positive(reader, "publicExponent"));
  SIGNET_CHECK(reader.finish("RSAPublicKey"));
  SIGNET_CHECK(check_rsa(modulus, exponent));
  return SpkiParts{
      .type = KeyType::kRsa, .bits = bits_of(modulus), .public_key = key, .modulus = modulus, .exponent = exponent};
}

Result<SpkiParts> parse_by_algorithm(der::Reader& algorithm, ByteView key) {
  SIGNET_TRY(const std::string oid, algorithm.oid("algorithm"));
  if (oid == kEcPublicKey) return parse_ec(algorithm, key);
  if (oid == kRsaEncryption) return parse_rsa(algorithm, key);
  if (oid == kEd25519) return parse_ed25519(key);
  if (oid == kRsassaPss) {
    // Not every TLS library takes such keys in certificates, and the same key under rsaEncryption can do as much.
    return refuse_by("key.algorithm",
                     fmt::format("a key that id-RSASSA-PSS ({}) binds to one padding; write it as rsaEncryption, which "
                                 "can sign with RSASSA-PSS, too",
                                 oid));
  }
  return refuse_by("key.algorithm",
                   fmt::format("key algorithm {} is not supported; use EC (P-256, P-384, P-521), RSA or Ed25519", oid));
}

}  // namespace

Result<SpkiParts> parse_spki(ByteView spki_der) {
  der::Reader outer(spki_der);
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, "SubjectPublicKeyInfo"));
  SIGNET_CHECK(outer.finish("SubjectPublicKeyInfo"));
  SIGNET_TRY(der::Reader algorithm, reader.enter(der::kSequence, "AlgorithmIdentifier"));
  SIGNET_TRY(const ByteView key, reader.bit_string_bytes("subjectPublicKey"));
  SIGNET_CHECK(reader.finish("SubjectPublicKeyInfo"));
  SIGNET_TRY(const SpkiParts parts, parse_by_algorithm(algorithm, key));
  SIGNET_CHECK(algorithm.finish("AlgorithmIdentifier"));
  return parts;
}

Result<Bytes> ec_spki(KeyType curve, ByteView uncompressed_point) {
  const auto* const row = std::ranges::find(kCurves, curve, &Curve::type);
  if (row == kCurves.end()) return refuse(fmt::format("{} is not an elliptic curve", name_of(curve)));
  SIGNET_CHECK(check_point(*row, uncompressed_point));
  return der::sequence(
      {der::sequence({der::oid(kEcPublicKey), der::oid(row->oid)}), der::bit_string(uncompressed_point)});
}

Bytes rsa_spki(ByteView modulus, ByteView exponent) {
  const Bytes key = der::sequence({der::unsigned_integer(modulus), der::unsigned_integer(exponent)});
  return der::sequence({der::sequence({der::oid(kRsaEncryption), der::null()}), der::bit_string(key)});
}

Result<Bytes> ed25519_spki(ByteView public_key) {
  SIGNET_CHECK(parse_ed25519(public_key));
  return der::sequence({der::sequence({der::oid(kEd25519)}), der::bit_string(public_key)});
}

}  // namespace signet
