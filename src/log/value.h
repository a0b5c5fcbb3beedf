// JSON values with one encoding each: what entries of the log are made of.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"

namespace signet::log {

class Value;
using Array = std::vector<Value>;
/// Keys in bytewise order, which is the order they are written in.
using Object = std::map<std::string, Value, std::less<>>;

/// Text, integer, boolean, array or object. There is no null (a field that says nothing is left out) and no fraction.
class Value {
 public:
  Value(std::string text) : value_(std::move(text)) {}               // NOLINT(google-explicit-constructor)
  Value(std::string_view text) : value_(std::string(text)) {}        // NOLINT(google-explicit-constructor)
  Value(const char* text) : value_(std::string(text)) {}             // NOLINT(google-explicit-constructor)
  Value(std::int64_t number) : value_(number) {}                     // NOLINT(google-explicit-constructor)
  Value(Array array) : value_(std::move(array)) {}                   // NOLINT(google-explicit-constructor)
  Value(Object object) : value_(std::move(object)) {}                // NOLINT(google-explicit-constructor)
  static Value boolean(bool value) { return Value(Stored(value)); }  ///< named, so that no pointer becomes one

  /// The value if it is of that kind, otherwise nullptr.
  [[nodiscard]] const std::string* text() const noexcept { return std::get_if<std::string>(&value_); }
  [[nodiscard]] const std::int64_t* integer() const noexcept { return std::get_if<std::int64_t>(&value_); }
  [[nodiscard]] const bool* boolean() const noexcept { return std::get_if<bool>(&value_); }
  [[nodiscard]] const Array* array() const noexcept { return std::get_if<Array>(&value_); }
  [[nodiscard]] const Object* object() const noexcept { return std::get_if<Object>(&value_); }
  [[nodiscard]] Object* object() noexcept { return std::get_if<Object>(&value_); }

  friend bool operator==(const Value&, const Value&) = default;

 private:
  using Stored = std::variant<std::string, std::int64_t, bool, Array, Object>;
  explicit Value(Stored value) : value_(std::move(value)) {}
  Stored value_;
};

/// How deep arrays and objects may be nested, the outermost object included.
inline constexpr unsigned kMaxValueDepth = 16;

/// The canonical encoding: UTF-8; keys sorted bytewise; no white space; integers in decimal; in texts only `"`, `\` and
/// U+0000..U+001F are escaped, as \" \\ \b \t \n \f \r and otherwise \u00xx with lower-case digits; everything else
/// stands for itself. (RFC 8785 without fractions, and with keys in the order of their UTF-8 bytes.)
/// Error kInvalidArgument: a text or key that is not UTF-8, or deeper than kMaxValueDepth.
[[nodiscard]] Result<Bytes> encode_canonical(const Object& object);

/// Reads an object and takes nothing but its canonical encoding: writing the result gives the same bytes. Refuses
/// fractions, integers outside 64 signed bits, null, repeated or unsorted keys, white space and any other escape.
/// Error kInvalidArgument, with the byte offset where the syntax is wrong.
[[nodiscard]] Result<Object> parse_canonical(ByteView bytes);

}  // namespace signet::log
