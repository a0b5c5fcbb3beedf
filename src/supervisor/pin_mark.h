// PINs that are recognised without being kept.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/secret.h"

namespace signet {

/// Of a PIN: equal for equal PINs, as long as they are marked by one PinMarks.
using PinMark = Sha256;

/// Makes marks: HMAC-SHA-256 under a key that is made at random, in locked memory, and gone with the process. A PIN has
/// so few possible values that whoever had a mark and the key could try them all: neither is ever written to a file.
/// Not thread-safe.
class PinMarks {
 public:
  /// Nothing where there is no randomness for the key: such a PIN is not recognised.
  [[nodiscard]] std::optional<PinMark> of(const Secret& pin);
  /// In constant time.
  [[nodiscard]] static bool same(const PinMark& a, const PinMark& b) noexcept { return equal_constant_time(a, b); }

 private:
  Secret key_;
};

}  // namespace signet
