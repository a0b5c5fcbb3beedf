#include "log/entries_issuance.h"

#include "log/entry_fields.h"

namespace signet::log {
namespace {

// The names of the fields, as docs/log-format.md lists them.
namespace name {
constexpr const char* kCertificateSha256 = "certificate_sha256";
constexpr const char* kClient = "client";
constexpr const char* kMethod = "method";
constexpr const char* kCode = "code";
constexpr const char* kCount = "count";
constexpr const char* kCsrSha256 = "csr_sha256";
constexpr const char* kField = "field";
constexpr const char* kIdempotencyKey = "idempotency_key";
constexpr const char* kIntentIndex = "intent";
constexpr const char* kIssuer = "issuer";
constexpr const char* kKind = "kind";
constexpr const char* kLintVersion = "lint_version";
constexpr const char* kNextUpdate = "next_update";
constexpr const char* kNumber = "number";
constexpr const char* kPayloadSha256 = "payload_sha256";
constexpr const char* kProfile = "profile";
constexpr const char* kProfileSha256 = "profile_sha256";
constexpr const char* kRange = "range";
constexpr const char* kReason = "reason";
constexpr const char* kRequestSignature = "request_signature";
constexpr const char* kRequestTime = "request_time";
constexpr const char* kRevocationTime = "revocation_time";
constexpr const char* kSerial = "serial";
constexpr const char* kSha256 = "sha256";
constexpr const char* kSignature = "signature";
constexpr const char* kSignatureAlgorithm = "signature_algorithm";
constexpr const char* kSpkiSha256 = "spki_sha256";
constexpr const char* kTbs = "tbs";
constexpr const char* kTbsSha256 = "tbs_sha256";
constexpr const char* kText = "text";
constexpr const char* kThisUpdate = "this_update";
constexpr const char* kWhy = "why";
}  // namespace name

/// `crl` and `ocsp` differ in how they say which one.
template <class Fields>
Draft published_draft(std::string_view type, const Fields& fields, const char* which, const std::string& value) {
  Draft draft = draft_of(type, fields.cause, kOutcomeOk);
  draft.fields.emplace(name::kIssuer, fields.issuer);
  draft.fields.emplace(which, value);
  put_time(draft.fields, name::kThisUpdate, fields.this_update);
  put_time(draft.fields, name::kNextUpdate, fields.next_update);
  put_hash(draft.fields, name::kSha256, fields.sha256);
  return draft;
}

}  // namespace

Draft intent_draft(const IntentFields& fields) {
  Draft draft = draft_of(entry_type::kIntent, fields.cause, kOutcomeOpen);
  draft.fields.emplace(name::kKind, fields.kind);
  draft.fields.emplace(name::kIssuer, fields.issuer);
  draft.fields.emplace(name::kProfile, fields.profile);
  draft.fields.emplace(name::kSerial, fields.serial.hex());
  draft.fields.emplace(name::kClient, fields.client);
  put_if(draft.fields, name::kMethod, fields.method);
  put_if(draft.fields, name::kIdempotencyKey, to_base64(fields.idempotency_key));
  put_hash(draft.fields, name::kPayloadSha256, fields.payload_sha256);
  if (fields.proof) {
    draft.fields.emplace(name::kRequestSignature, to_base64(fields.proof->signature));
    put_time(draft.fields, name::kRequestTime, fields.proof->time);
  }
  put_hash(draft.fields, name::kCsrSha256, fields.csr_sha256);
  put_hash(draft.fields, name::kProfileSha256, fields.profile_sha256);
  draft.fields.emplace(name::kLintVersion, fields.lint_version);
  draft.fields.emplace(name::kTbs, to_base64(fields.tbs.view()));
  return draft;
}

Draft issued_draft(const IssuedFields& fields) {
  Draft draft = draft_of(entry_type::kIssued, fields.cause, kOutcomeOk);
  put_number(draft.fields, name::kIntentIndex, fields.intent);
  draft.fields.emplace(name::kSerial, fields.serial.hex());
  draft.fields.emplace(name::kSignatureAlgorithm, name_of(fields.algorithm));
  draft.fields.emplace(name::kSignature, to_base64(fields.signature.view()));
  put_hash(draft.fields, name::kCertificateSha256, fields.certificate_sha256);
  return draft;
}

Draft rejected_draft(const RejectedFields& fields) {
  Draft draft = draft_of(entry_type::kRejected, fields.cause, kOutcomeRejected);
  draft.fields.emplace(name::kCode, fields.code);
  draft.fields.emplace(name::kText, fields.text);
  put_if(draft.fields, name::kField, fields.field);
  if (fields.csr_sha256) put_hash(draft.fields, name::kCsrSha256, *fields.csr_sha256);
  if (fields.intent) put_number(draft.fields, name::kIntentIndex, *fields.intent);
  if (fields.count > 1) put_number(draft.fields, name::kCount, fields.count);
  return draft;
}

Draft orphaned_draft(const OrphanedFields& fields) {
  Draft draft = draft_of(entry_type::kOrphaned, fields.cause, kOutcomeFailed);
  put_number(draft.fields, name::kIntentIndex, fields.intent);
  draft.fields.emplace(name::kSerial, fields.serial.hex());
  draft.fields.emplace(name::kIssuer, fields.issuer);
  draft.fields.emplace(name::kWhy, fields.why);
  return draft;
}

Draft revoked_draft(const RevokedFields& fields) {
  Draft draft = draft_of(entry_type::kRevoked, fields.cause, kOutcomeOk);
  draft.fields.emplace(name::kIssuer, fields.issuer);
  draft.fields.emplace(name::kSerial, fields.serial.hex());
  draft.fields.emplace(name::kReason, fields.reason);
  put_time(draft.fields, name::kRevocationTime, fields.revocation_time);
  return draft;
}

Draft crl_draft(const CrlFields& fields) {
  Draft draft = published_draft(entry_type::kCrl, fields, name::kNumber, fields.number);
  put_hash(draft.fields, name::kTbsSha256, fields.tbs_sha256);
  put_hash(draft.fields, name::kSpkiSha256, fields.spki_sha256);
  return draft;
}

Draft ocsp_draft(const OcspFields& fields) {
  return published_draft(entry_type::kOcsp, fields, name::kRange, fields.range);
}

Draft access_draft(const AccessFields& fields) {
  Draft draft = draft_of(entry_type::kAccess, fields.cause, kOutcomeRejected);
  draft.fields.emplace(name::kReason, fields.reason);
  draft.fields.emplace(name::kText, fields.text);
  put_number(draft.fields, name::kCount, fields.count);
  return draft;
}

Result<IntentFields> read_intent(const Entry& entry) {
  FieldReader reader(entry);
  SIGNET_TRY(SerialNumber serial, reader.serial(name::kSerial));
  IntentFields fields{.cause = reader.cause(),
                      .kind = reader.text(name::kKind),
                      .issuer = reader.text(name::kIssuer),
                      .profile = reader.text(name::kProfile),
                      .serial = std::move(serial),
                      .client = reader.text(name::kClient),
                      .method = reader.optional_text(name::kMethod),
                      .idempotency_key = {},
                      .payload_sha256 = reader.hash(name::kPayloadSha256),
                      .proof = {},
                      .csr_sha256 = reader.hash(name::kCsrSha256),
                      .profile_sha256 = reader.hash(name::kProfileSha256),
                      .lint_version = reader.text(name::kLintVersion),
                      .tbs = TbsDer(reader.binary(name::kTbs))};
  if (reader.has(name::kIdempotencyKey)) fields.idempotency_key = reader.binary(name::kIdempotencyKey);
  if (reader.has(name::kRequestSignature)) {
    fields.proof =
        RequestProof{.signature = reader.binary(name::kRequestSignature), .time = reader.time(name::kRequestTime)};
  }
  return reader.finish(std::move(fields));
}

Result<IssuedFields> read_issued(const Entry& entry) {
  FieldReader reader(entry);
  SIGNET_TRY(SerialNumber serial, reader.serial(name::kSerial));
  return reader.finish(IssuedFields{.cause = reader.cause(),
                                    .intent = reader.number(name::kIntentIndex),
                                    .serial = std::move(serial),
                                    .algorithm = reader.algorithm(name::kSignatureAlgorithm),
                                    .signature = SignatureValue(reader.binary(name::kSignature)),
                                    .certificate_sha256 = reader.hash(name::kCertificateSha256)});
}

Result<RejectedFields> read_rejected(const Entry& entry) {
  FieldReader reader(entry);
  return reader.finish(RejectedFields{.cause = reader.cause(),
                                      .code = reader.text(name::kCode),
                                      .text = reader.optional_text(name::kText),
                                      .field = reader.optional_text(name::kField),
                                      .csr_sha256 = reader.optional_hash(name::kCsrSha256),
                                      .intent = reader.optional_number(name::kIntentIndex),
                                      .count = reader.optional_number(name::kCount).value_or(1)});
}

Result<OrphanedFields> read_orphaned(const Entry& entry) {
  FieldReader reader(entry);
  SIGNET_TRY(SerialNumber serial, reader.serial(name::kSerial));
  return reader.finish(OrphanedFields{.cause = reader.cause(),
                                      .intent = reader.number(name::kIntentIndex),
                                      .serial = std::move(serial),
                                      .issuer = reader.text(name::kIssuer),
                                      .why = reader.text(name::kWhy)});
}

Result<RevokedFields> read_revoked(const Entry& entry) {
  FieldReader reader(entry);
  SIGNET_TRY(SerialNumber serial, reader.serial(name::kSerial));
  return reader.finish(RevokedFields{.cause = reader.cause(),
                                     .issuer = reader.text(name::kIssuer),
                                     .serial = std::move(serial),
                                     .reason = reader.text(name::kReason),
                                     .revocation_time = reader.time(name::kRevocationTime)});
}

Result<CrlFields> read_crl(const Entry& entry) {
  FieldReader reader(entry);
  return reader.finish(CrlFields{.cause = reader.cause(),
                                 .issuer = reader.text(name::kIssuer),
                                 .number = reader.text(name::kNumber),
                                 .this_update = reader.time(name::kThisUpdate),
                                 .next_update = reader.time(name::kNextUpdate),
                                 .sha256 = reader.hash(name::kSha256),
                                 .tbs_sha256 = reader.hash(name::kTbsSha256),
                                 .spki_sha256 = reader.hash(name::kSpkiSha256)});
}

Result<OcspFields> read_ocsp(const Entry& entry) {
  FieldReader reader(entry);
  return reader.finish(OcspFields{.cause = reader.cause(),
                                  .issuer = reader.text(name::kIssuer),
                                  .range = reader.text(name::kRange),
                                  .this_update = reader.time(name::kThisUpdate),
                                  .next_update = reader.time(name::kNextUpdate),
                                  .sha256 = reader.hash(name::kSha256)});
}

Result<AccessFields> read_access(const Entry& entry) {
  FieldReader reader(entry);
  return reader.finish(AccessFields{.cause = reader.cause(),
                                    .reason = reader.text(name::kReason),
                                    .text = reader.optional_text(name::kText),
                                    .count = reader.number(name::kCount)});
}

Result<std::optional<std::uint64_t>> closed_intent(const Entry& entry) {
  FieldReader reader(entry);
  std::optional<std::uint64_t> intent;
  if (entry.type == entry_type::kIssued || entry.type == entry_type::kOrphaned) {
    intent = reader.number(name::kIntentIndex);
  } else if (entry.type == entry_type::kRejected) {
    intent = reader.optional_number(name::kIntentIndex);
  }
  return reader.finish(intent);
}

}  // namespace signet::log
