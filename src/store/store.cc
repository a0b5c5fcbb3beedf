#include "store/store.h"

#include <fmt/format.h>

#include <mutex>

#include "store/database.h"
#include "store/projection.h"
#include "store/schema.h"

namespace signet {
namespace {

struct Progress {
  std::uint64_t next_seq = 0;
  std::optional<Sha256> last_leaf_hash;
  std::uint64_t issued_count = 0;
};

Result<Progress> read_progress(Database& database) {
  SIGNET_TRY(const Statement statement,
             database.prepare("SELECT next_seq, last_leaf_hash, issued_count FROM progress"));
  Query query(statement);
  SIGNET_TRY(const bool found, query.next());
  if (!found) return fail(ErrorCode::kDataLoss, "the store: it does not say how far it is; delete it");
  Progress progress{.next_seq = query.number(0), .last_leaf_hash = {}, .issued_count = query.number(2)};
  if (query.is_null(1)) return progress;
  SIGNET_TRY(progress.last_leaf_hash, query.hash(1));
  return progress;
}

constexpr std::string_view kFindIssued =
    "SELECT i.payload_sha256, c.der, i.serial, i.issuer, c.log_index, i.log_index, c.not_after"
    " FROM intent i JOIN certificate c ON c.intent = i.log_index WHERE i.state = 'issued' AND ";

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
                                     .not_after = Time(std::chrono::microseconds(row.integer(6)))}};
}

}  // namespace

struct Store::Impl {
  Impl(Database opened, Projection prepared, Progress found)
      : database(std::move(opened)), projection(std::move(prepared)), progress(found) {}

  Result<void> prepare();
  Result<void> apply(std::span<const log::Entry> entries);
  Result<Progress> apply_all(std::span<const log::Entry> entries);

  mutable std::mutex mutex;
  Database database;
  Projection projection;
  Progress progress;
  Statement set_progress;
  Statement by_idempotency;
  Statement by_serial;
  Statement serial_taken;
  Statement open_intents;
};

Result<void> Store::Impl::prepare() {
  SIGNET_TRY(set_progress,
             database.prepare("UPDATE progress SET next_seq = ?, last_leaf_hash = ?, issued_count = ? WHERE id = 1"));
  SIGNET_TRY(by_idempotency,
             database.prepare(
                 fmt::format("{} i.client = ? AND i.idempotency_key = ? ORDER BY i.log_index LIMIT 1", kFindIssued)));
  SIGNET_TRY(by_serial, database.prepare(fmt::format("{} i.serial = ?", kFindIssued)));
  SIGNET_TRY(serial_taken, database.prepare("SELECT 1 FROM intent WHERE serial = ? AND state <> 'rejected'"));
  SIGNET_TRY(open_intents, database.prepare("SELECT log_index, issuer, serial, client, request FROM intent"
                                            " WHERE state = 'open' ORDER BY log_index"));
  return {};
}

Result<void> Store::Impl::apply(std::span<const log::Entry> entries) {
  while (!entries.empty() && entries.front().seq < progress.next_seq) entries = entries.subspan(1);
  if (entries.empty()) return {};
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
  progress = *applied;
  return {};
}

Result<Progress> Store::Impl::apply_all(std::span<const log::Entry> entries) {
  Progress next = progress;
  for (const log::Entry& entry : entries) {
    if (entry.seq != next.next_seq) {
      return fail(ErrorCode::kInternal,
                  fmt::format("the store expects entry {} of the log and was given {}", next.next_seq, entry.seq));
    }
    SIGNET_TRY(const unsigned issued, projection.apply(entry));
    next.issued_count += issued;
    ++next.next_seq;
  }
  next.last_leaf_hash = log::leaf_hash(entries.back().encoded);
  Query query(set_progress);
  SIGNET_CHECK(query.bind(next.next_seq).bind(*next.last_leaf_hash).bind(next.issued_count).run());
  return next;
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const std::string& path) {
  SIGNET_TRY(Database database, Database::open(path));
  SIGNET_CHECK(prepare_schema(database, path));
  SIGNET_TRY(const Progress progress, read_progress(database));
  SIGNET_TRY(Projection projection, Projection::prepare(database));
  auto impl = std::make_unique<Impl>(std::move(database), std::move(projection), progress);
  SIGNET_CHECK(impl->prepare());
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

std::uint64_t Store::next_seq() const {
  const std::lock_guard guard(impl_->mutex);
  return impl_->progress.next_seq;
}

std::optional<Sha256> Store::last_leaf_hash() const {
  const std::lock_guard guard(impl_->mutex);
  return impl_->progress.last_leaf_hash;
}

std::uint64_t Store::issued_count() const {
  const std::lock_guard guard(impl_->mutex);
  return impl_->progress.issued_count;
}

Result<void> Store::apply(std::span<const log::Entry> entries) {
  const std::lock_guard guard(impl_->mutex);
  return impl_->apply(entries);
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
