#include "keyholder/sign_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ops_log.h"
#include "keyholder/checkpoint_fence.h"
#include "keyholder/crl_fence.h"
#include "keyholder/fence.h"
#include "keyholder/ocsp_fence.h"
#include "keyholder/refusal.h"
#include "wire/internal.pb.h"

namespace signet {
namespace {

/// What one signature needs.
struct Job {
  const std::string& name;  // of the key
  const HeldKey& key;
  const internal::SignRequest& request;
  Memory& memory;
  Signer& signer;

  [[nodiscard]] ByteView structure() const { return bytes_of(request.structure()); }
};

Result<ArtifactKind> kind_of(const internal::SignRequest& request) {
  switch (request.kind()) {
    case internal::ARTIFACT_KIND_END_ENTITY_CERTIFICATE: return ArtifactKind::kEndEntityCertificate;
    case internal::ARTIFACT_KIND_LOG_CHECKPOINT: return ArtifactKind::kLogCheckpoint;
    case internal::ARTIFACT_KIND_CA_CERTIFICATE: return ArtifactKind::kCaCertificate;
    case internal::ARTIFACT_KIND_CRL: return ArtifactKind::kCrl;
    case internal::ARTIFACT_KIND_OCSP_RESPONSE: return ArtifactKind::kOcspResponse;
    default: break;
  }
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("artifact kind {} is not known", static_cast<int>(request.kind())), "kind");
}

Result<ConsistencyClaim> read_claim(const internal::ConsistencyProof& proof) {
  ConsistencyClaim claim{.old_size = proof.old_size()};
  for (const std::string& text : proof.hashes()) {
    Sha256& hash = claim.proof.emplace_back();
    if (text.size() != hash.size()) {
      return refuse_by_fence("consistency",
                             fmt::format("a hash of the proof has {} bytes, not {}", text.size(), hash.size()));
    }
    std::ranges::copy(bytes_of(text), hash.begin());
  }
  return claim;
}

Result<SignatureValue> sign_certificate(const Job& job, ArtifactKind kind, const Clock& clock) {
  SIGNET_TRY(const CertificateVerdict verdict,
             check_certificate_fence(job.key.rules, *job.key.certificate, kind, clock, job.structure()));
  const auto noted =
      kind == ArtifactKind::kCaCertificate ? log::JournalKind::kCaCertificate : log::JournalKind::kEndEntityCertificate;
  SIGNET_CHECK(job.memory.note_certificate(job.key, noted, job.structure(), verdict.serial));
  return job.signer.sign(job.name, job.key, verdict.algorithm, job.structure());
}

/// Look and note in one turn: what another thread notes meanwhile would make the last number a lie. Reading a long CRL
/// comes before it and signing behind it, so that checkpoints wait for neither.
Result<SignatureValue> sign_crl(const Job& job, const Clock& clock) {
  SIGNET_TRY(const CrlVerdict verdict, check_crl_fence(job.key.rules, *job.key.certificate, clock, job.structure()));
  {
    const auto turn = job.memory.take_turn();
    SIGNET_CHECK(check_crl_number(job.memory.last_crl_number(job.key), verdict.number));
    SIGNET_CHECK(job.memory.note_crl(job.key, job.structure(), verdict.number));
  }
  return job.signer.sign(job.name, job.key, verdict.algorithm, job.structure());
}

Result<SignatureValue> sign_ocsp_response(const Job& job, const Clock& clock) {
  SIGNET_TRY(const SignatureAlgorithm algorithm,
             check_ocsp_fence(job.key.rules, *job.key.certificate, clock, job.structure()));
  SIGNET_CHECK(job.memory.note_ocsp_response(job.key, job.structure()));
  return job.signer.sign(job.name, job.key, algorithm, job.structure());
}

/// Look, note and sign in one turn: a journal says what was signed last, and checkpoints are signed in that order.
Result<SignatureValue> sign_checkpoint(const Job& job) {
  SIGNET_TRY(const ConsistencyClaim claim, read_claim(job.request.consistency()));
  const auto turn = job.memory.take_turn();
  SIGNET_TRY(const log::TreeHead head,
             check_checkpoint_fence(job.key.origin, job.memory.last_checkpoint(job.key), job.structure(), claim));
  SIGNET_CHECK(job.memory.note_checkpoint(job.key, job.structure(), head));
  return job.signer.sign(job.name, job.key, default_algorithm(job.key.public_key.type()), job.structure());
}

/// Before may_sign is asked, which names the kind.
Result<void> check_token(const Job& job, ArtifactKind kind) {
  if (kind != ArtifactKind::kCrl || job.key.crl_token.empty()) return {};
  return refuse_by_fence("kind", fmt::format("of the tokens that hold key '{}' only the first one signs CRLs, because "
                                             "one keyholder has to remember the last number; ask token '{}'",
                                             job.name, job.key.crl_token));
}

Result<SignatureValue> sign(const Job& job, const Clock& clock) {
  SIGNET_TRY(const ArtifactKind kind, kind_of(job.request));
  SIGNET_CHECK(check_token(job, kind));
  SIGNET_CHECK(check_kind(job.key.rules, kind));
  if (kind == ArtifactKind::kLogCheckpoint) return sign_checkpoint(job);
  if (job.request.has_consistency())
    return fail(ErrorCode::kInvalidArgument, "a consistency proof goes with a checkpoint only", "consistency");
  if (!job.key.certificate) return refuse_by_fence("kind", fmt::format("key '{}' has no certificate", job.name));
  if (kind == ArtifactKind::kCrl) return sign_crl(job, clock);
  if (kind == ArtifactKind::kOcspResponse) return sign_ocsp_response(job, clock);
  return sign_certificate(job, kind, clock);
}

bool was_refused(const Error& error) {
  return error.code == ErrorCode::kPermissionDenied || error.code == ErrorCode::kInvalidArgument ||
         error.code == ErrorCode::kAlreadyExists;
}

}  // namespace

Result<SignatureValue> sign_request(const internal::SignRequest& request, const OpenToken& token, Memory& memory,
                                    Signer& signer, const Clock& clock) {
  const auto key = token.keys.find(request.key());
  if (key == token.keys.end()) {
    return fail(ErrorCode::kNotFound, fmt::format("token '{}' holds no key '{}'", token.name, printable(request.key())),
                "key");
  }
  auto signature =
      sign({.name = key->first, .key = key->second, .request = request, .memory = memory, .signer = signer}, clock);
  if (!signature.has_value() && was_refused(signature.error())) {
    ops::warning("refused to sign",
                 {{"key", request.key()}, {"rule", signature.error().field}, {"why", signature.error().message}});
  }
  return signature;
}

}  // namespace signet
