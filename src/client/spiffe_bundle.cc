// The trust bundle in SPIFFE's form:
// https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE_Trust_Domain_and_Bundle.md
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "signet/client.h"
#include "x509/certificate.h"
#include "x509/spki.h"

namespace signet {
namespace {

/// RFC 4648 section 5, without padding, as JWK has it (RFC 7515 section 2).
std::string base64url(ByteView bytes) {
  std::string text = to_base64(bytes);
  while (text.ends_with('=')) text.pop_back();
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

/// RFC 7518 section 6.2: both coordinates in the field's full length.
std::string ec_members(std::string_view curve, ByteView point) {
  const ByteView coordinates = point.subspan(1);  // behind 0x04, which every accepted point has
  const std::size_t half = coordinates.size() / 2;
  return fmt::format(R"("kty":"EC","crv":"{}","x":"{}","y":"{}")", curve, base64url(coordinates.first(half)),
                     base64url(coordinates.subspan(half)));
}

/// What says which key it is: RFC 7518 section 6 and RFC 8037 section 2.
Result<std::string> key_members(const PublicKey& key) {
  SIGNET_TRY(const SpkiParts parts, parse_spki(key.spki()));
  switch (parts.type) {
    case KeyType::kEcP256: return ec_members("P-256", parts.public_key);
    case KeyType::kEcP384: return ec_members("P-384", parts.public_key);
    case KeyType::kEcP521: return ec_members("P-521", parts.public_key);
    case KeyType::kRsa:
      return fmt::format(R"("kty":"RSA","n":"{}","e":"{}")", base64url(parts.modulus), base64url(parts.exponent));
    case KeyType::kEd25519: return fmt::format(R"("kty":"OKP","crv":"Ed25519","x":"{}")", base64url(parts.public_key));
  }
  return fail(ErrorCode::kFailedPrecondition, fmt::format("there is no JWK of a key {}", key.describe()));
}

}  // namespace

Result<std::string> to_spiffe_bundle(const TrustBundle& bundle) {
  std::vector<std::string> keys;
  for (const ByteVector& der : bundle.roots) {
    SIGNET_TRY(const Certificate root, Certificate::parse(der));
    SIGNET_TRY(const std::string members, key_members(root.public_key()));
    keys.push_back(fmt::format(R"({{"use":"x509-svid",{},"x5c":["{}"]}})", members, to_base64(der)));
  }
  std::string hint;
  if (bundle.refresh_hint.count() > 0) hint = fmt::format(R"("spiffe_refresh_hint":{},)", bundle.refresh_hint.count());
  return fmt::format("{{\"spiffe_sequence\":{},{}\"keys\":[\n{}\n]}}\n", bundle.sequence, hint, fmt::join(keys, ",\n"));
}

}  // namespace signet
