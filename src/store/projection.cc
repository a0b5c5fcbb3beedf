#include "store/projection.h"

#include <fmt/format.h>

#include "log/entries.h"
#include "x509/certificate.h"

namespace signet {
namespace {

std::unexpected<Error> contradiction(const log::Entry& entry, std::string_view what) {
  return fail(ErrorCode::kDataLoss, fmt::format("entry {} of the log ({}): {}", entry.seq, entry.type, what));
}

}  // namespace

Result<Projection> Projection::prepare(Database& database) {
  Projection made;
  SIGNET_TRY(made.insert_intent_, database.prepare("INSERT INTO intent VALUES (?, 'open', NULL, ?, ?, ?, ?, ?, ?, ?)"));
  SIGNET_TRY(made.find_open_intent_,
             database.prepare("SELECT issuer, serial, tbs FROM intent WHERE log_index = ? AND state = 'open'"));
  SIGNET_TRY(made.close_intent_,
             database.prepare("UPDATE intent SET state = ?, closed_by = ?, tbs = NULL WHERE log_index = ?"));
  SIGNET_TRY(made.insert_certificate_, database.prepare("INSERT INTO certificate VALUES (?, ?, ?, ?, ?)"));
  SIGNET_TRY(made.insert_revocation_, database.prepare("INSERT INTO revocation VALUES (?, ?, ?, ?, ?)"));
  return made;
}

Result<unsigned> Projection::apply(const log::Entry& entry) {
  namespace entry_type = log::entry_type;
  if (entry.type == entry_type::kIssued) {
    SIGNET_CHECK(apply_issued(entry));
    return 1U;
  }
  if (entry.type == entry_type::kIntent) SIGNET_CHECK(apply_intent(entry));
  if (entry.type == entry_type::kRejected) SIGNET_CHECK(apply_rejected(entry));
  if (entry.type == entry_type::kOrphaned) SIGNET_CHECK(apply_orphaned(entry));
  return 0U;
}

Result<void> Projection::apply_intent(const log::Entry& entry) {
  SIGNET_TRY(const log::IntentFields fields, log::read_intent(entry));
  Query query(insert_intent_);
  query.bind(entry.seq).bind(fields.issuer).bind(fields.serial.bytes()).bind(fields.client).bind(fields.cause.request);
  if (fields.idempotency_key.empty()) {
    query.bind_null();
  } else {
    query.bind(fields.idempotency_key);
  }
  query.bind(fields.payload_sha256).bind(fields.tbs.view());
  const auto inserted = query.run();
  if (!inserted && inserted.error().code == ErrorCode::kAlreadyExists) {
    return contradiction(entry, fmt::format("serial {} belongs to an earlier intent", fields.serial.hex()));
  }
  return inserted;
}

Result<void> Projection::apply_issued(const log::Entry& entry) {
  SIGNET_TRY(const log::IssuedFields fields, log::read_issued(entry));
  SIGNET_TRY(const ClosedIntent intent, close_intent(entry, fields.intent, "issued"));
  if (!equal(intent.serial, fields.serial.bytes())) return contradiction(entry, "its intent has another serial");
  const auto tbs = parse_tbs(intent.tbs.view());
  if (!tbs) return contradiction(entry, fmt::format("the TBS of its intent: {}", tbs.error().message));
  const CertificateDer certificate = assemble_certificate(intent.tbs, fields.algorithm, fields.signature);
  if (sha256(certificate.view()) != fields.certificate_sha256) {
    return contradiction(entry, "TBS and signature make a certificate with another SHA-256 than logged");
  }
  Query query(insert_certificate_);
  query.bind(entry.seq)
      .bind(fields.intent)
      .bind(fields.certificate_sha256)
      .bind(std::int64_t{tbs->not_after.time_since_epoch().count()})
      .bind(certificate.view());
  return query.run();
}

Result<void> Projection::apply_rejected(const log::Entry& entry) {
  SIGNET_TRY(const log::RejectedFields fields, log::read_rejected(entry));
  if (!fields.intent) return {};
  SIGNET_TRY(const ClosedIntent intent, close_intent(entry, *fields.intent, "rejected"));
  static_cast<void>(intent);
  return {};
}

Result<void> Projection::apply_orphaned(const log::Entry& entry) {
  SIGNET_TRY(const log::OrphanedFields fields, log::read_orphaned(entry));
  SIGNET_TRY(const Time time, log::read_time(entry));
  SIGNET_TRY(const ClosedIntent intent, close_intent(entry, fields.intent, "orphaned"));
  if (!equal(intent.serial, fields.serial.bytes())) return contradiction(entry, "its intent has another serial");
  if (intent.issuer != fields.issuer) return contradiction(entry, "its intent has another issuer");
  Query query(insert_revocation_);
  query.bind(entry.seq)
      .bind(fields.issuer)
      .bind(fields.serial.bytes())
      .bind(std::int64_t{time.time_since_epoch().count()})
      .bind(fields.why);
  return query.run();
}

Result<Projection::ClosedIntent> Projection::close_intent(const log::Entry& by, std::uint64_t intent,
                                                          std::string_view state) {
  ClosedIntent closed;
  {
    Query query(find_open_intent_);
    SIGNET_TRY(const bool found, query.bind(intent).next());
    if (!found) return contradiction(by, fmt::format("entry {} is not an open intent", intent));
    closed = {.issuer = query.text(0), .serial = query.bytes(1), .tbs = TbsDer(query.bytes(2))};
  }
  Query query(close_intent_);
  SIGNET_CHECK(query.bind(state).bind(by.seq).bind(intent).run());
  return closed;
}

}  // namespace signet
