#include "store/projection.h"

#include <fmt/format.h>

#include "log/entries.h"
#include "x509/certificate.h"

namespace signet {
namespace {

std::unexpected<Error> contradiction(const log::Entry& entry, std::string_view what) {
  return fail(ErrorCode::kDataLoss, fmt::format("entry {} of the log ({}): {}", entry.seq, entry.type, what));
}

std::uint64_t position(const LogRow& row, std::uint64_t seq) { return row.first + seq; }

std::string name(const std::string& origin, const std::string& log_key) {
  return fmt::format("\"{}\" (key {})", printable(origin), printable(log_key));
}

/// The log before must have ended for this one, and this one must name it.
Result<void> check_succession(const log::Entry& genesis, const log::GenesisFields& fields,
                              const std::optional<LogRow>& before) {
  if (!before.has_value()) {
    if (!fields.predecessor.has_value()) return {};
    return contradiction(genesis, fmt::format("this log goes on from the log {}, which the store has not seen: it has "
                                              "to be read before this one",
                                              name(fields.predecessor->origin, fields.predecessor->log_key)));
  }
  const std::string last = name(before->origin, before->log_key);
  if (!before->sealed()) return contradiction(genesis, fmt::format("the log {} before it is not sealed", last));
  if (before->successor_origin != fields.origin || before->successor_key != fields.log_key) {
    return contradiction(genesis, fmt::format("the log {} is sealed for the successor {}, and this is {}", last,
                                              name(*before->successor_origin, *before->successor_key),
                                              name(fields.origin, fields.log_key)));
  }
  if (!fields.predecessor.has_value() || fields.predecessor->origin != before->origin ||
      fields.predecessor->log_key != before->log_key) {
    return contradiction(genesis, fmt::format("it does not name its predecessor, the log {}", last));
  }
  return {};
}

}  // namespace

Result<Projection> Projection::prepare(Database& database) {
  Projection made;
  SIGNET_TRY(made.insert_log_, database.prepare("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)"));
  SIGNET_TRY(made.update_log_,
             database.prepare("UPDATE log SET next_seq = ?, last_leaf_hash = ?, issued = ?, successor_origin = ?,"
                              " successor_key = ? WHERE id = ?"));
  SIGNET_TRY(made.set_, database.prepare("INSERT INTO setting VALUES (?, ?)"
                                         " ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256"));
  SIGNET_TRY(made.any_open_, database.prepare("SELECT log.first, intent.position FROM intent JOIN log ON log.id = "
                                              "intent.log WHERE intent.state = 'open' LIMIT 1"));
  SIGNET_TRY(made.insert_intent_,
             database.prepare("INSERT INTO intent VALUES (?, ?, 'open', NULL, ?, ?, ?, ?, ?, ?, ?, ?)"));
  SIGNET_TRY(made.find_open_intent_,
             database.prepare("SELECT issuer, serial, tbs FROM intent WHERE position = ? AND state = 'open'"));
  SIGNET_TRY(made.close_intent_,
             database.prepare("UPDATE intent SET state = ?, closed_by = ?, tbs = NULL WHERE position = ?"));
  SIGNET_TRY(made.insert_certificate_, database.prepare("INSERT INTO certificate VALUES (?, ?, ?, ?, ?)"));
  SIGNET_TRY(made.insert_revocation_, database.prepare("INSERT INTO revocation VALUES (?, ?, ?, ?, ?)"));
  return made;
}

Result<LogRow> Projection::begin_log(const log::Entry& genesis, const std::optional<LogRow>& before) {
  if (genesis.type != log::entry_type::kGenesis) return contradiction(genesis, "a log begins with an entry `genesis`");
  SIGNET_TRY(const log::GenesisFields fields, log::read_genesis(genesis));
  SIGNET_CHECK(check_succession(genesis, fields, before));
  const Sha256 leaf_hash = log::leaf_hash(genesis.encoded);
  LogRow row{.id = before.has_value() ? before->id + 1 : 1,
             .origin = fields.origin,
             .log_key = fields.log_key,
             .genesis_leaf_hash = leaf_hash,
             .first = before.has_value() ? before->first + before->next_seq : 0,
             .next_seq = 1,
             .last_leaf_hash = leaf_hash,
             .issued = 0,
             .successor_origin = {},
             .successor_key = {}};
  SIGNET_CHECK(set("configuration", fields.config_sha256));
  SIGNET_CHECK(set("policy", fields.policy_sha256));
  SIGNET_CHECK(set("blocked-keys", sha256({})));  // a log says so itself when there is a list
  Query query(insert_log_);
  query.bind(row.id).bind(row.origin).bind(row.log_key).bind(row.genesis_leaf_hash).bind(row.first);
  SIGNET_CHECK(query.bind(row.next_seq).bind(row.last_leaf_hash).bind(row.issued).run());
  return row;
}

Result<void> Projection::save(const LogRow& row) {
  Query query(update_log_);
  query.bind(row.next_seq).bind(row.last_leaf_hash).bind(row.issued);
  if (row.sealed()) {
    query.bind(*row.successor_origin).bind(*row.successor_key);
  } else {
    query.bind_null().bind_null();
  }
  return query.bind(row.id).run();
}

Result<void> Projection::apply(const log::Entry& entry, LogRow& row) {
  if (row.sealed()) return contradiction(entry, fmt::format("the log was sealed by entry {}", row.next_seq - 1));
  SIGNET_CHECK(apply_type(entry, row));
  if (entry.type == log::entry_type::kIssued) ++row.issued;
  ++row.next_seq;
  row.last_leaf_hash = log::leaf_hash(entry.encoded);
  return {};
}

Result<void> Projection::apply_type(const log::Entry& entry, LogRow& row) {
  namespace entry_type = log::entry_type;
  if (entry.type == entry_type::kIntent) return apply_intent(entry, row);
  if (entry.type == entry_type::kIssued) return apply_issued(entry, row);
  if (entry.type == entry_type::kRejected) return apply_rejected(entry, row);
  if (entry.type == entry_type::kOrphaned) return apply_orphaned(entry, row);
  if (entry.type == entry_type::kConfig) return apply_config(entry);
  if (entry.type == entry_type::kSealed) return apply_sealed(entry, row);
  if (entry.type == entry_type::kGenesis) return contradiction(entry, "a log has one, as its first entry");
  return {};
}

Result<void> Projection::apply_config(const log::Entry& entry) {
  SIGNET_TRY(const log::ConfigFields fields, log::read_config(entry));
  const auto name_of = [](log::ConfigFile what) {
    return what == log::ConfigFile::kPolicy        ? "policy"
           : what == log::ConfigFile::kBlockedKeys ? "blocked-keys"
                                                   : "configuration";
  };
  return set(name_of(fields.what), fields.new_sha256);
}

Result<void> Projection::apply_sealed(const log::Entry& entry, LogRow& row) {
  SIGNET_TRY(const log::SealedFields fields, log::read_sealed(entry));
  Query query(any_open_);
  SIGNET_TRY(const bool open, query.next());
  if (open) return contradiction(entry, fmt::format("intent {} is still open", query.number(1) - query.number(0)));
  row.successor_origin = fields.successor_origin;
  row.successor_key = fields.successor_key;
  return {};
}

Result<void> Projection::set(std::string_view name, const Sha256& value) {
  return Query(set_).bind(name).bind(ByteView(value)).run();
}

Result<void> Projection::apply_intent(const log::Entry& entry, const LogRow& row) {
  SIGNET_TRY(const log::IntentFields fields, log::read_intent(entry));
  Query query(insert_intent_);
  query.bind(position(row, entry.seq)).bind(row.id).bind(fields.issuer).bind(fields.serial.bytes());
  query.bind(fields.client).bind(fields.profile).bind(fields.cause.request);
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

Result<void> Projection::apply_issued(const log::Entry& entry, const LogRow& row) {
  SIGNET_TRY(const log::IssuedFields fields, log::read_issued(entry));
  SIGNET_TRY(const ClosedIntent intent, close_intent(entry, row, fields.intent, "issued"));
  if (!equal(intent.serial, fields.serial.bytes())) return contradiction(entry, "its intent has another serial");
  const auto tbs = parse_tbs(intent.tbs.view());
  if (!tbs) return contradiction(entry, fmt::format("the TBS of its intent: {}", tbs.error().message));
  const CertificateDer certificate = assemble_certificate(intent.tbs, fields.algorithm, fields.signature);
  if (sha256(certificate.view()) != fields.certificate_sha256) {
    return contradiction(entry, "TBS and signature make a certificate with another SHA-256 than logged");
  }
  Query query(insert_certificate_);
  query.bind(position(row, entry.seq))
      .bind(position(row, fields.intent))
      .bind(fields.certificate_sha256)
      .bind(std::int64_t{tbs->not_after.time_since_epoch().count()})
      .bind(certificate.view());
  return query.run();
}

Result<void> Projection::apply_rejected(const log::Entry& entry, const LogRow& row) {
  SIGNET_TRY(const log::RejectedFields fields, log::read_rejected(entry));
  if (!fields.intent) return {};
  SIGNET_TRY([[maybe_unused]] const ClosedIntent intent, close_intent(entry, row, *fields.intent, "rejected"));
  return {};
}

Result<void> Projection::apply_orphaned(const log::Entry& entry, const LogRow& row) {
  SIGNET_TRY(const log::OrphanedFields fields, log::read_orphaned(entry));
  SIGNET_TRY(const Time time, log::read_time(entry));
  SIGNET_TRY(const ClosedIntent intent, close_intent(entry, row, fields.intent, "orphaned"));
  if (!equal(intent.serial, fields.serial.bytes())) return contradiction(entry, "its intent has another serial");
  if (intent.issuer != fields.issuer) return contradiction(entry, "its intent has another issuer");
  Query query(insert_revocation_);
  query.bind(position(row, entry.seq))
      .bind(fields.issuer)
      .bind(fields.serial.bytes())
      .bind(std::int64_t{time.time_since_epoch().count()})
      .bind(fields.why);
  return query.run();
}

Result<Projection::ClosedIntent> Projection::close_intent(const log::Entry& by, const LogRow& row, std::uint64_t intent,
                                                          std::string_view state) {
  if (intent >= by.seq) return contradiction(by, fmt::format("entry {} does not stand before it", intent));
  ClosedIntent closed;
  {
    Query query(find_open_intent_);
    SIGNET_TRY(const bool found, query.bind(position(row, intent)).next());
    if (!found) return contradiction(by, fmt::format("entry {} is not an open intent", intent));
    closed = {.issuer = query.text(0), .serial = query.bytes(1), .tbs = TbsDer(query.bytes(2))};
  }
  Query query(close_intent_);
  SIGNET_CHECK(query.bind(state).bind(position(row, by.seq)).bind(position(row, intent)).run());
  return closed;
}

}  // namespace signet
