// An entry as it stands in its bytes: canonical JSON, checked in one pass and copied nowhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace signet::audit {

enum class ValueKind : std::uint8_t { kText, kInteger, kBoolean, kArray, kObject };

/// A field of an object. The views are into the entry's bytes.
struct FieldView {
  std::string_view key;  ///< as it is written, between its quotes
  ValueKind kind = ValueKind::kText;
  std::string_view raw;      ///< a text between its quotes, with its escapes; anything else as it is written
  std::int64_t integer = 0;  ///< of kInteger
  bool escaped = false;      ///< a text that has escapes
};

/// Why some bytes are no entry.
struct SyntaxProblem {
  std::size_t offset = 0;
  std::string_view what;  ///< a constant of the program
};

/// The fields of one object, in the order they stand in. Reusable; not thread-safe.
class EntryView {
 public:
  /// Accepts exactly what log::parse_canonical() accepts. The bytes must outlive the fields.
  [[nodiscard]] std::optional<SyntaxProblem> parse(ByteView bytes);

  [[nodiscard]] const std::vector<FieldView>& fields() const noexcept { return fields_; }
  /// nullptr when there is none. `key` has no character that is escaped.
  [[nodiscard]] const FieldView* find(std::string_view key) const noexcept;

 private:
  std::vector<FieldView> fields_;
};

/// What a text says.
[[nodiscard]] std::string decoded(const FieldView& field);

}  // namespace signet::audit
