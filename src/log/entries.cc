#include "log/entries.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace signet::log {
namespace {

// The names of the fields, as docs/log-format.md lists them.
namespace name {
constexpr const char* kAddress = "address";
constexpr const char* kCertificateSha256 = "certificate_sha256";
constexpr const char* kClient = "client";
constexpr const char* kCode = "code";
constexpr const char* kCount = "count";
constexpr const char* kCsrSha256 = "csr_sha256";
constexpr const char* kCutBytes = "cut_bytes";
constexpr const char* kExitStatus = "exit_status";
constexpr const char* kField = "field";
constexpr const char* kHost = "host";
constexpr const char* kIdempotencyKey = "idempotency_key";
constexpr const char* kIntentIndex = "intent";
constexpr const char* kIssuer = "issuer";
constexpr const char* kKind = "kind";
constexpr const char* kLintVersion = "lint_version";
constexpr const char* kOutcome = "outcome";
constexpr const char* kPayloadSha256 = "payload_sha256";
constexpr const char* kProcess = "process";
constexpr const char* kProfile = "profile";
constexpr const char* kProfileSha256 = "profile_sha256";
constexpr const char* kReason = "reason";
constexpr const char* kRequest = "request";
constexpr const char* kRequestSignature = "request_signature";
constexpr const char* kRequestTime = "request_time";
constexpr const char* kRestarts = "restarts";
constexpr const char* kSerial = "serial";
constexpr const char* kSignal = "signal";
constexpr const char* kSignature = "signature";
constexpr const char* kSignatureAlgorithm = "signature_algorithm";
constexpr const char* kTbs = "tbs";
constexpr const char* kText = "text";
constexpr const char* kTime = "time";
constexpr const char* kVersion = "version";
constexpr const char* kWho = "who";
constexpr const char* kWhy = "why";
}  // namespace name

constexpr std::array kAlgorithms = {
    SignatureAlgorithm::kEcdsaSha256,    SignatureAlgorithm::kEcdsaSha384,    SignatureAlgorithm::kEcdsaSha512,
    SignatureAlgorithm::kRsaPkcs1Sha256, SignatureAlgorithm::kRsaPkcs1Sha384, SignatureAlgorithm::kRsaPkcs1Sha512,
    SignatureAlgorithm::kEd25519,
};

void put_if(Object& object, const char* key, const std::string& text) {
  if (!text.empty()) object.emplace(key, text);
}

void put_number(Object& object, const char* key, std::uint64_t number) {
  object.emplace(key, static_cast<std::int64_t>(number));
}

/// A draft with the common fields its caller knows.
Draft draft_of(std::string_view type, const Cause& cause, std::string_view outcome) {
  Draft draft{.type = std::string(type), .fields = {}};
  Object who;
  put_if(who, name::kClient, cause.who.client);
  put_if(who, name::kCertificateSha256, cause.who.certificate_sha256);
  put_if(who, name::kAddress, cause.who.address);
  if (!who.empty()) draft.fields.emplace(name::kWho, std::move(who));
  put_if(draft.fields, name::kRequest, cause.request);
  draft.fields.emplace(name::kOutcome, outcome);
  return draft;
}

/// Reads the fields of one entry. The first complaint is kept and told by finish(); until then harmless values go on.
class FieldReader {
 public:
  explicit FieldReader(const Entry& entry) : entry_(entry) {}

  std::string optional_text(const char* key) { return text_in(entry_.fields, key); }
  std::string text(const char* key) { return required(key, optional_text(key)); }
  bool has(const char* key) const { return entry_.fields.contains(key); }

  std::uint64_t number(const char* key) {
    const auto found = entry_.fields.find(key);
    const std::int64_t* number = found == entry_.fields.end() ? nullptr : found->second.integer();
    if (number != nullptr && *number >= 0) return static_cast<std::uint64_t>(*number);
    complain(key, "is missing or not a number of 0 or more");
    return 0;
  }

  Bytes binary(const char* key) { return accept(key, from_base64(text(key))); }
  Bytes hex(const char* key) { return accept(key, from_hex(text(key))); }
  Time time(const char* key) { return accept(key, parse_rfc3339(text(key))); }

  Sha256 hash(const char* key) {
    const Bytes bytes = hex(key);
    Sha256 hash{};
    if (bytes.size() == hash.size()) {
      std::ranges::copy(bytes, hash.begin());
    } else {
      complain(key, "is not a SHA-256");
    }
    return hash;
  }

  SignatureAlgorithm algorithm(const char* key) {
    const std::string wanted = text(key);
    const auto* found = std::ranges::find_if(kAlgorithms, [&](auto candidate) { return name_of(candidate) == wanted; });
    if (found != kAlgorithms.end()) return *found;
    complain(key, "is not a signature algorithm");
    return {};
  }

  Cause cause() {
    Cause cause{.who = {}, .request = optional_text(name::kRequest)};
    const auto found = entry_.fields.find(name::kWho);
    if (found == entry_.fields.end()) return cause;
    const Object* who = found->second.object();
    if (who == nullptr) {
      complain(name::kWho, "is not an object");
      return cause;
    }
    cause.who = {.client = text_in(*who, name::kClient),
                 .certificate_sha256 = text_in(*who, name::kCertificateSha256),
                 .address = text_in(*who, name::kAddress)};
    return cause;
  }

  /// `fields`, or the first complaint.
  template <class T>
  Result<T> finish(T fields) {
    if (complaint_.empty()) return fields;
    return std::unexpected(error());
  }

  Error error() const {
    return {.code = ErrorCode::kDataLoss,
            .message = fmt::format("entry {} of the log ({}): {}", entry_.seq, printable(entry_.type), complaint_)};
  }

  void complain(const char* key, std::string_view what) {
    if (complaint_.empty()) complaint_ = fmt::format("field {} {}", key, what);
  }

 private:
  std::string text_in(const Object& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end()) return {};
    if (const std::string* text = found->second.text()) return *text;
    complain(key, "is not a text");
    return {};
  }

  std::string required(const char* key, std::string text) {
    if (text.empty()) complain(key, "is missing");
    return text;
  }

  template <class T>
  T accept(const char* key, Result<T> value) {
    if (value.has_value()) return *std::move(value);
    complain(key, "is malformed: " + value.error().message);
    return T{};
  }

  const Entry& entry_;
  std::string complaint_;
};

/// A serial number cannot be made up, so this one fails by itself.
Result<SerialNumber> read_serial(FieldReader& reader) {
  if (auto serial = SerialNumber::from_der_contents(reader.hex(name::kSerial))) return serial;
  reader.complain(name::kSerial, "is not a serial number");
  return std::unexpected(reader.error());
}

}  // namespace

Draft intent_draft(const IntentFields& fields) {
  Draft draft = draft_of(entry_type::kIntent, fields.cause, "open");
  draft.fields.emplace(name::kKind, fields.kind);
  draft.fields.emplace(name::kIssuer, fields.issuer);
  draft.fields.emplace(name::kProfile, fields.profile);
  draft.fields.emplace(name::kSerial, fields.serial.hex());
  draft.fields.emplace(name::kClient, fields.client);
  put_if(draft.fields, name::kIdempotencyKey, to_base64(fields.idempotency_key));
  draft.fields.emplace(name::kPayloadSha256, to_hex(fields.payload_sha256));
  if (fields.proof) {
    draft.fields.emplace(name::kRequestSignature, to_base64(fields.proof->signature));
    draft.fields.emplace(name::kRequestTime, to_rfc3339(fields.proof->time));
  }
  draft.fields.emplace(name::kCsrSha256, to_hex(fields.csr_sha256));
  draft.fields.emplace(name::kProfileSha256, to_hex(fields.profile_sha256));
  draft.fields.emplace(name::kLintVersion, fields.lint_version);
  draft.fields.emplace(name::kTbs, to_base64(fields.tbs.view()));
  return draft;
}

Draft issued_draft(const IssuedFields& fields) {
  Draft draft = draft_of(entry_type::kIssued, fields.cause, "ok");
  put_number(draft.fields, name::kIntentIndex, fields.intent);
  draft.fields.emplace(name::kSerial, fields.serial.hex());
  draft.fields.emplace(name::kSignatureAlgorithm, name_of(fields.algorithm));
  draft.fields.emplace(name::kSignature, to_base64(fields.signature.view()));
  draft.fields.emplace(name::kCertificateSha256, to_hex(fields.certificate_sha256));
  return draft;
}

Draft rejected_draft(const RejectedFields& fields) {
  Draft draft = draft_of(entry_type::kRejected, fields.cause, "rejected");
  draft.fields.emplace(name::kCode, fields.code);
  draft.fields.emplace(name::kText, fields.text);
  put_if(draft.fields, name::kField, fields.field);
  if (fields.csr_sha256) draft.fields.emplace(name::kCsrSha256, to_hex(*fields.csr_sha256));
  if (fields.intent) put_number(draft.fields, name::kIntentIndex, *fields.intent);
  if (fields.count > 1) put_number(draft.fields, name::kCount, fields.count);
  return draft;
}

Draft orphaned_draft(const OrphanedFields& fields) {
  Draft draft = draft_of(entry_type::kOrphaned, fields.cause, "failed");
  put_number(draft.fields, name::kIntentIndex, fields.intent);
  draft.fields.emplace(name::kSerial, fields.serial.hex());
  draft.fields.emplace(name::kIssuer, fields.issuer);
  draft.fields.emplace(name::kWhy, fields.why);
  return draft;
}

Draft access_draft(const AccessFields& fields) {
  Draft draft = draft_of(entry_type::kAccess, fields.cause, "rejected");
  draft.fields.emplace(name::kReason, fields.reason);
  draft.fields.emplace(name::kText, fields.text);
  put_number(draft.fields, name::kCount, fields.count);
  return draft;
}

Draft process_draft(ProcessEvent event, const ProcessFields& fields) {
  const bool crash = event == ProcessEvent::kCrash;
  const std::string_view type = crash                           ? entry_type::kCrash
                                : event == ProcessEvent::kStart ? entry_type::kStart
                                                                : entry_type::kStop;
  Draft draft = draft_of(type, {}, crash ? "failed" : "ok");
  draft.fields.emplace(name::kProcess, fields.process);
  if (crash) {
    draft.fields.emplace(name::kSignal, std::int64_t{fields.signal});
    draft.fields.emplace(name::kExitStatus, std::int64_t{fields.exit_status});
    put_number(draft.fields, name::kRestarts, fields.restarts);
    return draft;
  }
  draft.fields.emplace(name::kVersion, fields.version);
  draft.fields.emplace(name::kHost, fields.host);
  if (event == ProcessEvent::kStart) put_number(draft.fields, name::kCutBytes, fields.cut_bytes);
  return draft;
}

Result<IntentFields> read_intent(const Entry& entry) {
  FieldReader reader(entry);
  SIGNET_TRY(SerialNumber serial, read_serial(reader));
  IntentFields fields{.cause = reader.cause(),
                      .kind = reader.text(name::kKind),
                      .issuer = reader.text(name::kIssuer),
                      .profile = reader.text(name::kProfile),
                      .serial = std::move(serial),
                      .client = reader.text(name::kClient),
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
  SIGNET_TRY(SerialNumber serial, read_serial(reader));
  return reader.finish(IssuedFields{.cause = reader.cause(),
                                    .intent = reader.number(name::kIntentIndex),
                                    .serial = std::move(serial),
                                    .algorithm = reader.algorithm(name::kSignatureAlgorithm),
                                    .signature = SignatureValue(reader.binary(name::kSignature)),
                                    .certificate_sha256 = reader.hash(name::kCertificateSha256)});
}

Result<RejectedFields> read_rejected(const Entry& entry) {
  FieldReader reader(entry);
  RejectedFields fields{.cause = reader.cause(),
                        .code = reader.text(name::kCode),
                        .text = reader.optional_text(name::kText),
                        .field = reader.optional_text(name::kField)};
  if (reader.has(name::kCsrSha256)) fields.csr_sha256 = reader.hash(name::kCsrSha256);
  if (reader.has(name::kIntentIndex)) fields.intent = reader.number(name::kIntentIndex);
  if (reader.has(name::kCount)) fields.count = reader.number(name::kCount);
  return reader.finish(std::move(fields));
}

Result<OrphanedFields> read_orphaned(const Entry& entry) {
  FieldReader reader(entry);
  SIGNET_TRY(SerialNumber serial, read_serial(reader));
  return reader.finish(OrphanedFields{.cause = reader.cause(),
                                      .intent = reader.number(name::kIntentIndex),
                                      .serial = std::move(serial),
                                      .issuer = reader.text(name::kIssuer),
                                      .why = reader.text(name::kWhy)});
}

Result<Time> read_time(const Entry& entry) {
  FieldReader reader(entry);
  return reader.finish(reader.time(name::kTime));
}

}  // namespace signet::log
