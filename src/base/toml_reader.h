// Strict reading of TOML: every value has a type and a rule, every key must be known, every error says where.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"

namespace signet {

class TomlTable;

/// A parsed file. It owns the values and collects every complaint, so that an operator sees all of them at once.
/// Not thread-safe.
class TomlDocument {
 public:
  /// `file` is only used in messages. A syntax error (repeated keys are one) is returned at once.
  [[nodiscard]] static Result<std::unique_ptr<TomlDocument>> parse(ByteView text, const std::string& file);
  ~TomlDocument();
  TomlDocument(const TomlDocument&) = delete;
  TomlDocument& operator=(const TomlDocument&) = delete;

  [[nodiscard]] TomlTable root();

  /// After everything was read: kInvalidArgument with one line per complaint, "file:line:column: key: what is wrong",
  /// keys that nobody asked for included; or nothing if all is well. Call it before any value read is used.
  [[nodiscard]] Result<void> finish();

 private:
  friend class TomlTable;
  struct Impl;
  explicit TomlDocument(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// One table of a document. Every getter notes that its key is known and, where the value is missing or breaks its
/// rule, adds a complaint to the document and returns something harmless: readers go on, and finish() tells. Lives as
/// long as its document; copies are cheap and share the state.
class TomlTable {
 public:
  [[nodiscard]] bool has(const std::string& key) const;

  /// A required text of at least one character, or an optional one. No text of this reader holds control characters.
  [[nodiscard]] std::string text(const std::string& key);
  [[nodiscard]] std::optional<std::string> optional_text(const std::string& key);
  /// As text(), for a value that may hold a secret by mistake: no complaint shows it.
  [[nodiscard]] std::string unshown_text(const std::string& key);
  /// One of `allowed`; the complaint lists them. `fallback` is used where the key is absent; none = required.
  [[nodiscard]] std::string choice(const std::string& key, const std::vector<std::string>& allowed,
                                   std::optional<std::string> fallback = {});
  [[nodiscard]] bool boolean(const std::string& key, std::optional<bool> fallback = {});
  /// An integer within [min, max].
  [[nodiscard]] std::int64_t integer(const std::string& key, std::int64_t min, std::int64_t max,
                                     std::optional<std::int64_t> fallback = {});
  /// A duration as parse_duration takes it, within [min, max].
  [[nodiscard]] std::chrono::seconds duration(const std::string& key, std::chrono::seconds min,
                                              std::chrono::seconds max,
                                              std::optional<std::chrono::seconds> fallback = {});
  /// As duration(), in milliseconds and with the unit "ms".
  [[nodiscard]] std::chrono::milliseconds fine_duration(const std::string& key, std::chrono::milliseconds min,
                                                        std::chrono::milliseconds max,
                                                        std::optional<std::chrono::milliseconds> fallback = {});
  /// A list of non-empty texts; empty where the key is absent, unless `at_least` says that so many are required.
  [[nodiscard]] std::vector<std::string> texts(const std::string& key, std::size_t at_least = 0);
  /// As texts, each one of `allowed`.
  [[nodiscard]] std::vector<std::string> choices(const std::string& key, const std::vector<std::string>& allowed,
                                                 std::size_t at_least = 0);

  /// A list of integers within [min, max]; empty where the key is absent, unless `at_least` says otherwise.
  [[nodiscard]] std::vector<std::int64_t> integers(const std::string& key, std::int64_t min, std::int64_t max,
                                                   std::size_t at_least = 0);

  /// A required, or an optional, table under `key`.
  [[nodiscard]] TomlTable table(const std::string& key);
  [[nodiscard]] std::optional<TomlTable> optional_table(const std::string& key);
  /// [[key]]: the tables of an array. At least `at_least` must be there.
  [[nodiscard]] std::vector<TomlTable> tables(const std::string& key, std::size_t at_least = 0);
  /// [key.NAME]: every sub-table with its name, sorted by name. Names are letters, digits, '-', '_' and '.'.
  [[nodiscard]] std::map<std::string, TomlTable> named_tables(const std::string& key, std::size_t at_least = 0);
  /// Every key of this table with its value, which must be a text (used for environments).
  [[nodiscard]] std::map<std::string, std::string> all_texts();

  /// Adds a complaint about `key` (or about the table, where `key` is empty): for rules a reader checks by itself.
  void complain(const std::string& key, const std::string& what);

  /// For a key that is known but does not go with others of this table: complains where it is there.
  void refuse(const std::string& key, const std::string& why);

  /// For a reader of values that fail by themselves: on error the complaint is added under `key`, and T{} returned.
  template <class T>
  [[nodiscard]] T accept(const std::string& key, Result<T> value) {
    if (value.has_value()) return *std::move(value);
    complain(key, value.error().message);
    return T{};
  }

  /// Where `key` stands, as "file:line:column".
  [[nodiscard]] std::string where(const std::string& key) const;

 private:
  friend class TomlDocument;
  TomlTable(TomlDocument::Impl& document, const void* table, std::string path);
  TomlDocument::Impl* document_;
  const void* table_;  // toml::table, kept out of this header: it costs seconds to compile; null after a complaint
  std::string path_;
};

}  // namespace signet
