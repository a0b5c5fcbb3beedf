// A-labels: labels of DNS names that stand for text beyond ASCII (RFC 5890). libidn2 and libunistring know Unicode.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace signet {

/// The label begins with "xn--", whatever the case.
[[nodiscard]] bool has_a_label_prefix(std::string_view label) noexcept;

/// `label`, which has the prefix, is an A-label: Punycode (RFC 3492) of a U-label that IDNA2008 would register (RFC
/// 5891 section 4: NFC, no character that is disallowed or unassigned, the rules of context and of writing directions),
/// and what that U-label is encoded as. The result is the U-label. Errors: kInvalidArgument, saying what is wrong.
[[nodiscard]] Result<std::u32string> decode_a_label(std::string_view label);

/// All characters have the same value of Unicode's property Script, those of Common and Inherited (digits, hyphens,
/// combining marks) aside; Han goes with Hiragana and Katakana, with Hangul, and with Bopomofo. A label of one script
/// may still look like one of another: nothing here knows which letters look alike.
[[nodiscard]] bool is_of_one_script(std::u32string_view u_label);
/// The scripts of its characters but Common and Inherited, "Cyrillic, Latin", for messages.
[[nodiscard]] std::string scripts_of(std::u32string_view u_label);

}  // namespace signet
