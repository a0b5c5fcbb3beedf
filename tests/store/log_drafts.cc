#include "store/log_drafts.h"

#include "x509/public_key.h"

namespace signet::test {
namespace {

const SignatureValue kSignature{Bytes(64, 0x5A)};

}  // namespace

SerialNumber serial(std::uint8_t n) {
  Bytes bytes(20, 0x00);
  bytes.front() = 0x01;
  bytes.back() = n;
  return SerialNumber::from_der_contents(bytes).value();
}

TbsDer tbs(std::uint8_t n) {
  const TbsFields fields{.serial = serial(n),
                         .algorithm = SignatureAlgorithm::kEd25519,
                         .issuer = Name::from_text("CN=Issuing,O=Example").value(),
                         .not_before = parse_rfc3339("2026-01-02T03:04:05.000000Z").value(),
                         .not_after = parse_rfc3339(kNotAfter).value(),
                         .subject = Name::from_text("CN=payment-service").value(),
                         .spki = ed25519_spki(Bytes(32, n)).value(),
                         .basic_constraints = {},
                         .key_usage = {},
                         .extended_key_usage = {},
                         .alt_names = {},
                         .subject_key_id = {},
                         .authority_key_id = {}};
  return encode_tbs(fields);
}

CertificateDer certificate(std::uint8_t n) {
  return assemble_certificate(tbs(n), SignatureAlgorithm::kEd25519, kSignature);
}

Sha256 payload_hash(std::uint8_t n) { return sha256(Bytes{n}); }

log::Draft genesis(const std::string& origin, const std::optional<log::Predecessor>& predecessor) {
  return log::genesis_draft({.origin = origin,
                             .log_key = log_key(origin),
                             .version = "1",
                             .ceremony_sha256 = sha256(bytes_of("transcript")),
                             .policy_sha256 = sha256(bytes_of("policy")),
                             .config_sha256 = sha256(bytes_of("configuration")),
                             .predecessor = predecessor});
}

std::string log_key(const std::string& origin) { return origin + "+00000000+AA=="; }

log::Draft sealed(const std::string& successor_origin) {
  return log::sealed_draft({.successor_origin = successor_origin, .successor_key = log_key(successor_origin)});
}

log::Predecessor predecessor(const std::string& origin) {
  return {.origin = origin, .log_key = log_key(origin), .checkpoint = "a note\n"};
}

log::Draft intent(std::uint8_t n, const Bytes& key) {
  return log::intent_draft({.cause = {.who = {}, .request = "r-" + std::to_string(n)},
                            .issuer = "issuing-1",
                            .profile = "tls-server",
                            .serial = serial(n),
                            .client = "payments",
                            .idempotency_key = key,
                            .payload_sha256 = payload_hash(n),
                            .proof = {},
                            .csr_sha256 = {},
                            .profile_sha256 = {},
                            .lint_version = "1",
                            .tbs = tbs(n)});
}

log::Draft issued(std::uint64_t intent_index, std::uint8_t n) {
  return log::issued_draft({.cause = {},
                            .intent = intent_index,
                            .serial = serial(n),
                            .algorithm = SignatureAlgorithm::kEd25519,
                            .signature = kSignature,
                            .certificate_sha256 = sha256(certificate(n).view())});
}

log::Draft orphaned(std::uint64_t intent_index, std::uint8_t n) {
  return log::orphaned_draft(
      {.cause = {}, .intent = intent_index, .serial = serial(n), .issuer = "issuing-1", .why = "deadline"});
}

log::Draft rejected(std::optional<std::uint64_t> intent_index) {
  return log::rejected_draft(
      {.cause = {}, .code = "PERMISSION_DENIED", .text = "no", .field = {}, .intent = intent_index});
}

std::string dump(const std::string& path) {
  std::string text;
  auto database = Database::open(path).value();
  for (const std::string table : {"log", "setting", "intent", "certificate", "revocation"}) {
    const auto statement = database.prepare("SELECT * FROM " + table + " ORDER BY 1").value();
    const int columns = sqlite3_column_count(statement.get());
    Query query(statement);
    while (query.next().value()) {
      text += table;
      for (int column = 0; column < columns; ++column) {
        text += "|" + (query.is_null(column) ? "NULL" : to_hex(query.bytes(column)));
      }
      text += "\n";
    }
  }
  return text;
}

}  // namespace signet::test
