// Requests for keys that nobody should have a certificate for. docs/key-quality.md has the rules.
#include <bit>

#include "issuer/hostile_request.h"
#include "x509/weak_keys.h"

namespace signet::test {
namespace {

constexpr const char* kField = "csr.subjectPublicKeyInfo";
constexpr std::string_view kEcPublicKey = "1.2.840.10045.2.1";
constexpr std::string_view kP256 = "1.2.840.10045.3.1.7";
constexpr std::string_view kRsaEncryption = "1.2.840.113549.1.1.1";

/// A request for such a key. Its signature is the shared RSA key's, and never looked at.
Bytes for_rsa(ByteView spki) {
  RequestParts parts;
  parts.spki = copy_of(spki);
  parts.algorithm = copy_of(algorithm_identifier(SignatureAlgorithm::kRsaPkcs1Sha256));
  parts.signature = der::bit_string(Bytes(256, 0x01));
  return parts.der();
}

Bytes for_ec(ByteView spki) {
  RequestParts parts;
  parts.spki = copy_of(spki);
  return parts.der();
}

Bytes for_ed25519(ByteView spki) {
  RequestParts parts;
  parts.spki = copy_of(spki);
  parts.algorithm = copy_of(algorithm_identifier(SignatureAlgorithm::kEd25519));
  parts.signature = der::bit_string(Bytes(64, 0x01));
  return parts.der();
}

Bytes spki(ByteView algorithm, ByteView key) { return der::sequence({algorithm, der::bit_string(key)}); }

Bytes rsa_spki_of(ByteView modulus_element, ByteView exponent_element) {
  return spki(der::sequence({der::oid(kRsaEncryption), der::null()}),
              der::sequence({modulus_element, exponent_element}));
}

Bytes exponent() { return der::small_integer(65537); }

Bytes rsa_of(const BIGNUM* modulus, std::uint64_t e = 65537) {
  return for_rsa(rsa_spki(bytes_of(modulus), bytes_of(number(e).get())));
}

/// A modulus of 2048 bits that nothing is wrong with.
Bytes sound_modulus() {
  return der::unsigned_integer(bytes_of(product(random_prime(1024).get(), random_prime(1024).get()).get()));
}

Bytes rsa_with_exponent(ByteView element) { return for_rsa(rsa_spki_of(sound_modulus(), element)); }

HostileRequests rsa_numbers() {
  const Bytes modulus = sound_modulus();
  Bytes even = modulus;
  even.back() &= 0xFEU;
  Bytes padded = modulus;
  padded.insert(padded.begin() + 4, 0x00);
  padded[3] = static_cast<std::uint8_t>(padded[3] + 1);
  Bytes negative = modulus;
  negative.erase(negative.begin() + 4);
  negative[3] = static_cast<std::uint8_t>(negative[3] - 1);
  return {
      {"Rsa512", rsa_of(random_odd(512).get()), kField, "an RSA modulus of 512 bits"},
      {"Rsa1024", rsa_of(random_odd(1024).get()), kField, "an RSA modulus of 1024 bits"},
      {"Rsa2047", rsa_of(random_odd(2047).get()), kField, "an RSA modulus of 2047 bits"},
      {"Rsa2049", rsa_of(random_odd(2049).get()), kField, "(rule key.rsa-size)"},
      {"Rsa16384", rsa_of(random_odd(16384).get()), kField, "an RSA modulus of 16384 bits"},
      {"RsaModulusZero", for_rsa(rsa_spki_of(der::small_integer(0), exponent())), kField, "an RSA modulus of 0 bits"},
      {"RsaModulusOne", for_rsa(rsa_spki_of(der::small_integer(1), exponent())), kField, "an RSA modulus of 1 bits"},
      {"RsaModulusNegative", for_rsa(rsa_spki_of(negative, exponent())), kField, "a negative modulus"},
      {"RsaModulusPadded", for_rsa(rsa_spki_of(padded, exponent())), kField, "modulus"},
      {"RsaModulusEven", for_rsa(rsa_spki_of(even, exponent())), kField, "(rule key.rsa-even)"},
      {"RsaExponent1", rsa_with_exponent(der::small_integer(1)), kField, "(rule key.rsa-exponent)"},
      {"RsaExponent3", rsa_with_exponent(der::small_integer(3)), kField, "(rule key.rsa-exponent)"},
      {"RsaExponentEven", rsa_with_exponent(der::small_integer(65536)), kField, "(rule key.rsa-exponent)"},
      {"RsaExponentZero", rsa_with_exponent(der::small_integer(0)), kField, "(rule key.rsa-exponent)"},
      {"RsaExponentNegative", rsa_with_exponent(Bytes{0x02, 0x01, 0x81}), kField, "a negative publicExponent"},
      {"RsaExponentOf1000Bits", rsa_with_exponent(der::unsigned_integer(Bytes(125, 0x7F))), kField,
       "(rule key.rsa-exponent)"},
      {"RsaExponentAsLongAsTheModulus", for_rsa(rsa_spki_of(modulus, modulus)), kField, "(rule key.rsa-exponent)"},
  };
}

/// A modulus of 2048 bits with this odd factor.
BignumPtr multiple_of(std::uint64_t factor) {
  while (true) {
    BignumPtr multiple =
        product(number(factor).get(), random_odd(2049 - static_cast<int>(std::bit_width(factor))).get());
    if (BN_num_bits(multiple.get()) == 2048) return multiple;
  }
}

HostileRequests weak_rsa() {
  const BignumPtr prime = random_prime(1024);
  const PrimePair close = close_primes(random_prime(1024).get(), 100);
  const BignumPtr roca = product(roca_prime(1024, 126).get(), roca_prime(1024, 126).get());
  return {
      {"RsaDivisibleBy3", rsa_of(multiple_of(3).get()), kField, "(rule key.rsa-small-factor)"},
      {"RsaDivisibleBy751", rsa_of(multiple_of(751).get()), kField, "(rule key.rsa-small-factor)"},
      {"RsaSquare", rsa_of(product(prime.get(), prime.get()).get()), kField, "(rule key.rsa-square)"},
      {"RsaClosePrimes", rsa_of(product(close.p.get(), close.q.get()).get()), kField, "(rule key.rsa-close-primes)"},
      {"RsaOfAnInfineonChip", rsa_of(roca.get()), kField, "(rule key.roca)"},
  };
}

HostileRequests rsa_structures() {
  const Bytes algorithm = der::sequence({der::oid(kRsaEncryption), der::null()});
  const Bytes modulus = sound_modulus();
  const Bytes key = der::sequence({modulus, exponent()});
  return {
      {"RsaKeyWithoutNull", for_rsa(spki(der::sequence({der::oid(kRsaEncryption)}), key)), kField, "rsaEncryption"},
      {"RsaKeyWithOtherParameters",
       for_rsa(spki(der::sequence({der::oid(kRsaEncryption), der::small_integer(1)}), key)), kField, "rsaEncryption"},
      {"RsaKeyWithSomethingBehind", for_rsa(spki(algorithm, joined({key, der::null()}))), kField, "RSAPublicKey"},
      {"RsaKeyWithThreeNumbers", for_rsa(spki(algorithm, der::sequence({modulus, exponent(), exponent()}))), kField,
       "RSAPublicKey"},
      {"RsaKeyThatIsNone", for_rsa(spki(algorithm, Bytes(300, 0x41))), kField, "RSAPublicKey"},
      {"RsaBoundToPss", for_rsa(spki(der::sequence({der::oid("1.2.840.113549.1.1.10")}), key)), kField,
       "id-RSASSA-PSS"},
  };
}

Bytes p256_point() { return copy_of(ByteView(spki_of(shared_key(KeyType::kEcP256))).last(65)); }

Bytes ec_with_point(ByteView point) {
  return for_ec(spki(der::sequence({der::oid(kEcPublicKey), der::oid(kP256)}), point));
}

Bytes ec_with_parameters(ByteView parameters) {
  return for_ec(spki(der::sequence({der::oid(kEcPublicKey), parameters}), p256_point()));
}

HostileRequests ec_points() {
  const Bytes point = p256_point();
  const ByteView x = ByteView(point).subspan(1, 32);
  Bytes off = point;
  off.back() ^= 1U;
  Bytes hybrid = point;
  hybrid[0] = static_cast<std::uint8_t>(0x06U | (point.back() & 1U));
  constexpr const char* kRule = "(rule key.ec-point)";
  return {
      {"EcPointOffItsCurve", ec_with_point(off), kField, kRule},
      {"EcPointAtInfinity", ec_with_point(Bytes{0x00}), kField, kRule},
      {"EcPointOfZeros", ec_with_point(joined({Bytes{0x04}, Bytes(64, 0x00)})), kField, kRule},
      {"EcCoordinatesBeyondTheField", ec_with_point(joined({Bytes{0x04}, Bytes(64, 0xFF)})), kField, kRule},
      {"EcPointCompressed", ec_with_point(joined({Bytes{0x02}, x})), kField, kRule},
      {"EcPointHybrid", ec_with_point(hybrid), kField, kRule},
      {"EcPointCut", ec_with_point(ByteView(point).first(64)), kField, kRule},
      {"EcPointLengthened", ec_with_point(joined({point, Bytes{0}})), kField, kRule},
      {"EcPointEmpty", ec_with_point({}), kField, kRule},
      {"EcPointOfAnotherCurve", for_ec(spki(der::sequence({der::oid(kEcPublicKey), der::oid("1.3.132.0.34")}), point)),
       kField, kRule},
  };
}

HostileRequests ec_curves() {
  constexpr const char* kRule = "(rule key.ec-curve)";
  return {
      {"CurveP192", ec_with_parameters(der::oid("1.2.840.10045.3.1.1")), kField, kRule},
      {"CurveP224", ec_with_parameters(der::oid("1.3.132.0.33")), kField, kRule},
      {"CurveSecp256k1", ec_with_parameters(der::oid("1.3.132.0.10")), kField, kRule},
      {"CurveBrainpool", ec_with_parameters(der::oid("1.3.36.3.3.2.8.1.1.7")), kField, kRule},
      {"CurveUnknown", ec_with_parameters(der::oid("1.2.3.4")), kField, kRule},
      {"CurveByExplicitParameters",
       ec_with_parameters(der::sequence({der::small_integer(1), der::sequence({der::oid("1.2.840.10045.1.1")})})),
       kField, "namedCurve"},
      {"CurveNull", ec_with_parameters(der::null()), kField, "namedCurve"},
      {"CurveMissing", ec_with_parameters({}), kField, "namedCurve"},
      {"CurveTwice", ec_with_parameters(joined({der::oid(kP256), der::oid(kP256)})), kField, "AlgorithmIdentifier"},
  };
}

HostileRequests other_keys() {
  const auto of = [](std::string_view oid, std::size_t bytes) {
    return spki(der::sequence({der::oid(oid)}), Bytes(bytes, 0x11));
  };
  constexpr const char* kAlgorithm = "(rule key.algorithm)";
  const Bytes ed25519 = der::sequence({der::oid("1.3.101.112")});
  return {
      {"X25519Key", for_ec(of("1.3.101.110", 32)), kField, kAlgorithm},
      {"X448Key", for_ec(of("1.3.101.111", 56)), kField, kAlgorithm},
      {"Ed448Key", for_ec(of("1.3.101.113", 57)), kField, kAlgorithm},
      {"DsaKey", for_ec(of("1.2.840.10040.4.1", 128)), kField, kAlgorithm},
      {"DiffieHellmanKey", for_ec(of("1.2.840.10046.2.1", 128)), kField, kAlgorithm},
      {"UnknownKey", for_ec(of("1.2.3.4", 32)), kField, kAlgorithm},
      {"Ed25519KeyTooShort", for_ed25519(spki(ed25519, Bytes(31, 0x11))), kField, "31 bytes"},
      {"Ed25519KeyWithParameters",
       for_ed25519(spki(der::sequence({der::oid("1.3.101.112"), der::null()}), Bytes(32, 0x11))), kField,
       "AlgorithmIdentifier"},
      {"Ed25519KeyOfLowOrder", for_ed25519(spki(ed25519, Bytes(32, 0x00))), kField, "(rule key.ed25519-order)"},
      {"Ed25519KeyThatIsNoPoint", for_ed25519(spki(ed25519, joined({Bytes{0x02}, Bytes(31, 0x00)}))), kField,
       "(rule key.ed25519-point)"},
      {"KeyOfATypeTheProfileDoesNotTake",
       [] {
         RequestParts parts;
         parts.key = shared_key(KeyType::kEcP521);
         parts.spki = spki_of(parts.key);
         parts.signs_with = SignatureAlgorithm::kEcdsaSha512;
         parts.algorithm = copy_of(algorithm_identifier(parts.signs_with));
         return parts.der();
       }(),
       kField, "(rule key.type)"},
      {"KeyWithUnusedBits",
       for_ed25519(der::sequence({ed25519, der::element(der::kBitString, joined({Bytes{0x01}, Bytes(32, 0x10)}))})),
       kField, "subjectPublicKey"},
      {"KeyInfoWithSomethingBehind",
       for_ed25519(der::sequence({ed25519, der::bit_string(Bytes(32, 0x11)), der::null()})), kField,
       "SubjectPublicKeyInfo"},
      {"KeyInfoEmpty", for_ec(der::sequence({})), kField, "AlgorithmIdentifier"},
      {"KeyInfoIsANull", for_ec(der::null()), kField, "SubjectPublicKeyInfo"},
      {"KeyInfoIsADepthBomb", for_ec(nested_sequences(7000)), kField, "subjectPublicKey"},
  };
}

}  // namespace

HostileRequests hostile_keys(ByteView ca_spki) {
  HostileRequests all = {{"KeyOfTheCaItself", for_ec(ca_spki), kField, "(rule key.own)"}};
  for (const HostileRequests& some :
       {rsa_numbers(), weak_rsa(), rsa_structures(), ec_points(), ec_curves(), other_keys()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

}  // namespace signet::test
