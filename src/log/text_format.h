// What the C2SP text formats (signed-note, tlog-checkpoint, tlog-proof) are made of. Internal to log.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace signet::log {

/// The line at the front of `text`, without its newline; both are taken off. Nothing where no newline is left.
[[nodiscard]] std::optional<std::string_view> take_line(std::string_view& text);

/// ASCII decimal digits of a number up to 2^64 - 1, without sign and without leading zeros ("0" is zero).
[[nodiscard]] std::optional<std::uint64_t> parse_decimal(std::string_view text);

/// Base64 (RFC 4648 section 4, padded) of 32 bytes.
[[nodiscard]] std::optional<Sha256> parse_hash(std::string_view text);

/// Unicode's property White_Space.
[[nodiscard]] bool is_unicode_space(char32_t point) noexcept;

}  // namespace signet::log
