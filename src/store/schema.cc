#include "store/schema.h"

#include <fmt/format.h>

namespace signet {
namespace {

// Serial numbers and keys are big-endian bytes, hashes 32 bytes, times microseconds since 1970, indexes those of the
// log.
constexpr std::string_view kTables = R"sql(
CREATE TABLE progress (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  next_seq INTEGER NOT NULL CHECK (next_seq >= 0),
  last_leaf_hash BLOB CHECK ((last_leaf_hash IS NULL) = (next_seq = 0)),
  issued_count INTEGER NOT NULL
) STRICT;
INSERT INTO progress VALUES (1, 0, NULL, 0);

CREATE TABLE intent (
  log_index INTEGER PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('open', 'issued', 'rejected', 'orphaned')),
  closed_by INTEGER UNIQUE CHECK ((closed_by IS NULL) = (state = 'open')),
  issuer TEXT NOT NULL,
  serial BLOB NOT NULL,
  client TEXT NOT NULL,
  request TEXT NOT NULL,
  idempotency_key BLOB,
  payload_sha256 BLOB NOT NULL CHECK (length(payload_sha256) = 32),
  tbs BLOB CHECK ((tbs IS NULL) = (state <> 'open'))
) STRICT;
CREATE UNIQUE INDEX intent_by_serial ON intent (serial) WHERE state <> 'rejected';
CREATE INDEX intent_by_idempotency ON intent (client, idempotency_key)
  WHERE state = 'issued' AND idempotency_key IS NOT NULL;
CREATE INDEX intent_open ON intent (log_index) WHERE state = 'open';

CREATE TABLE certificate (
  log_index INTEGER PRIMARY KEY,
  intent INTEGER NOT NULL UNIQUE REFERENCES intent (log_index),
  sha256 BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
  not_after INTEGER NOT NULL,
  der BLOB NOT NULL
) STRICT;

CREATE TABLE revocation (
  log_index INTEGER PRIMARY KEY,
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
