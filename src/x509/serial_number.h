// Certificate serial numbers.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/rng.h"

namespace signet {

/// A positive serial number of at most 20 octets (RFC 5280 section 4.1.2.2). Immutable.
class SerialNumber {
 public:
  /// 159 random bits, the first octet never 0x00, so that every one has 20 octets and at least 128 bits of randomness.
  [[nodiscard]] static Result<SerialNumber> random(Rng& rng);
  /// From the contents of a DER INTEGER: positive, minimal, at most 20 octets.
  [[nodiscard]] static Result<SerialNumber> from_der_contents(ByteView contents);
  /// 1: of a certificate that is decided and has none yet. random() never gives it.
  [[nodiscard]] static SerialNumber unassigned() { return SerialNumber(Bytes{1}); }

  /// The INTEGER's contents, big-endian.
  [[nodiscard]] ByteView bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::string hex() const { return to_hex(bytes_); }
  friend bool operator==(const SerialNumber&, const SerialNumber&) = default;

 private:
  explicit SerialNumber(Bytes bytes) : bytes_(std::move(bytes)) {}
  Bytes bytes_;
};

}  // namespace signet
