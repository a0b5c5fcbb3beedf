// UTF-8 (RFC 3629 section 4), one sequence at a time.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace signet {

/// How many bytes the well-formed sequence at the front of `text` has, 1 to 4; 0 where there is none: overlong forms,
/// surrogates and what lies beyond U+10FFFF are not well-formed.
[[nodiscard]] std::size_t utf8_length(std::string_view text) noexcept;

/// The code point at the front of `text`, which is taken off. Nothing where well-formed UTF-8 does not go on: `text` is
/// as before then.
[[nodiscard]] std::optional<char32_t> take_code_point(std::string_view& text) noexcept;

}  // namespace signet
