#include "base/utf8.h"

#include <array>

namespace signet {
namespace {

/// The smallest code point that needs a sequence so long; anything less in it is overlong.
constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};

/// How many bytes a sequence with this first byte has; 0 where none starts with it.
std::size_t length_by_lead(unsigned char lead) noexcept {
  if (lead < 0x80) return 1;
  if (lead < 0xC0) return 0;
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return lead < 0xF8 ? 4 : 0;
}

}  // namespace

std::optional<char32_t> take_code_point(std::string_view& text) noexcept {
  if (text.empty()) return std::nullopt;
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = length_by_lead(lead);
  if (length == 0 || length > text.size()) return std::nullopt;
  char32_t point = length == 1 ? lead : lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0U) != 0x80) return std::nullopt;
    point = (point << 6U) | (next & 0x3FU);
  }
  const bool is_surrogate = point >= 0xD800 && point <= 0xDFFF;
  if (point < kSmallest[length] || point > 0x10FFFF || is_surrogate) return std::nullopt;
  text.remove_prefix(length);
  return point;
}

std::size_t utf8_length(std::string_view text) noexcept {
  const std::size_t before = text.size();
  return take_code_point(text) ? before - text.size() : 0;
}

}  // namespace signet
