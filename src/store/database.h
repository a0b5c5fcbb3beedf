// SQLite, wrapped once: handles with one owner, errors as values.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace signet {

template <auto Free>
struct SqliteFreer {
  template <class T>
  void operator()(T* handle) const noexcept {
    Free(handle);
  }
};

/// A prepared statement. It belongs to the thread that holds its database.
using Statement = std::unique_ptr<sqlite3_stmt, SqliteFreer<&sqlite3_finalize>>;

/// One use of a prepared statement: bind from left to right, step, read columns; it is reset at the end. What is bound
/// must live until then.
class Query {
 public:
  explicit Query(const Statement& statement) : statement_(statement.get()) {}
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  Query& bind(std::uint64_t number);
  Query& bind(std::int64_t number);
  Query& bind(std::string_view text);
  Query& bind(ByteView bytes);
  Query& bind_null();

  /// True when there is a row to be read, false at the end.
  [[nodiscard]] Result<bool> next();
  /// For statements that return no rows. Error kAlreadyExists when a UNIQUE rule of the schema is broken.
  [[nodiscard]] Result<void> run();

  /// Columns of the row, from 0.
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::uint64_t number(int column) const { return static_cast<std::uint64_t>(integer(column)); }
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] Bytes bytes(int column) const;
  [[nodiscard]] Result<Sha256> hash(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  void note(int status);

  sqlite3_stmt* statement_;
  int position_ = 0;
  int bind_status_ = SQLITE_OK;
};

/// One connection. Not thread-safe: its owner takes turns.
class Database {
 public:
  /// Opens `path`, made with mode 0600 where it is missing, in WAL mode with synchronous=NORMAL and foreign keys,
  /// locked against every other connection. Errors as Store::open.
  [[nodiscard]] static Result<Database> open(const std::string& path);

  /// Statements without parameters and rows.
  [[nodiscard]] Result<void> execute(const char* sql);
  [[nodiscard]] Result<Statement> prepare(std::string_view sql);
  /// The one number a statement returns, such as a PRAGMA.
  [[nodiscard]] Result<std::int64_t> number(std::string_view sql);

 private:
  using Handle = std::unique_ptr<sqlite3, SqliteFreer<&sqlite3_close_v2>>;
  explicit Database(Handle handle) : handle_(std::move(handle)) {}
  Handle handle_;
};

}  // namespace signet
