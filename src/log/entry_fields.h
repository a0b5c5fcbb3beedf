// How the fields of entries are written and read. Internal to log.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "log/entry_common.h"
#include "x509/algorithm.h"
#include "x509/serial_number.h"

namespace signet::log {

// What an entry says about its outcome.
inline constexpr std::string_view kOutcomeOk = "ok";
inline constexpr std::string_view kOutcomeOpen = "open";
inline constexpr std::string_view kOutcomeRejected = "rejected";
inline constexpr std::string_view kOutcomeFailed = "failed";

/// A draft with the common fields its caller knows.
[[nodiscard]] Draft draft_of(std::string_view type, const Cause& cause, std::string_view outcome);

/// Leaves an empty text out.
void put_if(Object& object, const char* key, const std::string& text);
void put_number(Object& object, const char* key, std::uint64_t number);
void put_hash(Object& object, const char* key, const Sha256& hash);
void put_time(Object& object, const char* key, Time time);

/// Reads the fields of one entry. The first complaint is kept and told by finish(); until then harmless values go on.
class FieldReader {
 public:
  explicit FieldReader(const Entry& entry) : entry_(entry) {}

  [[nodiscard]] bool has(const char* key) const { return entry_.fields.contains(key); }

  // What must be there. An empty text is as good as none.
  std::string text(const char* key);
  std::uint64_t number(const char* key);
  std::int64_t signed_number(const char* key);
  std::chrono::microseconds micros(const char* key) { return std::chrono::microseconds(signed_number(key)); }
  Bytes binary(const char* key);
  Bytes hex(const char* key);
  Time time(const char* key);
  Sha256 hash(const char* key);
  SignatureAlgorithm algorithm(const char* key);
  /// The number of a list of names that this text is, `names` in the order of an enumeration.
  template <class Enum, std::size_t kCount>
  Enum one_of(const char* key, const std::array<std::string_view, kCount>& names) {
    return static_cast<Enum>(index_in(key, names));
  }

  // What may be missing.
  std::string optional_text(const char* key) { return text_in(entry_.fields, key); }
  std::optional<std::uint64_t> optional_number(const char* key);
  std::optional<Sha256> optional_hash(const char* key);
  /// An object of booleans.
  std::map<std::string, bool> flags(const char* key);
  Cause cause();

  /// A serial number cannot be made up, so this one fails by itself.
  Result<SerialNumber> serial(const char* key);

  /// A field that is an object; nullptr (with a complaint if it is something else) where it is missing.
  const Object* object(const char* key);
  /// The text within an object, empty where it is missing.
  std::string text_in(const Object& object, const char* key);

  /// `fields`, or the first complaint.
  template <class T>
  Result<T> finish(T fields) {
    if (complaint_.empty()) return fields;
    return std::unexpected(error());
  }

  void complain(const char* key, std::string_view what);

 private:
  [[nodiscard]] Error error() const;
  std::size_t index_in(const char* key, std::span<const std::string_view> names);

  const Entry& entry_;
  std::string complaint_;
};

}  // namespace signet::log
