#include "store/database.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"

namespace signet {
namespace {

/// A quota that is used up is no ENOSPC, and SQLite calls only that full.
bool is_full(sqlite3* database, int status) {
  return (status & 0xFF) == SQLITE_FULL || (status == SQLITE_IOERR_WRITE && sqlite3_system_errno(database) == EDQUOT);
}

ErrorCode code_for(sqlite3* database, int status) {
  if (is_full(database, status)) return ErrorCode::kResourceExhausted;
  if (status == SQLITE_CONSTRAINT_UNIQUE || status == SQLITE_CONSTRAINT_PRIMARYKEY) return ErrorCode::kAlreadyExists;
  switch (status & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ErrorCode::kFailedPrecondition;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ErrorCode::kDataLoss;
    default: return ErrorCode::kInternal;
  }
}

std::unexpected<Error> fail_sqlite(sqlite3* database, int status) {
  const char* what = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(status);
  return std::unexpected(Error{
      .code = code_for(database, status), .message = fmt::format("the store: {}", printable(what)), .native = status});
}

/// Made beforehand because SQLite would make it readable to others; its journals take over the mode.
Result<void> make_private_file(const std::string& path) {
  const UniqueFd file{open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (file.valid()) return sync_directory(directory_of(path));
  if (errno == EEXIST) return {};
  return fail_errno(errno, path);
}

/// Turns the errors of a first access into what a person can do about them.
Error explain(Error error, const std::string& path) {
  if (error.code == ErrorCode::kFailedPrecondition) {
    error.message = fmt::format("{}: another process has this store open; only one may", path);
  } else if (error.code == ErrorCode::kDataLoss) {
    error.message = fmt::format("{}: {}; move it away: it is rebuilt from the log", path, error.message);
  } else {
    error.message = fmt::format("{}: {}", path, error.message);
  }
  return error;
}

// locking_mode comes before the first access: in this order WAL needs no shared memory, and nobody else gets in.
constexpr const char* kSettings =
    "PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = NORMAL;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA trusted_schema = OFF;"
    "BEGIN IMMEDIATE; COMMIT;";

}  // namespace

Query::~Query() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void Query::note(int status) {
  if (bind_status_ == SQLITE_OK) bind_status_ = status;
}

Query& Query::bind(std::uint64_t number) { return bind(static_cast<std::int64_t>(number)); }

Query& Query::bind(std::int64_t number) {
  note(sqlite3_bind_int64(statement_, ++position_, number));
  return *this;
}

Query& Query::bind(std::string_view text) {
  const char* data = text.data() != nullptr ? text.data() : "";
  note(sqlite3_bind_text64(statement_, ++position_, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

Query& Query::bind(ByteView bytes) {
  const void* data = bytes.data() != nullptr ? static_cast<const void*>(bytes.data()) : "";
  note(sqlite3_bind_blob64(statement_, ++position_, data, bytes.size(), SQLITE_STATIC));
  return *this;
}

Query& Query::bind_null() {
  note(sqlite3_bind_null(statement_, ++position_));
  return *this;
}

Result<bool> Query::next() {
  sqlite3* database = sqlite3_db_handle(statement_);
  if (bind_status_ != SQLITE_OK) return fail_sqlite(database, bind_status_);
  const int status = sqlite3_step(statement_);
  if (status == SQLITE_ROW) return true;
  if (status == SQLITE_DONE) return false;
  return fail_sqlite(database, status);
}

Result<void> Query::run() {
  SIGNET_TRY(const bool has_row, next());
  static_cast<void>(has_row);
  return {};
}

std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Query::text(int column) const { return std::string(text_of(bytes(column))); }

Bytes Query::bytes(int column) const {
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return data == nullptr ? Bytes{} : Bytes(data, data + size);
}

Result<Sha256> Query::hash(int column) const {
  const Bytes stored = bytes(column);
  Sha256 hash{};
  if (stored.size() != hash.size()) return fail(ErrorCode::kDataLoss, "the store: a hash has the wrong length");
  std::ranges::copy(stored, hash.begin());
  return hash;
}

bool Query::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

Result<Database> Database::open(const std::string& path) {
  SIGNET_CHECK(make_private_file(path));
  sqlite3* raw = nullptr;
  const int status =
      sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  Database database{Handle(raw)};
  if (status != SQLITE_OK) return std::unexpected(explain(fail_sqlite(raw, status).error(), path));
  if (auto set = database.execute(kSettings); !set) return std::unexpected(explain(std::move(set).error(), path));
  return database;
}

Result<void> Database::execute(const char* sql) {
  const int status = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (status != SQLITE_OK) return fail_sqlite(handle_.get(), status);
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int status = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (status != SQLITE_OK) return fail_sqlite(handle_.get(), status);
  return Statement(raw);
}

Result<std::int64_t> Database::number(std::string_view sql) {
  SIGNET_TRY(const Statement statement, prepare(sql));
  Query query(statement);
  SIGNET_TRY(const bool found, query.next());
  if (!found) return fail(ErrorCode::kInternal, fmt::format("the store: no answer to {}", sql));
  return query.integer(0);
}

}  // namespace signet
