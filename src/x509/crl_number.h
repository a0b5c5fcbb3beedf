// CRL numbers (RFC 5280 section 5.2.3).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace signet {

/// A non-negative number whose INTEGER has at most 20 octets. Immutable; 0 where nothing is said.
class CrlNumber {
 public:
  static constexpr std::size_t kBytes = 20;
  using Padded = std::array<std::uint8_t, kBytes>;

  CrlNumber() = default;
  explicit CrlNumber(std::uint64_t value) noexcept;
  /// From the contents of a DER INTEGER. Errors: kInvalidArgument, for a negative or a longer one.
  [[nodiscard]] static Result<CrlNumber> from_der_contents(ByteView contents);
  /// From 20 bytes, big-endian. Errors: kInvalidArgument, where the top bit is set.
  [[nodiscard]] static Result<CrlNumber> from_padded(const Padded& padded);

  /// No number is above it.
  [[nodiscard]] static CrlNumber highest() noexcept;

  /// Big-endian, zeros in front.
  [[nodiscard]] const Padded& padded() const noexcept { return padded_; }
  [[nodiscard]] std::string decimal() const;
  /// Above `other` by less than 2^64.
  [[nodiscard]] bool is_shortly_after(const CrlNumber& other) const noexcept;
  friend auto operator<=>(const CrlNumber&, const CrlNumber&) = default;

 private:
  Padded padded_{};
};

}  // namespace signet
