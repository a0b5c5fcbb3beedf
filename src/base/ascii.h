// Characters of ASCII, whatever the locale says: names, numbers and identifiers of the standards are made of these.
// Bytes from 0x80 on are in no class.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace signet::ascii {

[[nodiscard]] constexpr bool is_ascii(char c) noexcept { return static_cast<unsigned char>(c) < 0x80; }
[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
[[nodiscard]] constexpr bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
[[nodiscard]] constexpr bool is_letter(char c) noexcept { return is_upper(c) || is_lower(c); }
[[nodiscard]] constexpr bool is_alnum(char c) noexcept { return is_letter(c) || is_digit(c); }

/// What a PrintableString may hold (X.680 section 41.4).
[[nodiscard]] constexpr bool is_printable_string(char c) noexcept {
  return is_alnum(c) || std::string_view(" '()+,-./:=?").find(c) != std::string_view::npos;
}

/// The value of a hexadecimal digit of either case; -1 for any other character.
[[nodiscard]] constexpr int hex_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

[[nodiscard]] constexpr char lower(char c) noexcept { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

[[nodiscard]] inline std::string to_lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = lower(c);
  return result;
}

[[nodiscard]] constexpr bool is_all_ascii(std::string_view text) noexcept {
  return std::ranges::all_of(text, is_ascii);
}

}  // namespace signet::ascii
