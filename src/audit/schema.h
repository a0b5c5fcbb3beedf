// The types of entries and their fields, as docs/log-format.md lists them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/entry_facts.h"
#include "audit/entry_view.h"

namespace signet::audit {

enum class FieldKind : std::uint8_t {
  kText,  ///< not empty
  kAnyText,
  kNumber,  ///< 0 or more
  kSignedNumber,
  kHash,    ///< SHA-256, lower-case hex
  kSerial,  ///< 1 to 20 octets, positive, lower-case hex
  kBase64,
  kTime,
  kDecimal,    ///< a number as text, without leading zeros
  kAlgorithm,  ///< of a signature
  kObject,
};

struct FieldRule {
  std::string_view name;
  FieldKind kind;
  bool required = true;
};

struct TypeRule {
  std::string_view name;
  std::string_view outcome;        ///< what `outcome` says
  std::string_view other_outcome;  ///< or this; empty = there is no other
  std::span<const FieldRule> fields;
};

/// nullptr for a type that is not known.
[[nodiscard]] const TypeRule* find_type(std::string_view name, EntryType& type) noexcept;

/// All that are known.
[[nodiscard]] std::vector<std::string_view> type_names();

/// What is wrong with the fields, of the first that is wrong; nothing if they are right. Fields that are not named are
/// passed over: a newer version may have written them.
[[nodiscard]] std::optional<std::string> check_fields(const EntryView& entry, std::span<const FieldRule> rules);
/// The fields of every entry but `outcome`.
[[nodiscard]] std::span<const FieldRule> common_fields() noexcept;

[[nodiscard]] std::optional<SignatureAlgorithm> algorithm_named(std::string_view name) noexcept;

}  // namespace signet::audit
