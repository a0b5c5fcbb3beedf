// RFC 4514: distinguished names as text.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "x509/name.h"
#include "x509/name_attributes.h"

namespace signet {
namespace {

constexpr std::string_view kMustBeEscaped = "\"+,;<>\\";
constexpr std::string_view kMayBeEscaped = "\"+,;<>\\ #=";

std::unexpected<Error> refuse(std::string_view text, std::string_view problem) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("the name \"{}\" {}", printable(text), problem));
}

std::string escape(std::string_view value) {
  std::string escaped;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const bool leading = i == 0 && (c == ' ' || c == '#');
    const bool trailing = i + 1 == value.size() && c == ' ';
    if (leading || trailing || kMustBeEscaped.find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

/// One attribute of a name that has been checked. Types without a short name have their value in hexadecimal
/// (section 2.4).
std::string attribute_text(ByteView der) {
  der::Reader outer(der);
  der::Reader reader = *outer.enter(der::kSequence, "attribute");
  const std::string oid = *reader.oid("type");
  const der::Element value = *reader.any("value");
  const std::string key = attribute_key(oid);
  if (key == oid) return fmt::format("{}=#{}", oid, to_hex(value.whole));
  return fmt::format("{}={}", key, escape(*attribute_value(value)));
}

std::string rdn_text(der::Reader rdn) {
  std::vector<std::string> attributes;
  while (!rdn.at_end()) attributes.push_back(attribute_text(rdn.any("attribute")->whole));
  return fmt::format("{}", fmt::join(attributes, "+"));
}

/// Takes one "type=value" and the comma behind it off the front of `rest`.
class RdnReader {
 public:
  explicit RdnReader(std::string_view text) noexcept : text_(text), rest_(text) {}

  /// There is another RDN: text is left, or the last one ended in a comma.
  [[nodiscard]] bool more() const noexcept { return more_; }

  [[nodiscard]] Result<std::pair<std::string, std::string>> next() {
    const std::size_t equals = rest_.find('=');
    if (equals == std::string_view::npos) return refuse(text_, "is not of the form TYPE=value,TYPE=value (RFC 4514)");
    std::string type(rest_.substr(0, equals));
    rest_.remove_prefix(equals + 1);
    SIGNET_TRY(std::string value, take_value());
    return std::pair(std::move(type), std::move(value));
  }

 private:
  [[nodiscard]] Result<std::string> take_value() {
    if (rest_.starts_with(' ')) return refuse(text_, "has an unescaped space before a value");
    if (rest_.starts_with('#')) return refuse(text_, "has a value in hexadecimal, which is not supported");
    std::string value;
    bool ends_in_space = false;
    while (!rest_.empty() && rest_[0] != ',') {
      ends_in_space = rest_[0] == ' ';
      SIGNET_TRY(const char c, take_character());
      value += c;
    }
    if (ends_in_space) return refuse(text_, "has an unescaped space behind a value");
    more_ = !rest_.empty();
    if (more_) rest_.remove_prefix(1);
    return value;
  }

  [[nodiscard]] Result<char> take_character() {
    const char first = rest_[0];
    rest_.remove_prefix(1);
    if (first == '\\') return take_escaped();
    if (kMustBeEscaped.find(first) != std::string_view::npos) {
      return refuse(text_, fmt::format("has an unescaped '{}'; write \\{}", first, first));
    }
    return first;
  }

  [[nodiscard]] Result<char> take_escaped() {
    if (!rest_.empty() && kMayBeEscaped.find(rest_[0]) != std::string_view::npos) {
      const char escaped = rest_[0];
      rest_.remove_prefix(1);
      return escaped;
    }
    const Result<Bytes> byte = from_hex(rest_.substr(0, 2));
    if (!byte || byte->empty())
      return refuse(text_, "has a '\\' that is followed neither by a special character nor by two digits");
    rest_.remove_prefix(2);
    return static_cast<char>(byte->front());
  }

  std::string_view text_;
  std::string_view rest_;
  bool more_ = !text_.empty();
};

}  // namespace

Result<Name> Name::from_text(std::string_view rfc4514) {
  std::vector<std::pair<std::string, std::string>> attributes;
  RdnReader reader(rfc4514);
  while (reader.more()) {
    SIGNET_TRY(auto attribute, reader.next());
    attributes.push_back(std::move(attribute));
  }
  std::ranges::reverse(attributes);
  return from_attributes(attributes);
}

std::string Name::text() const {
  der::Reader outer(der_);
  der::Reader rdns = *outer.enter(der::kSequence, "Name");
  std::vector<std::string> texts;
  while (!rdns.at_end()) texts.push_back(rdn_text(*rdns.enter(der::kSet, "RDN")));
  std::ranges::reverse(texts);
  return fmt::format("{}", fmt::join(texts, ","));
}

}  // namespace signet
