#include "keyholder/sign_request.h"

#include <fmt/format.h>

#include "base/ops_log.h"
#include "keyholder/fence.h"
#include "wire/internal.pb.h"

namespace signet {
namespace {

Result<ArtifactKind> kind_of(const internal::SignRequest& request) {
  if (request.kind() == internal::ARTIFACT_KIND_END_ENTITY_CERTIFICATE) return ArtifactKind::kEndEntityCertificate;
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("artifact kind {} is not known", static_cast<int>(request.kind())), "kind");
}

Result<SignatureAlgorithm> pass_fence(const internal::SignRequest& request, const HeldKey& key, const Clock& clock) {
  SIGNET_TRY(const ArtifactKind kind, kind_of(request));
  return check_fence(key.rules, key.certificate, clock, kind, bytes_of(request.tbs()));
}

}  // namespace

Result<SignatureValue> sign_request(const internal::SignRequest& request, const OpenToken& token, Signer& signer,
                                    const Clock& clock) {
  const auto key = token.keys.find(request.key());
  if (key == token.keys.end()) {
    return fail(ErrorCode::kNotFound, fmt::format("token '{}' holds no key '{}'", token.name, printable(request.key())),
                "key");
  }
  const auto algorithm = pass_fence(request, key->second, clock);
  if (!algorithm.has_value()) {
    ops::warning("refused to sign",
                 {{"key", request.key()}, {"rule", algorithm.error().field}, {"why", algorithm.error().message}});
    return std::unexpected(algorithm.error());
  }
  return signer.sign(key->first, key->second, *algorithm, bytes_of(request.tbs()));
}

}  // namespace signet
