#include "store/store.h"

#include <fmt/format.h>

#include <mutex>

#include "store/ballast.h"
#include "store/database.h"
#include "store/projection.h"
#include "store/schema.h"

namespace signet {
namespace {

/// Where the store stands.
struct Progress {
  std::optional<LogRow> log;  ///< the present one
  std::uint64_t issued = 0;   ///< in all logs
};

constexpr std::string_view kLogColumns =
    "SELECT id, origin, log_key, genesis_leaf_hash, first, next_seq, last_leaf_hash, issued, successor_origin,"
    " successor_key FROM log ORDER BY id";

/// A row of kLogColumns.
Result<LogRow> read_row(const Query& row) {
  LogRow read{.id = row.integer(0),
              .origin = row.text(1),
              .log_key = row.text(2),
              .genesis_leaf_hash = {},
              .first = row.number(4),
              .next_seq = row.number(5),
              .last_leaf_hash = {},
              .issued = row.number(7),
              .successor_origin = {},
              .successor_key = {}};
  SIGNET_TRY(read.genesis_leaf_hash, row.hash(3));
  SIGNET_TRY(read.last_leaf_hash, row.hash(6));
  if (!row.is_null(8)) read.successor_origin = row.text(8);
  if (!row.is_null(9)) read.successor_key = row.text(9);
  return read;
}

Result<std::vector<LogRow>> read_rows(const Statement& statement) {
  Query query(statement);
  std::vector<LogRow> rows;
  while (true) {
    SIGNET_TRY(const bool found, query.next());
    if (!found) return rows;
    SIGNET_TRY(LogRow row, read_row(query));
    rows.push_back(std::move(row));
  }
}

Result<Progress> read_progress(Database& database) {
  SIGNET_TRY(const Statement statement, database.prepare(kLogColumns));
  SIGNET_TRY(std::vector<LogRow> rows, read_rows(statement));
  Progress progress;
  for (const LogRow& row : rows) progress.issued += row.issued;
  if (!rows.empty()) progress.log = std::move(rows.back());
  return progress;
}

constexpr std::string_view kFindIssued =
    "SELECT i.payload_sha256, c.der, i.serial, i.issuer, c.position - l.first, i.position - l.first, c.not_after,"
    " CASE WHEN l.id = (SELECT max(id) FROM log) THEN '' ELSE l.origin END"
    " FROM intent i JOIN certificate c ON c.intent = i.position JOIN log l ON l.id = i.log"
    " WHERE i.state = 'issued' AND ";

/// A row of kFindIssued.
Result<IdempotentAnswer> read_answer(const Query& row) {
  SIGNET_TRY(const Sha256 payload_sha256, row.hash(0));
  SIGNET_TRY(SerialNumber serial, SerialNumber::from_der_contents(row.bytes(2)));
  return IdempotentAnswer{.payload_sha256 = payload_sha256,
                          .issued = {.certificate = CertificateDer(row.bytes(1)),
                                     .serial = std::move(serial),
                                     .issuer = row.text(3),
                                     .log_index = row.number(4),
                                     .intent_log_index = row.number(5),
                                     .log_origin = row.text(7),
                                     .not_after = Time(std::chrono::microseconds(row.integer(6)))}};
}

}  // namespace

struct Store::Impl {
  Impl(Database opened, Projection prepared, Progress found, Ballast kept)
      : database(std::move(opened)),
        projection(std::move(prepared)),
        progress(std::move(found)),
        ballast(std::move(kept)) {}

  Result<void> prepare();
  Result<void> apply(std::span<const log::Entry> entries);
  Result<void> apply_once(std::span<const log::Entry> entries);
  Result<Progress> apply_all(std::span<const log::Entry> entries);
  Result<std::span<const log::Entry>> unseen(std::span<const log::Entry> entries) const;

  mutable std::mutex mutex;
  Database database;
  Projection projection;
  Progress progress;
  Ballast ballast;
  Statement rows;
  Statement settings;
  Statement by_idempotency;
  Statement by_serial;
  Statement by_sha256;
  Statement serial_taken;
  Statement open_intents;
};

Result<void> Store::Impl::prepare() {
  SIGNET_TRY(rows, database.prepare(kLogColumns));
  SIGNET_TRY(settings, database.prepare("SELECT sha256 FROM setting ORDER BY name"));
  SIGNET_TRY(by_idempotency,
             database.prepare(
                 fmt::format("{} i.client = ? AND i.idempotency_key = ? ORDER BY i.position LIMIT 1", kFindIssued)));
  SIGNET_TRY(by_serial, database.prepare(fmt::format("{} i.serial = ?", kFindIssued)));
  SIGNET_TRY(by_sha256,
             database.prepare("SELECT i.issuer, i.profile, r.serial IS NOT NULL FROM certificate c"
                              " JOIN intent i ON i.position = c.intent LEFT JOIN revocation r ON r.serial = i.serial"
                              " WHERE c.sha256 = ?"));
  SIGNET_TRY(serial_taken, database.prepare("SELECT 1 FROM intent WHERE serial = ? AND state <> 'rejected'"));
  SIGNET_TRY(open_intents,
             database.prepare("SELECT i.position - l.first, i.issuer, i.serial, i.client, i.request FROM intent i"
                              " JOIN log l ON l.id = i.log WHERE i.state = 'open' ORDER BY i.position"));
  return {};
}

/// What of `entries` is new. The first entry of the log that succeeds a sealed one has a place below next_seq, too.
Result<std::span<const log::Entry>> Store::Impl::unseen(std::span<const log::Entry> entries) const {
  if (!progress.log.has_value() || entries.empty()) return entries;
  const bool other_log =
      entries.front().seq == 0 && log::leaf_hash(entries.front().encoded) != progress.log->genesis_leaf_hash;
  if (other_log && progress.log->sealed()) return entries;
  if (other_log) {
    return fail(ErrorCode::kDataLoss,
                fmt::format("the store follows the log \"{}\", which is not sealed, and was given "
                            "the first entry of another",
                            printable(progress.log->origin)));
  }
  while (!entries.empty() && entries.front().seq < progress.log->next_seq) entries = entries.subspan(1);
  return entries;
}

/// The log keeps room for what closes an intent; so does the store. There is one second try, in the room that the
/// ballast gives back.
Result<void> Store::Impl::apply(std::span<const log::Entry> entries) {
  SIGNET_TRY(entries, unseen(entries));
  if (entries.empty()) return {};
  Result<void> applied = apply_once(entries);
  const bool full = !applied && applied.error().code == ErrorCode::kResourceExhausted;
  return full && ballast.drop() ? apply_once(entries) : applied;
}

Result<void> Store::Impl::apply_once(std::span<const log::Entry> entries) {
  SIGNET_CHECK(database.execute("BEGIN IMMEDIATE"));
  Result<Progress> applied = apply_all(entries);
  if (applied) {
    if (auto committed = database.execute("COMMIT"); !committed) applied = std::unexpected(committed.error());
  }
  if (!applied) {
    // SQLite may have rolled back by itself, so the answer says nothing new.
    static_cast<void>(database.execute("ROLLBACK"));
    return std::unexpected(applied.error());
  }
  progress = *std::move(applied);
  return {};
}

Result<Progress> Store::Impl::apply_all(std::span<const log::Entry> entries) {
  Progress next = progress;
  if (entries.front().seq == 0) {
    SIGNET_TRY(next.log, projection.begin_log(entries.front(), progress.log));
    entries = entries.subspan(1);
  }
  for (const log::Entry& entry : entries) {
    const std::uint64_t expected = next.log.has_value() ? next.log->next_seq : 0;
    if (entry.seq != expected) {
      return fail(ErrorCode::kInternal,
                  fmt::format("the store expects entry {} of the log and was given {}", expected, entry.seq));
    }
    const std::uint64_t before = next.log->issued;
    SIGNET_CHECK(projection.apply(entry, *next.log));
    next.issued += next.log->issued - before;
  }
  SIGNET_CHECK(projection.save(*next.log));
  return next;
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const std::string& path, StoreLimits limits, log::FileOps& ops) {
  SIGNET_TRY(Database database, Database::open(path));
  SIGNET_CHECK(prepare_schema(database, path));
  SIGNET_TRY(Progress progress, read_progress(database));
  SIGNET_TRY(Projection projection, Projection::prepare(database));
  auto impl = std::make_unique<Impl>(std::move(database), std::move(projection), std::move(progress),
                                     Ballast(path + ".reserve", limits, ops));
  SIGNET_CHECK(impl->prepare());
  static_cast<void>(impl->ballast.look());  // where there is no room for it, check_room() says so
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

std::uint64_t Store::next_seq() const {
  const std::lock_guard guard(impl_->mutex);
  return impl_->progress.log.has_value() ? impl_->progress.log->next_seq : 0;
}

std::uint64_t Store::issued_count() const {
  const std::lock_guard guard(impl_->mutex);
  return impl_->progress.issued;
}

Result<std::vector<StoredLog>> Store::logs() const {
  const std::lock_guard guard(impl_->mutex);
  SIGNET_TRY(std::vector<LogRow> rows, read_rows(impl_->rows));
  std::vector<StoredLog> logs;
  for (LogRow& row : rows) {
    logs.push_back({.origin = std::move(row.origin),
                    .log_key = std::move(row.log_key),
                    .genesis_leaf_hash = row.genesis_leaf_hash,
                    .next_seq = row.next_seq,
                    .last_leaf_hash = row.last_leaf_hash,
                    .sealed = row.sealed()});
  }
  return logs;
}

Result<std::optional<KnownSettings>> Store::settings() const {
  const std::lock_guard guard(impl_->mutex);
  Query query(impl_->settings);
  KnownSettings known;
  for (Sha256* const hash : {&known.blocked_keys_sha256, &known.config_sha256, &known.policy_sha256}) {  // by name
    SIGNET_TRY(const bool found, query.next());
    if (!found) return std::nullopt;
    SIGNET_TRY(*hash, query.hash(0));
  }
  return known;
}

Result<void> Store::apply(std::span<const log::Entry> entries) {
  const std::lock_guard guard(impl_->mutex);
  return impl_->apply(entries);
}

Result<void> Store::check_room() {
  const std::lock_guard guard(impl_->mutex);
  return impl_->ballast.look();
}

Result<std::optional<IdempotentAnswer>> Store::find_by_idempotency(std::string_view client, ByteView key) const {
  const std::lock_guard guard(impl_->mutex);
  Query query(impl_->by_idempotency);
  SIGNET_TRY(const bool found, query.bind(client).bind(key).next());
  if (!found) return std::nullopt;
  SIGNET_TRY(IdempotentAnswer answer, read_answer(query));
  return answer;
}

Result<bool> Store::serial_exists(const SerialNumber& serial) const {
  const std::lock_guard guard(impl_->mutex);
  Query query(impl_->serial_taken);
  return query.bind(serial.bytes()).next();
}

Result<std::optional<Issued>> Store::find_by_serial(const SerialNumber& serial) const {
  const std::lock_guard guard(impl_->mutex);
  Query query(impl_->by_serial);
  SIGNET_TRY(const bool found, query.bind(serial.bytes()).next());
  if (!found) return std::nullopt;
  SIGNET_TRY(IdempotentAnswer answer, read_answer(query));
  return std::move(answer.issued);
}

Result<std::optional<IssuedRecord>> Store::find_by_sha256(const Sha256& fingerprint) const {
  const std::lock_guard guard(impl_->mutex);
  Query query(impl_->by_sha256);
  SIGNET_TRY(const bool found, query.bind(ByteView(fingerprint)).next());
  if (!found) return std::nullopt;
  return IssuedRecord{.issuer = query.text(0), .profile = query.text(1), .revoked = query.number(2) != 0};
}

Result<std::vector<OpenIntent>> Store::open_intents() const {
  const std::lock_guard guard(impl_->mutex);
  Query query(impl_->open_intents);
  std::vector<OpenIntent> intents;
  while (true) {
    SIGNET_TRY(const bool found, query.next());
    if (!found) return intents;
    SIGNET_TRY(SerialNumber serial, SerialNumber::from_der_contents(query.bytes(2)));
    intents.push_back({.log_index = query.number(0),
                       .issuer = query.text(1),
                       .serial = std::move(serial),
                       .client = query.text(3),
                       .request = query.text(4)});
  }
}

}  // namespace signet
