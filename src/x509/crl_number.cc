#include "x509/crl_number.h"

#include <algorithm>

namespace signet {

CrlNumber::CrlNumber(std::uint64_t value) noexcept {
  for (auto byte = padded_.rbegin(); value > 0; ++byte, value >>= 8U) *byte = static_cast<std::uint8_t>(value);
}

Result<CrlNumber> CrlNumber::from_der_contents(ByteView contents) {
  const auto refuse = [](const char* problem) { return fail(ErrorCode::kInvalidArgument, problem); };
  if (contents.empty()) return refuse("a number without octets");
  if ((contents[0] & 0x80U) != 0) return refuse("a negative number");
  if (contents.size() > kBytes) return refuse("a number of more than 20 octets (RFC 5280 section 5.2.3)");
  CrlNumber number;
  std::ranges::copy(contents, number.padded_.end() - static_cast<std::ptrdiff_t>(contents.size()));
  return number;
}

Result<CrlNumber> CrlNumber::from_padded(const Padded& padded) { return from_der_contents(padded); }

CrlNumber CrlNumber::highest() noexcept {
  CrlNumber number;
  number.padded_.fill(0xFF);
  number.padded_[0] = 0x7F;
  return number;
}

std::string CrlNumber::decimal() const {
  std::string digits;
  Padded rest = padded_;
  do {
    unsigned remainder = 0;
    for (std::uint8_t& byte : rest) {
      const unsigned value = remainder * 256 + byte;
      byte = static_cast<std::uint8_t>(value / 10);
      remainder = value % 10;
    }
    digits += static_cast<char>('0' + remainder);
  } while (rest != Padded{});
  std::ranges::reverse(digits);
  return digits;
}

bool CrlNumber::is_shortly_after(const CrlNumber& other) const noexcept {
  if (*this <= other) return false;
  Padded difference = padded_;
  int borrow = 0;
  for (std::size_t i = kBytes; i-- > 0;) {
    const int digit = padded_[i] - other.padded_[i] - borrow;
    borrow = digit < 0 ? 1 : 0;
    difference[i] = static_cast<std::uint8_t>(digit + 256 * borrow);
  }
  return std::all_of(difference.begin(), difference.end() - 8, [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace signet
