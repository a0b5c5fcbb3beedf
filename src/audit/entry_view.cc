#include "audit/entry_view.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/ascii.h"
#include "base/utf8.h"
#include "log/value.h"

namespace signet::audit {
namespace {

constexpr std::string_view kShortEscapes = "\"\\bfnrt";
constexpr std::string_view kShortMeanings = "\"\\\b\f\n\r\t";
constexpr std::size_t kLongEscape = 6;  // \u00xx

/// Bytes that stand for themselves in a text, ASCII that needs no closer look.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (unsigned byte = 0x20; byte < 0x80; ++byte) plain[byte] = byte != '"' && byte != '\\';
  return plain;
}();

/// The value of a canonical `\u00xx`, or -1: a control character that has no short escape, in lower-case digits.
int long_escape(std::string_view escape) noexcept {
  if (escape.size() < kLongEscape || !escape.starts_with("\\u00") || (escape[4] != '0' && escape[4] != '1')) return -1;
  const char low = escape[5];
  const bool letter = low >= 'a' && low <= 'f';
  if (!ascii::is_digit(low) && !letter) return -1;
  const int value = (escape[4] - '0') * 16 + (letter ? low - 'a' + 10 : low - '0');
  return kShortMeanings.find(static_cast<char>(value)) == std::string_view::npos ? value : -1;
}

std::string unescape(std::string_view raw) {
  std::string text;
  text.reserve(raw.size());
  for (std::size_t at = 0; at < raw.size(); ++at) {
    if (raw[at] != '\\') {
      text.push_back(raw[at]);
    } else if (raw[at + 1] == 'u') {
      text.push_back(static_cast<char>(long_escape(raw.substr(at))));
      at += kLongEscape - 1;
    } else {
      text.push_back(kShortMeanings[kShortEscapes.find(raw[++at])]);
    }
  }
  return text;
}

/// A walk over the text. The first problem ends it; every function returns false from then on.
class Parser {
 public:
  Parser(std::string_view text, std::vector<FieldView>& fields) : text_(text), fields_(fields) {}

  std::optional<SyntaxProblem> run() {
    if (object(1) && at_ != text_.size()) refuse("something follows the object");
    return problem_;
  }

 private:
  [[nodiscard]] char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool refuse(std::string_view what) {
    if (!problem_) problem_ = SyntaxProblem{at_, what};
    return false;
  }

  bool take(char wanted, std::string_view what) {
    if (peek() != wanted || at_ >= text_.size()) return refuse(what);
    ++at_;
    return true;
  }

  bool object(unsigned depth) {
    if (depth > log::kMaxValueDepth) return refuse("nested too deep");
    if (!take('{', "an object was expected")) return false;
    if (peek() == '}') return take('}', "");
    for (FieldView previous; member(depth, previous);) {
      if (peek() == '}') return take('}', "");
      if (!take(',', "',' or '}' was expected")) return false;
    }
    return false;
  }

  /// `previous` is the member before, and becomes this one.
  bool member(unsigned depth, FieldView& previous) {
    FieldView key;
    if (!text(key)) return false;
    if (previous.key.data() != nullptr && !in_order(previous, key)) return refuse("keys not sorted, or one twice");
    if (!take(':', "':' was expected")) return false;
    FieldView field;
    if (!value(depth, field)) return false;
    previous.key = key.raw;
    previous.escaped = key.escaped;
    if (depth == 1) {
      field.key = key.raw;
      fields_.push_back(field);
    }
    return true;
  }

  static bool in_order(const FieldView& previous, const FieldView& key) {
    if (!previous.escaped && !key.escaped) return previous.key < key.raw;
    return unescape(previous.key) < unescape(key.raw);
  }

  bool array(unsigned depth) {
    if (depth > log::kMaxValueDepth) return refuse("nested too deep");
    if (!take('[', "an array was expected")) return false;
    if (peek() == ']') return take(']', "");
    for (FieldView element; value(depth, element); element = {}) {
      if (peek() == ']') return take(']', "");
      if (!take(',', "',' or ']' was expected")) return false;
    }
    return false;
  }

  bool value(unsigned depth, FieldView& field) {
    const std::size_t begin = at_;
    const char first = peek();
    if (first == '"') return text(field);
    bool taken = false;
    if (first == '{') {
      field.kind = ValueKind::kObject;
      taken = object(depth + 1);
    } else if (first == '[') {
      field.kind = ValueKind::kArray;
      taken = array(depth + 1);
    } else if (first == 't' || first == 'f') {
      field.kind = ValueKind::kBoolean;
      taken = word(first == 't' ? "true" : "false");
    } else {
      field.kind = ValueKind::kInteger;
      taken = integer(field);
    }
    field.raw = text_.substr(begin, at_ - begin);
    return taken;
  }

  bool word(std::string_view wanted) {
    if (!text_.substr(at_).starts_with(wanted)) return refuse("a value was expected");
    at_ += wanted.size();
    return true;
  }

  bool integer(FieldView& field) {
    const char* const begin = text_.data() + at_;
    const char* const end = text_.data() + text_.size();
    const auto [behind, error] = std::from_chars(begin, end, field.integer);
    if (error != std::errc()) return refuse("a value was expected, and numbers are integers of 64 signed bits");
    const std::string_view digits(begin, static_cast<std::size_t>(behind - begin));
    const bool leading_zero = digits.size() > 1 && digits[0] == '0';
    if (leading_zero || digits.starts_with("-0")) return refuse("a number has a leading zero");
    at_ += digits.size();
    return true;
  }

  bool text(FieldView& field) {
    if (!take('"', "a text was expected")) return false;
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (kPlain[static_cast<unsigned char>(text_[at_])]) {
        ++at_;
      } else if (!special(field)) {
        return false;
      }
    }
    field.kind = ValueKind::kText;
    field.raw = text_.substr(begin, at_ - begin);
    return take('"', "a text does not end");
  }

  /// An escape, or what is not ASCII.
  bool special(FieldView& field) {
    const std::string_view rest = text_.substr(at_);
    if (rest[0] != '\\') {
      const std::size_t length = utf8_length(rest);
      if (length < 2) return refuse("not UTF-8, or a control character that is not escaped");
      at_ += length;
      return true;
    }
    field.escaped = true;
    const bool is_short = rest.size() > 1 && kShortEscapes.find(rest[1]) != std::string_view::npos;
    if (!is_short && long_escape(rest) < 0) return refuse("an escape that is not canonical");
    at_ += is_short ? 2 : kLongEscape;
    return true;
  }

  std::string_view text_;
  std::vector<FieldView>& fields_;
  std::size_t at_ = 0;
  std::optional<SyntaxProblem> problem_;
};

}  // namespace

std::optional<SyntaxProblem> EntryView::parse(ByteView bytes) {
  fields_.clear();
  return Parser(text_of(bytes), fields_).run();
}

const FieldView* EntryView::find(std::string_view key) const noexcept {
  const auto found = std::ranges::find(fields_, key, &FieldView::key);
  return found == fields_.end() ? nullptr : &*found;
}

std::string decoded(const FieldView& field) { return field.escaped ? unescape(field.raw) : std::string(field.raw); }

}  // namespace signet::audit
