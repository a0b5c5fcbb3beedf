#include "x509/public_key.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include <algorithm>

#include "x509/der.h"
#include "x509/field.h"
#include "x509/key_rule.h"
#include "x509/openssl_handles.h"
#include "x509/spki.h"

namespace signet {
namespace {

/// Takes back the errors OpenSSL queues meanwhile: the Result says what happened.
class QuietErrors {
 public:
  QuietErrors() noexcept { ERR_set_mark(); }
  ~QuietErrors() { ERR_pop_to_mark(); }
  QuietErrors(const QuietErrors&) = delete;
  QuietErrors& operator=(const QuietErrors&) = delete;
};

/// A key that holds nothing but its curve.
EvpPkeyPtr make_curve_template(const char* group) {
  const EvpPkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, const_cast<char*>(group), 0),  // is only read
      OSSL_PARAM_construct_end(),
  };
  EVP_PKEY* key = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1) return nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEY_PARAMETERS, params) != 1) return nullptr;
  return EvpPkeyPtr(key);
}

const EVP_PKEY* curve_template(KeyType curve) {
  static const EvpPkeyPtr p256 = make_curve_template("P-256");
  static const EvpPkeyPtr p384 = make_curve_template("P-384");
  static const EvpPkeyPtr p521 = make_curve_template("P-521");
  if (curve == KeyType::kEcP256) return p256.get();
  return curve == KeyType::kEcP384 ? p384.get() : p521.get();
}

/// Null where the point is not on the curve. Copying a template's parameters and setting the point takes 6 us, where
/// decoding the SubjectPublicKeyInfo through OpenSSL's decoders takes 138.
EvpPkeyPtr make_ec(KeyType curve, ByteView point) {
  const EVP_PKEY* const from = curve_template(curve);
  EvpPkeyPtr key(EVP_PKEY_new());
  if (from == nullptr || !key || EVP_PKEY_copy_parameters(key.get(), from) != 1) return nullptr;
  if (EVP_PKEY_set1_encoded_public_key(key.get(), point.data(), point.size()) != 1) return nullptr;
  return key;
}

BignumPtr bignum(ByteView big_endian) {
  return BignumPtr(BN_bin2bn(big_endian.data(), static_cast<int>(big_endian.size()), nullptr));
}

EvpPkeyPtr make_rsa(ByteView modulus, ByteView exponent) {
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  const BignumPtr n = bignum(modulus);
  const BignumPtr e = bignum(exponent);
  if (!builder || !n || !e || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return nullptr;
  }
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder.get()));
  const EvpPkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1) return nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) return nullptr;
  return EvpPkeyPtr(key);
}

EvpPkeyPtr make_key(const SpkiParts& parts) {
  const ByteView key = parts.public_key;
  if (parts.type == KeyType::kRsa) return make_rsa(parts.modulus, parts.exponent);
  if (parts.type != KeyType::kEd25519) return make_ec(parts.type, key);
  return EvpPkeyPtr(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()));
}

std::array<std::uint8_t, 20> sha1(ByteView bytes) {
  std::array<std::uint8_t, 20> digest{};
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha1(), nullptr);  // built in: cannot fail
  return digest;
}

/// Fetched once: EVP_sha256() and friends are looked up in the providers again at every use.
const EVP_MD* sha2(unsigned bits) {
  static const EvpMdPtr sha256(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  static const EvpMdPtr sha384(EVP_MD_fetch(nullptr, "SHA384", nullptr));
  static const EvpMdPtr sha512(EVP_MD_fetch(nullptr, "SHA512", nullptr));
  if (bits == 256) return sha256.get();
  return bits == 384 ? sha384.get() : sha512.get();
}

/// Null for Ed25519.
const EVP_MD* digest_of(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::kEcdsaSha256:
    case SignatureAlgorithm::kRsaPssSha256:
    case SignatureAlgorithm::kRsaPkcs1Sha256: return sha2(256);
    case SignatureAlgorithm::kEcdsaSha384:
    case SignatureAlgorithm::kRsaPssSha384:
    case SignatureAlgorithm::kRsaPkcs1Sha384: return sha2(384);
    case SignatureAlgorithm::kEcdsaSha512:
    case SignatureAlgorithm::kRsaPssSha512:
    case SignatureAlgorithm::kRsaPkcs1Sha512: return sha2(512);
    case SignatureAlgorithm::kEd25519: break;
  }
  return nullptr;
}

/// `context` verifies RSASSA-PSS. MGF1's hash is the signature's where no other is set.
bool set_pss(EVP_PKEY_CTX* context) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

Result<void> verify_with(EVP_PKEY* key, SignatureAlgorithm algorithm, ByteView message, ByteView signature) {
  const QuietErrors quiet;
  const EvpMdCtxPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* of_key = nullptr;
  if (!context || EVP_DigestVerifyInit(context.get(), &of_key, digest_of(algorithm), nullptr, key) != 1 ||
      (is_pss(algorithm) && !set_pss(of_key))) {
    return fail(ErrorCode::kInternal, "OpenSSL cannot begin to verify a signature");
  }
  const int verified =
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size());
  if (verified != 1) return fail(ErrorCode::kInvalidArgument, "the signature does not verify");
  return {};
}

std::unexpected<Error> does_not_fit(std::string_view algorithm, const PublicKey& key) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("a signature with {} cannot be of a key of type {}", algorithm, key.describe()));
}

}  // namespace

struct PublicKey::Impl {
  KeyType type;
  unsigned bits;
  Bytes spki;
  std::array<std::uint8_t, 20> key_id;
  EvpPkeyPtr key;  // only verified with, which OpenSSL allows from several threads at once
};

Result<PublicKey> PublicKey::from_spki(ByteView spki_der) {
  const QuietErrors quiet;
  SIGNET_TRY(const SpkiParts parts, in_field("subjectPublicKeyInfo", parse_spki(spki_der)));
  EvpPkeyPtr key = make_key(parts);
  if (!key) {
    return fail(ErrorCode::kInvalidArgument,
                with_rule(fmt::format("the {} key is not valid: a point must be on its curve", name_of(parts.type)),
                          "key.ec-point"),
                "subjectPublicKeyInfo");
  }
  return PublicKey(std::make_shared<const Impl>(
      Impl{parts.type, parts.bits, copy_of(spki_der), sha1(parts.public_key), std::move(key)}));
}

KeyType PublicKey::type() const noexcept { return impl_->type; }
unsigned PublicKey::bits() const noexcept { return impl_->bits; }
ByteView PublicKey::spki() const noexcept { return impl_->spki; }
const std::array<std::uint8_t, 20>& PublicKey::key_id() const noexcept { return impl_->key_id; }
Sha256 PublicKey::spki_sha256() const { return sha256(impl_->spki); }

std::string PublicKey::describe() const {
  if (impl_->type == KeyType::kRsa) return fmt::format("rsa-{}", impl_->bits);
  return std::string(name_of(impl_->type));
}

Result<void> PublicKey::verify(SignatureAlgorithm algorithm, ByteView message, ByteView signature) const {
  if (!fits(algorithm, impl_->type)) return does_not_fit(name_of(algorithm), *this);
  return verify_with(impl_->key.get(), algorithm, message, signature);
}

Result<Bytes> ecdsa_signature_from_raw(ByteView raw) {
  constexpr std::size_t kLongest = 2 * 66;  // P-521
  if (raw.empty() || raw.size() % 2 != 0 || raw.size() > kLongest) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("a raw ECDSA signature of {} bytes; an even number up to {} was expected", raw.size(), kLongest));
  }
  const ByteView r = raw.first(raw.size() / 2);
  const ByteView s = raw.last(raw.size() / 2);
  const auto is_zero = [](ByteView number) { return std::ranges::all_of(number, [](auto byte) { return byte == 0; }); };
  if (is_zero(r) || is_zero(s)) return fail(ErrorCode::kInvalidArgument, "a raw ECDSA signature with r or s of zero");
  return der::sequence({der::unsigned_integer(r), der::unsigned_integer(s)});
}

}  // namespace signet
