// Ed25519 cosignatures of witnesses (C2SP tlog-cosignature): what stands in the signature line and what is signed.
#pragma once

#include <chrono>
#include <string_view>

#include "base/bytes.h"

namespace signet::log {

/// The structure `timestamped_signature`: 8-byte big-endian time, 64-byte Ed25519 signature.
inline constexpr std::size_t kCosignatureBytes = 72;

struct Cosignature {
  std::chrono::sys_seconds time{};  ///< when it was made, by the cosigner's clock; not before 1970
  Bytes signature;                  ///< over cosigned_message(time, text)
};

/// What follows the key id in a signature line of type 0x04. Errors: kInvalidArgument when it has another length or the
/// time lies after the year 9999, which RFC 3339 cannot say.
[[nodiscard]] Result<Cosignature> parse_cosignature(ByteView bytes);

/// `cosignature/v1\ntime <n>\n` followed by the text of the note, its last newline included.
[[nodiscard]] Bytes cosigned_message(std::chrono::sys_seconds time, std::string_view note_text);

}  // namespace signet::log
