#include "log/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/utf8.h"

namespace signet::log {
namespace {

class Writer {
 public:
  Result<void> object(const Object& object, unsigned depth) {
    SIGNET_CHECK(check_depth(depth));
    out_.push_back('{');
    for (bool first = true; const auto& [key, value] : object) {
      if (!std::exchange(first, false)) out_.push_back(',');
      SIGNET_CHECK(text(key));
      out_.push_back(':');
      SIGNET_CHECK(this->value(value, depth));
    }
    out_.push_back('}');
    return {};
  }

  [[nodiscard]] Bytes take() { return std::move(out_); }

 private:
  Result<void> value(const Value& value, unsigned depth) {
    if (const auto* text = value.text()) return this->text(*text);
    if (const auto* array = value.array()) return this->array(*array, depth + 1);
    if (const auto* object = value.object()) return this->object(*object, depth + 1);
    if (const auto* integer = value.integer()) {
      raw(fmt::format("{}", *integer));
    } else {
      raw(*value.boolean() ? "true" : "false");
    }
    return {};
  }

  Result<void> array(const Array& array, unsigned depth) {
    SIGNET_CHECK(check_depth(depth));
    out_.push_back('[');
    for (bool first = true; const Value& value : array) {
      if (!std::exchange(first, false)) out_.push_back(',');
      SIGNET_CHECK(this->value(value, depth));
    }
    out_.push_back(']');
    return {};
  }

  Result<void> text(std::string_view text) {
    out_.push_back('"');
    for (std::size_t at = 0; at < text.size();) {
      if (const std::size_t plain = plain_at(text, at); plain > 0) {
        raw(text.substr(at, plain));
        at += plain;
        continue;
      }
      const std::size_t length = utf8_length(text.substr(at));
      if (length == 0) {
        return fail(ErrorCode::kInvalidArgument, fmt::format("\"{}\" is not UTF-8 at byte {}", printable(text), at));
      }
      if (length == 1) {
        character(text[at]);
      } else {
        raw(text.substr(at, length));
      }
      at += length;
    }
    out_.push_back('"');
    return {};
  }

  /// How many characters from there on stand for themselves and are ASCII: nearly all of nearly every text.
  static std::size_t plain_at(std::string_view text, std::size_t at) {
    std::size_t end = at;
    while (end < text.size() && text[end] >= 0x20 && text[end] < 0x7F && text[end] != '"' && text[end] != '\\') ++end;
    return end - at;
  }

  void character(char c) {
    constexpr std::string_view kShort = "\"\\\b\t\n\f\r";
    constexpr std::string_view kLetters = "\"\\btnfr";
    if (const auto at = kShort.find(c); at != std::string_view::npos) {
      out_.push_back('\\');
      out_.push_back(static_cast<std::uint8_t>(kLetters[at]));
    } else if (static_cast<unsigned char>(c) < 0x20U) {
      raw(fmt::format("\\u{:04x}", static_cast<unsigned>(c)));
    } else {
      out_.push_back(static_cast<std::uint8_t>(c));
    }
  }

  static Result<void> check_depth(unsigned depth) {
    if (depth <= kMaxValueDepth) return {};
    return fail(ErrorCode::kInvalidArgument, fmt::format("nested deeper than {} levels", kMaxValueDepth));
  }

  void raw(std::string_view text) { append(out_, bytes_of(text)); }

  Bytes out_;
};

/// Builds values from the parser's events. The innermost container that is still open is the last of `open_`.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return refuse("null has no place here"); }
  bool boolean(bool value) override { return add(Value::boolean(value)); }
  bool number_integer(number_integer_t value) override { return add(Value(std::int64_t{value})); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > static_cast<number_unsigned_t>(INT64_MAX)) return refuse("an integer is larger than 64 signed bits");
    return add(Value(static_cast<std::int64_t>(value)));
  }
  bool number_float(number_float_t /*value*/, const string_t& text) override {
    return refuse(fmt::format("{} is not an integer of 64 signed bits", printable(text)));
  }
  bool string(string_t& text) override { return add(Value(std::move(text))); }
  bool binary(binary_t& /*value*/) override { return refuse("binary has no place here"); }
  bool start_object(std::size_t /*elements*/) override { return open(Container{.is_object = true}); }
  bool start_array(std::size_t /*elements*/) override { return open(Container{.is_object = false}); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (open_.back().object.contains(name)) return refuse(fmt::format("key \"{}\" comes twice", printable(name)));
    open_.back().key = std::move(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::json::exception& /*error*/) override {
    return refuse(fmt::format("not JSON at byte {}", position));
  }

  [[nodiscard]] const std::string& why() const { return why_; }
  [[nodiscard]] std::optional<Value>& result() { return result_; }

 private:
  struct Container {
    bool is_object = false;
    Object object = {};
    Array array = {};
    std::string key = {};
  };

  bool refuse(std::string why) {
    if (why_.empty()) why_ = std::move(why);
    return false;
  }

  bool open(Container container) {
    if (open_.size() >= kMaxValueDepth) return refuse(fmt::format("nested deeper than {} levels", kMaxValueDepth));
    open_.push_back(std::move(container));
    return true;
  }

  bool close() {
    Container done = std::move(open_.back());
    open_.pop_back();
    return add(done.is_object ? Value(std::move(done.object)) : Value(std::move(done.array)));
  }

  bool add(Value value) {
    if (open_.empty()) {
      result_ = std::move(value);
    } else if (Container& parent = open_.back(); parent.is_object) {
      parent.object.emplace(std::move(parent.key), std::move(value));
    } else {
      parent.array.push_back(std::move(value));
    }
    return true;
  }

  std::vector<Container> open_;
  std::optional<Value> result_;
  std::string why_;
};

}  // namespace

Result<Bytes> encode_canonical(const Object& object) {
  Writer writer;
  SIGNET_CHECK(writer.object(object, 1));
  return writer.take();
}

Result<Object> parse_canonical(ByteView bytes) {
  Builder builder;
  if (!nlohmann::json::sax_parse(bytes.begin(), bytes.end(), &builder)) {
    return fail(ErrorCode::kInvalidArgument, builder.why());
  }
  Object* object = builder.result()->object();
  if (object == nullptr) return fail(ErrorCode::kInvalidArgument, "not a JSON object");
  SIGNET_TRY(const Bytes again, encode_canonical(*object));
  if (!equal(again, bytes)) {
    const auto differs = std::mismatch(bytes.begin(), bytes.end(), again.begin(), again.end()).first;
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("not the canonical encoding at byte {}", std::distance(bytes.begin(), differs)));
  }
  return std::move(*object);
}

}  // namespace signet::log
