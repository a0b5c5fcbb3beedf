#include "store/schema.h"

#include <fmt/format.h>

namespace signet {
namespace {

// Serial numbers and keys are big-endian bytes, hashes 32 bytes, times microseconds since 1970. A log that is sealed is
// succeeded by another one, and both count their entries from 0: what the other tables call position is a number of its
// own for every entry of all of them, the `first` of its log plus its index there.
constexpr std::string_view kTables = R"sql(
CREATE TABLE log (
  id INTEGER PRIMARY KEY,
  origin TEXT NOT NULL,
  log_key TEXT NOT NULL,
  genesis_leaf_hash BLOB NOT NULL UNIQUE CHECK (length(genesis_leaf_hash) = 32),
  first INTEGER NOT NULL UNIQUE CHECK (first >= 0),
  next_seq INTEGER NOT NULL CHECK (next_seq > 0),
  last_leaf_hash BLOB NOT NULL CHECK (length(last_leaf_hash) = 32),
  issued INTEGER NOT NULL CHECK (issued >= 0),
  successor_origin TEXT,
  successor_key TEXT CHECK ((successor_key IS NULL) = (successor_origin IS NULL))
) STRICT;

CREATE TABLE setting (
  name TEXT PRIMARY KEY CHECK (name IN ('blocked-keys', 'configuration', 'policy')),
  sha256 BLOB NOT NULL CHECK (length(sha256) = 32)
) STRICT;

CREATE TABLE intent (
  position INTEGER PRIMARY KEY,
  log INTEGER NOT NULL REFERENCES log (id),
  state TEXT NOT NULL CHECK (state IN ('open', 'issued', 'rejected', 'orphaned')),
  closed_by INTEGER UNIQUE CHECK ((closed_by IS NULL) = (state = 'open')),
  issuer TEXT NOT NULL,
  serial BLOB NOT NULL,
  client TEXT NOT NULL,
  profile TEXT NOT NULL,
  request TEXT NOT NULL,
  idempotency_key BLOB,
  payload_sha256 BLOB NOT NULL CHECK (length(payload_sha256) = 32),
  tbs BLOB CHECK ((tbs IS NULL) = (state <> 'open'))
) STRICT;
CREATE UNIQUE INDEX intent_by_serial ON intent (serial) WHERE state <> 'rejected';
CREATE INDEX intent_by_idempotency ON intent (client, idempotency_key)
  WHERE state = 'issued' AND idempotency_key IS NOT NULL;
CREATE INDEX intent_open ON intent (position) WHERE state = 'open';

CREATE TABLE certificate (
  position INTEGER PRIMARY KEY,
  intent INTEGER NOT NULL UNIQUE REFERENCES intent (position),
  sha256 BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
  not_after INTEGER NOT NULL,
  der BLOB NOT NULL
) STRICT;

CREATE TABLE revocation (
  position INTEGER PRIMARY KEY,
  issuer TEXT NOT NULL,
  serial BLOB NOT NULL UNIQUE,
  time INTEGER NOT NULL,
  why TEXT NOT NULL
) STRICT;
)sql";

}  // namespace

Result<void> prepare_schema(Database& database, const std::string& path) {
  SIGNET_TRY(const std::int64_t version, database.number("PRAGMA user_version"));
  if (version == kSchemaVersion) return {};
  SIGNET_TRY(const std::int64_t tables, database.number("SELECT count(*) FROM sqlite_schema"));
  if (version != 0 || tables != 0) {
    return fail(
        ErrorCode::kFailedPrecondition,
        fmt::format("{}: its schema has version {}, this program needs {}; delete it: it is rebuilt from the log", path,
                    version, kSchemaVersion));
  }
  // In one transaction, the version included: a crash leaves an empty database or a ready one.
  const std::string sql = fmt::format("BEGIN;{}PRAGMA user_version = {};COMMIT;", kTables, kSchemaVersion);
  return database.execute(sql.c_str());
}

}  // namespace signet
