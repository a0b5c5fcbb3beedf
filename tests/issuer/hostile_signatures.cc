// Requests whose signature proves nothing, and algorithms that are too weak, unknown or not the key's.
#include "issuer/hostile_request.h"

namespace signet::test {
namespace {

constexpr const char* kSignature = "csr.signature";
constexpr const char* kAlgorithm = "csr.signatureAlgorithm";
constexpr const char* kDoesNotVerify = "the signature does not verify";

Bytes with_signature(ByteView signature) {
  RequestParts parts;
  parts.signature = der::bit_string(signature);
  return parts.der();
}

Bytes with_algorithm(ByteView identifier) {
  RequestParts parts;
  parts.algorithm = copy_of(identifier);
  return parts.der();
}

RequestParts of_key(KeyType type) {
  RequestParts parts;
  parts.key = shared_key(type);
  parts.spki = spki_of(parts.key);
  parts.signs_with = default_algorithm(type);
  parts.algorithm = copy_of(algorithm_identifier(parts.signs_with));
  return parts;
}

Bytes of_key_with_algorithm(KeyType type, ByteView identifier) {
  RequestParts parts = of_key(type);
  parts.algorithm = copy_of(identifier);
  return parts.der();
}

Bytes flipped() {
  Bytes der = RequestParts().der();
  der.back() ^= 1U;
  return der;
}

Bytes signed_by_another() {
  RequestParts parts;
  const EvpPkeyPtr other = make_key(KeyType::kEcP256);
  parts.key = other.get();
  return parts.der();
}

/// The signed part is exchanged after the signature was made.
Bytes changed_after() {
  RequestParts parts;
  parts.signature = der::bit_string(sign(parts.key, parts.signs_with, parts.info()).view());
  parts.attributes = attributes_of(
      extension_request(extension("2.5.29.17", false, der::sequence({general_name(2, "b.plain.example")}))));
  return parts.der();
}

/// Over the whole request's info, but with its outer tag left away.
Bytes signed_without_its_tag() {
  RequestParts parts;
  const Bytes info = parts.info();
  const Bytes contents = copy_of(der::Reader(info).any("info")->contents);
  parts.signature = der::bit_string(sign(parts.key, parts.signs_with, contents).view());
  return parts.der();
}

Bytes integer(std::uint8_t value) { return {0x02, 0x01, value}; }

/// A good ECDSA signature and what stands behind it, inside or outside of its SEQUENCE.
Bytes lengthened_signature(bool inside) {
  const RequestParts parts;
  const SignatureValue signature = sign(parts.key, parts.signs_with, parts.info());
  const ByteView contents = der::Reader(signature.view()).any("signature")->contents;
  return with_signature(inside ? der::sequence({contents, der::null()}) : joined({signature.view(), der::null()}));
}

Bytes ber_signature() {
  const RequestParts parts;
  const SignatureValue signature = sign(parts.key, parts.signs_with, parts.info());
  const ByteView contents = der::Reader(signature.view()).any("signature")->contents;
  return with_signature(joined({Bytes{0x30, 0x81, static_cast<std::uint8_t>(contents.size())}, contents}));
}

Bytes identifier(std::string_view oid, ByteView parameters = {}) { return der::sequence({der::oid(oid), parameters}); }

Bytes pss(std::string_view hash, std::string_view mask_hash, std::uint64_t salt, ByteView behind = {}) {
  const Bytes mask = der::sequence({der::oid("1.2.840.113549.1.1.8"), identifier(mask_hash)});
  return identifier("1.2.840.113549.1.1.10",
                    der::sequence({der::element(der::context_constructed(0), identifier(hash)),
                                   der::element(der::context_constructed(1), mask),
                                   der::element(der::context_constructed(2), der::small_integer(salt)), behind}));
}

HostileRequests signatures() {
  RequestParts short_rsa = of_key(KeyType::kRsa);
  short_rsa.signature = der::bit_string(Bytes(255, 0x01));
  RequestParts one_rsa = of_key(KeyType::kRsa);
  one_rsa.signature = der::bit_string(joined({Bytes(255, 0x00), Bytes{1}}));
  RequestParts zero_ed25519 = of_key(KeyType::kEd25519);
  zero_ed25519.signature = der::bit_string(Bytes(64, 0x00));
  RequestParts long_ed25519 = of_key(KeyType::kEd25519);
  long_ed25519.signature =
      der::bit_string(joined({sign(long_ed25519.key, long_ed25519.signs_with, long_ed25519.info()).view(), Bytes{0}}));
  return {
      {"SignatureWithAFlippedBit", flipped(), kSignature, kDoesNotVerify},
      {"SignatureOfAnotherKey", signed_by_another(), kSignature, kDoesNotVerify},
      {"ChangedAfterItWasSigned", changed_after(), kSignature, kDoesNotVerify},
      {"SignedWithoutItsTag", signed_without_its_tag(), kSignature, kDoesNotVerify},
      {"SignatureEmpty", with_signature({}), kSignature, kDoesNotVerify},
      {"SignatureOfZeros", with_signature(Bytes(72, 0x00)), kSignature, kDoesNotVerify},
      {"SignatureOfGarbage", with_signature(Bytes(4000, 0xA5)), kSignature, kDoesNotVerify},
      {"EcdsaZeroes", with_signature(der::sequence({integer(0), integer(0)})), kSignature, kDoesNotVerify},
      {"EcdsaOnes", with_signature(der::sequence({integer(1), integer(1)})), kSignature, kDoesNotVerify},
      {"EcdsaNegativeNumbers", with_signature(der::sequence({integer(0xFF), integer(0x80)})), kSignature,
       kDoesNotVerify},
      {"EcdsaWithSomethingBehind", lengthened_signature(false), kSignature, kDoesNotVerify},
      {"EcdsaWithSomethingInside", lengthened_signature(true), kSignature, kDoesNotVerify},
      {"EcdsaInBer", ber_signature(), kSignature, kDoesNotVerify},
      {"RsaSignatureTooShort", short_rsa.der(), kSignature, kDoesNotVerify},
      {"RsaSignatureOfOne", one_rsa.der(), kSignature, kDoesNotVerify},
      {"Ed25519SignatureOfZeros", zero_ed25519.der(), kSignature, kDoesNotVerify},
      {"Ed25519SignatureTooLong", long_ed25519.der(), kSignature, kDoesNotVerify},
  };
}

HostileRequests algorithms() {
  constexpr std::string_view kSha256 = "2.16.840.1.101.3.4.2.1";
  constexpr std::string_view kSha512 = "2.16.840.1.101.3.4.2.3";
  const auto of = [](SignatureAlgorithm algorithm) { return algorithm_identifier(algorithm); };
  return {
      {"RsaAlgorithmOfAnEcKey", with_algorithm(of(SignatureAlgorithm::kRsaPkcs1Sha256)), kAlgorithm,
       "sha256WithRSAEncryption does not fit the request's key, ec-p256"},
      {"Ed25519AlgorithmOfAnEcKey", with_algorithm(of(SignatureAlgorithm::kEd25519)), kAlgorithm,
       "ED25519 does not fit the request's key, ec-p256"},
      {"PssOfAnEcKey", with_algorithm(pss(kSha256, kSha256, 32)), kAlgorithm,
       "rsassaPss-SHA256 does not fit the request's key, ec-p256"},
      {"EcdsaAlgorithmOfAnRsaKey", of_key_with_algorithm(KeyType::kRsa, of(SignatureAlgorithm::kEcdsaSha256)),
       kAlgorithm, "ecdsa-with-SHA256 does not fit the request's key, rsa-2048"},
      {"EcdsaAlgorithmOfAnEd25519Key", of_key_with_algorithm(KeyType::kEd25519, of(SignatureAlgorithm::kEcdsaSha256)),
       kAlgorithm, "does not fit the request's key, ed25519"},
      {"Pkcs1SignatureCalledPss", of_key_with_algorithm(KeyType::kRsa, pss(kSha256, kSha256, 32)), kSignature,
       kDoesNotVerify},
      {"OtherHashThanSaid", of_key_with_algorithm(KeyType::kRsa, of(SignatureAlgorithm::kRsaPkcs1Sha512)), kSignature,
       kDoesNotVerify},
      {"EcdsaWithOtherHashThanSaid", with_algorithm(of(SignatureAlgorithm::kEcdsaSha512)), kSignature, kDoesNotVerify},
      {"Md5WithRsa", of_key_with_algorithm(KeyType::kRsa, identifier("1.2.840.113549.1.1.4", der::null())), kAlgorithm,
       "1.2.840.113549.1.1.4 is not supported"},
      {"Sha1WithRsa", of_key_with_algorithm(KeyType::kRsa, identifier("1.2.840.113549.1.1.5", der::null())), kAlgorithm,
       "1.2.840.113549.1.1.5 is not supported"},
      {"Sha1WithEcdsa", with_algorithm(identifier("1.2.840.10045.4.1")), kAlgorithm,
       "1.2.840.10045.4.1 is not supported"},
      {"DsaWithSha256", with_algorithm(identifier("2.16.840.1.101.3.4.3.2")), kAlgorithm,
       "2.16.840.1.101.3.4.3.2 is not supported"},
      {"UnknownAlgorithm", with_algorithm(identifier("1.2.3.4.5")), kAlgorithm, "1.2.3.4.5 is not supported"},
      {"EcdsaWithNull", with_algorithm(identifier("1.2.840.10045.4.3.2", der::null())), kAlgorithm,
       "has other parameters than its RFC writes"},
      {"RsaWithoutNull", of_key_with_algorithm(KeyType::kRsa, identifier("1.2.840.113549.1.1.11")), kAlgorithm,
       "has other parameters than its RFC writes"},
      {"Ed25519WithNull", of_key_with_algorithm(KeyType::kEd25519, identifier("1.3.101.112", der::null())), kAlgorithm,
       "has other parameters than its RFC writes"},
      {"AlgorithmEmpty", with_algorithm(der::sequence({})), kAlgorithm, "algorithm"},
      {"PssWithItsDefaults",
       of_key_with_algorithm(KeyType::kRsa, identifier("1.2.840.113549.1.1.10", der::sequence({}))), kAlgorithm,
       "no hashAlgorithm, which stands for SHA-1"},
      {"PssWithoutParameters", of_key_with_algorithm(KeyType::kRsa, identifier("1.2.840.113549.1.1.10")), kAlgorithm,
       "RSASSA-PSS-params"},
      {"PssWithAnotherHashInMgf1", of_key_with_algorithm(KeyType::kRsa, pss(kSha256, kSha512, 32)), kAlgorithm,
       "MGF1 has another hash"},
      {"PssWithoutSalt", of_key_with_algorithm(KeyType::kRsa, pss(kSha256, kSha256, 0)), kAlgorithm,
       "a salt of 0 bytes, not 32"},
      {"PssWithALongSalt", of_key_with_algorithm(KeyType::kRsa, pss(kSha256, kSha256, 222)), kAlgorithm,
       "a salt of 222 bytes, not 32"},
      {"PssWithATrailerField",
       of_key_with_algorithm(
           KeyType::kRsa, pss(kSha256, kSha256, 32, der::element(der::context_constructed(3), der::small_integer(2)))),
       kAlgorithm, "trailerField"},
  };
}

}  // namespace

HostileRequests hostile_signatures() {
  HostileRequests all = signatures();
  for (const HostileRequest& one : algorithms()) all.push_back(one);
  return all;
}

}  // namespace signet::test
