// What must hold for any bytes given to the verifier's own reader of entries.
#pragma once

#include <cstdio>
#include <cstdlib>

#include "audit/entry_facts.h"
#include "audit/entry_view.h"
#include "log/value.h"

namespace signet::audit {

inline void must_hold(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "property broken: %s\n", what);
  std::abort();
}

/// It accepts what the log's own parser accepts, and reads the same fields. Ends the process if not.
inline void check_entry_property(ByteView bytes) {
  EntryView view;
  const bool accepted = !view.parse(bytes).has_value();
  const auto object = log::parse_canonical(bytes);
  must_hold(accepted == object.has_value(), "both parsers accept the same bytes");
  Complaints complaints;
  const EntryFacts facts = read_entry(bytes, 7, Sha256{}, complaints);
  must_hold(facts.readable == accepted, "an entry is readable when it is canonical");
  must_hold(facts.readable || complaints.size() == 1, "one complaint about what is not canonical");
  if (!accepted) return;
  must_hold(view.fields().size() == object->size(), "as many fields");
  for (const FieldView& field : view.fields()) {
    FieldView name = field;
    name.raw = field.key;
    name.escaped = field.key.find('\\') != std::string_view::npos;
    const auto found = object->find(decoded(name));
    must_hold(found != object->end(), "the same names");
    const log::Value& value = found->second;
    must_hold((field.kind == ValueKind::kText) == (value.text() != nullptr), "the same texts");
    must_hold((field.kind == ValueKind::kInteger) == (value.integer() != nullptr), "the same integers");
    must_hold((field.kind == ValueKind::kObject) == (value.object() != nullptr), "the same objects");
    if (value.text() != nullptr) must_hold(decoded(field) == *value.text(), "the same text");
    if (value.integer() != nullptr) must_hold(field.integer == *value.integer(), "the same number");
  }
}

}  // namespace signet::audit
