#include "policy/a_label.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <idn2.h>
#include <unictype.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>

#include "base/ascii.h"
#include "policy/name_syntax.h"

namespace signet {

namespace {

struct Idn2Free {
  void operator()(void* text) const noexcept { idn2_free(text); }
};

std::unexpected<Error> refuse(std::string_view what, int code) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", what, idn2_strerror(code)));
}

/// RFC 5891 section 4, as a registry has to apply it. It compares with its own encoding, which is lower-case.
Result<void> check_registrable(const std::string& label) {
  uint8_t* inserted = nullptr;
  const int code = idn2_register_u8(nullptr, reinterpret_cast<const uint8_t*>(label.c_str()), &inserted, 0);
  const std::unique_ptr<uint8_t, Idn2Free> owner(inserted);
  if (code != IDN2_OK) return refuse("IDNA2008 does not allow it", code);
  return {};
}

std::set<std::string_view> script_names(std::u32string_view u_label) {
  std::set<std::string_view> scripts;
  for (const char32_t character : u_label) {
    const uc_script_t* const script = uc_script(character);
    const std::string_view name = script == nullptr ? "Unknown" : script->name;
    if (name != "Common" && name != "Inherited") scripts.insert(name);
  }
  return scripts;
}

}  // namespace

bool has_a_label_prefix(std::string_view label) noexcept {
  return label.size() >= 4 && (label[0] == 'x' || label[0] == 'X') && (label[1] == 'n' || label[1] == 'N') &&
         label.substr(2, 2) == "--";
}

Result<std::u32string> decode_a_label(std::string_view label) {
  const std::string lower = ascii::to_lower(label);
  SIGNET_CHECK(check_registrable(lower));
  uint32_t* decoded = nullptr;
  const int code = idn2_to_unicode_8z4z(lower.c_str(), &decoded, 0);
  const std::unique_ptr<uint32_t, Idn2Free> owner(decoded);
  if (code != IDN2_OK) return refuse("it cannot be decoded", code);
  std::u32string text;
  for (const uint32_t* character = decoded; *character != 0; ++character) text += static_cast<char32_t>(*character);
  return text;
}

bool is_of_one_script(std::u32string_view u_label) {
  static const std::array<std::set<std::string_view>, 3> kWrittenTogether = {
      std::set<std::string_view>{"Han", "Hiragana", "Katakana"}, {"Han", "Hangul"}, {"Bopomofo", "Han"}};
  const std::set<std::string_view> scripts = script_names(u_label);
  return scripts.size() <= 1 || std::ranges::any_of(kWrittenTogether, [&](const auto& together) {
           return std::ranges::includes(together, scripts);
         });
}

std::string scripts_of(std::u32string_view u_label) {
  return fmt::format("{}", fmt::join(script_names(u_label), ", "));
}

}  // namespace signet
