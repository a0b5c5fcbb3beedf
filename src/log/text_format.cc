#include "log/text_format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

namespace signet::log {

std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::optional<std::uint64_t> parse_decimal(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = std::to_address(text.end());
  const auto [stop, error] = std::from_chars(std::to_address(text.begin()), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  if (text.front() == '0' && text.size() > 1) return std::nullopt;
  return number;
}

std::optional<Sha256> parse_hash(std::string_view text) {
  Sha256 hash{};
  const auto bytes = from_base64(text);
  if (!bytes.has_value() || bytes->size() != hash.size()) return std::nullopt;
  std::ranges::copy(*bytes, hash.begin());
  return hash;
}

namespace {

/// White_Space outside of U+0009..U+000D and U+2000..U+200A.
constexpr std::array<char32_t, 9> kOtherSpaces{0x20, 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000};

}  // namespace

bool is_unicode_space(char32_t point) noexcept {
  if ((point >= 0x09 && point <= 0x0D) || (point >= 0x2000 && point <= 0x200A)) return true;
  return std::ranges::find(kOtherSpaces, point) != kOtherSpaces.end();
}

}  // namespace signet::log
