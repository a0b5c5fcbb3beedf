// What must hold of any packet on the operator's socket.
#pragma once

#include <algorithm>
#include <array>

#include "fuzz_properties.h"
#include "wire/admin.h"

namespace signet::testing {

/// The first kPinRecordBytes are the PIN record, the rest the message. An accepted record is the only one of its PIN,
/// and what was behind the PIN is gone; an accepted message asks for something and is written the same again.
inline void check_admin_property(ByteView data) {
  if (data.size() < kPinRecordBytes) return;
  std::array<std::uint8_t, kPinRecordBytes> record{};
  std::copy_n(data.begin(), record.size(), record.begin());
  if (const auto length = decode_pin_record(record); length.has_value()) {
    must_hold(*length <= kMaxSecretBytes, "a PIN fits into a Secret");
    must_hold(*length == data[0], "a PIN is as long as it says");
    must_hold(std::equal(record.begin(), record.begin() + static_cast<std::ptrdiff_t>(*length), data.begin() + 1),
              "the PIN is what was sent");
    must_hold(std::all_of(record.begin() + static_cast<std::ptrdiff_t>(*length), record.end(),
                          [](std::uint8_t byte) { return byte == 0; }),
              "nothing is behind the PIN");
  }
  const auto request = decode_admin_request(data.subspan(kPinRecordBytes));
  if (!request.has_value()) return;
  must_hold(request->act_case() != admin::Request::ACT_NOT_SET, "a request asks for something");
  const auto again = decode_admin_request(encode(*request));
  must_hold(again.has_value() && encode(*again) == encode(*request), "what was read is written the same");
}

}  // namespace signet::testing
