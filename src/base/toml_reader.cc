#include "base/toml_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <toml++/toml.h>
#include <algorithm>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

#include "base/ascii.h"

namespace signet {

namespace {

struct Complaint {
  toml::source_position position;
  std::string text;
};

std::string in_quotes(std::string_view text) { return fmt::format("\"{}\"", printable(text)); }

/// A value as a complaint shows it: what stands there and which type it has.
std::string describe(const toml::node& node) {
  if (const auto* text = node.as_string()) return in_quotes(text->get());
  if (const auto* number = node.as_integer()) return fmt::format("the integer {}", number->get());
  if (const auto* truth = node.as_boolean()) return truth->get() ? "the boolean true" : "the boolean false";
  if (node.is_floating_point()) return "a floating-point number";
  if (node.is_table()) return "a table";
  if (node.is_array()) return "a list";
  return "a date or time";
}

/// A value's type alone.
std::string describe_type(const toml::node& node) {
  if (node.is_string()) return "a text";
  if (node.is_integer()) return "an integer";
  return node.is_boolean() ? "a boolean" : describe(node);
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

/// Levenshtein's distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({row[j] + 1, row[j + 1] + 1, replaced}));
    }
  }
  return row.back();
}

/// What to write instead of an unknown key: the nearest known one, or all that are known.
std::string advice(const std::string& key, const std::set<std::string>& known) {
  if (known.empty()) return "nothing is expected in this table";
  constexpr std::size_t kLongestWorthComparing = 64;
  const auto far = [&](const std::string& other) { return distance(key, other); };
  if (key.size() <= kLongestWorthComparing) {
    const std::string& nearest = *std::ranges::min_element(known, {}, far);
    if (far(nearest) <= std::max<std::size_t>(2, key.size() / 3)) return fmt::format("did you mean \"{}\"?", nearest);
  }
  return fmt::format("the keys of this table are {}", fmt::join(known, ", "));
}

bool is_name(std::string_view text) {
  constexpr std::size_t kLongestName = 64;
  const auto allowed = [](char c) { return ascii::is_alnum(c) || c == '-' || c == '_' || c == '.'; };
  return !text.empty() && text.size() <= kLongestName && std::ranges::all_of(text, allowed);
}

std::string one_of(const std::vector<std::string>& allowed) {
  return fmt::format("{}\"{}\"", allowed.size() == 1 ? "" : "one of ", fmt::join(allowed, "\", \""));
}

std::string integer_from_to(std::int64_t min, std::int64_t max) {
  return fmt::format("expected an integer from {} to {}", min, max);
}

std::string join_path(const std::string& path, std::string_view key) {
  const std::string shown = is_name(key) ? std::string(key) : in_quotes(key);
  return path.empty() ? shown : fmt::format("{}.{}", path, shown);
}

using Node = const toml::node*;

const toml::table* as_table(const void* table) { return static_cast<const toml::table*>(table); }

/// The value under `key`, or null.
Node find(const void* table, const std::string& key) { return table == nullptr ? nullptr : as_table(table)->get(key); }

/// Where a complaint about `key` points to: at its value, or at the table that should have it.
toml::source_position position_of(const void* table, const std::string& key) {
  if (const Node node = find(table, key); node != nullptr && node->source().begin.line != 0)
    return node->source().begin;
  return table == nullptr ? toml::source_position{} : as_table(table)->source().begin;
}

template <class D>
struct DurationForm {
  Result<D> (*parse)(std::string_view);
  std::string (*format)(D);
  std::string_view units;
};

}  // namespace

struct TomlDocument::Impl {
  /// What was asked of one table. Tables nobody opened are not here; their key was unknown or of the wrong type.
  struct Visited {
    std::string path;
    std::set<std::string> known;
  };

  std::string file;
  toml::table root;
  std::map<const toml::table*, Visited> visited;
  std::vector<Complaint> complaints;

  /// Notes that `key` is known; its value, or null.
  Node ask(const void* table, const std::string& key) {
    if (table != nullptr) visited[as_table(table)].known.insert(key);
    return find(table, key);
  }

  [[nodiscard]] std::string place(toml::source_position position) const {
    // Tables that only exist because a sub-table was written have no position of their own.
    return fmt::format("{}:{}:{}", file, std::max(position.line, 1U), std::max(position.column, 1U));
  }

  void complain(toml::source_position position, const std::string& path, std::string_view what) {
    const std::string subject = path.empty() ? std::string() : path + ": ";
    complaints.push_back({position, fmt::format("{}: {}{}", place(position), subject, what)});
  }

  /// The text of a value, which must be a string that is not empty and has no control characters; or "" and a
  /// complaint, in which `show` says what the value is.
  std::string read_text(const toml::node& node, const std::string& path,
                        std::string (*show)(const toml::node&) = describe) {
    const auto* text = node.as_string();
    if (text != nullptr && !text->get().empty() && !has_control_character(text->get())) return text->get();
    const std::string_view rule = text == nullptr       ? ""
                                  : text->get().empty() ? " that is not empty"
                                                        : " without control characters";
    complain(node.source().begin, path, fmt::format("is {}; expected a text in quotes{}", show(node), rule));
    return {};
  }

  std::string read_choice(const toml::node& node, const std::string& path, const std::vector<std::string>& allowed) {
    const auto* text = node.as_string();
    if (text != nullptr && std::ranges::find(allowed, text->get()) != allowed.end()) return text->get();
    complain(node.source().begin, path, fmt::format("is {}; expected {}", describe(node), one_of(allowed)));
    return {};
  }

  template <class D>
  D read_duration(const void* table, const std::string& key, const std::string& path, D min, D max,
                  std::optional<D> fallback, const DurationForm<D>& form) {
    const Node node = ask(table, key);
    const auto expected = [&] {
      return fmt::format("expected a duration from {} to {}: digits and one of {}, such as \"{}\"", form.format(min),
                         form.format(max), form.units, form.format(fallback.value_or(min)));
    };
    const auto wrong = [&](const std::string& what) {
      if (table != nullptr) complain(position_of(table, key), path, what + "; " + expected());
      return min;
    };
    if (node == nullptr) return fallback ? *fallback : wrong("missing");
    const auto* text = node->as_string();
    const auto value = form.parse(text == nullptr ? "" : std::string_view(text->get()));
    if (text != nullptr && value.has_value() && *value >= min && *value <= max) return *value;
    return wrong("is " + describe(*node));
  }

  std::int64_t read_integer(const toml::node& node, const std::string& path, std::int64_t min, std::int64_t max) {
    const auto* number = node.as_integer();
    if (number != nullptr && number->get() >= min && number->get() <= max) return number->get();
    complain(node.source().begin, path, fmt::format("is {}; {}", describe(node), integer_from_to(min, max)));
    return min;
  }

  template <class ReadItem>
  auto read_list(const void* table, const std::string& key, const std::string& path, std::size_t at_least,
                 std::string_view expected, ReadItem&& read_item) {
    const Node node = ask(table, key);
    std::vector<std::invoke_result_t<ReadItem, const toml::node&, std::string>> items;
    const auto wrong = [&](std::string_view what) {
      complain(position_of(table, key), path, fmt::format("{}; expected a list of {}", what, expected));
      return items;
    };
    if (table == nullptr || (node == nullptr && at_least == 0)) return items;
    if (node == nullptr) return wrong("missing");
    const auto* list = node->as_array();
    if (list == nullptr) return wrong("is " + describe(*node));
    if (list->size() < at_least) return wrong(fmt::format("has {} values and needs {}", list->size(), at_least));
    for (std::size_t i = 0; i < list->size(); ++i)
      items.push_back(read_item((*list)[i], fmt::format("{}[{}]", path, i)));
    return items;
  }

  /// One [group.NAME]: put into `found` if it is a table with a proper name.
  void read_named(const toml::key& key, const toml::node& item, const std::string& group,
                  std::map<std::string, TomlTable>& found) {
    const std::string name(key.str());
    const std::string path = join_path(group, name);
    if (!is_name(name)) {
      complain(key.source().begin, path, "is no name; expected 1 to 64 letters, digits, '-', '_' or '.'");
    } else if (!item.is_table()) {
      complain(item.source().begin, path, fmt::format("is {}; expected a table [{}]", describe(item), path));
    } else {
      found.emplace(name, TomlTable(*this, item.as_table(), path));
    }
  }

  void complain_about_unknown_keys() {
    for (const auto& [table, asked] : visited) {
      for (const auto& [key, node] : *table) {
        const std::string name(key.str());
        if (asked.known.contains(name)) continue;
        complain(key.source().begin, join_path(asked.path, name), "unknown key; " + advice(name, asked.known));
      }
    }
  }
};

TomlDocument::TomlDocument(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TomlDocument::~TomlDocument() = default;

Result<std::unique_ptr<TomlDocument>> TomlDocument::parse(ByteView text, const std::string& file) {
  auto impl = std::make_unique<Impl>();
  impl->file = printable(file);
  try {
    impl->root = toml::parse(text_of(text));
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: {}", impl->place(error.source().begin), printable(error.description())));
  }
  return std::unique_ptr<TomlDocument>(new TomlDocument(std::move(impl)));
}

TomlTable TomlDocument::root() {
  impl_->visited.try_emplace(&impl_->root);
  return {*impl_, &impl_->root, ""};
}

Result<void> TomlDocument::finish() {
  impl_->complain_about_unknown_keys();
  auto complaints = std::exchange(impl_->complaints, {});
  if (complaints.empty()) return {};
  std::ranges::stable_sort(complaints, {}, [](const Complaint& complaint) {
    return std::tuple(complaint.position.line, complaint.position.column);
  });
  std::string lines;
  for (const Complaint& complaint : complaints) {
    if (!lines.empty()) lines += '\n';
    lines += complaint.text;
  }
  return fail(ErrorCode::kInvalidArgument, std::move(lines));
}

TomlTable::TomlTable(TomlDocument::Impl& document, const void* table, std::string path)
    : document_(&document), table_(table), path_(std::move(path)) {
  if (table_ != nullptr) document_->visited.try_emplace(as_table(table_)).first->second.path = path_;
}

std::string TomlTable::where(const std::string& key) const { return document_->place(position_of(table_, key)); }

void TomlTable::complain(const std::string& key, const std::string& what) {
  if (table_ == nullptr) return;  // the table itself is missing, and that was said
  document_->complain(position_of(table_, key), key.empty() ? path_ : join_path(path_, key), what);
}

void TomlTable::refuse(const std::string& key, const std::string& why) {
  if (document_->ask(table_, key) != nullptr) complain(key, why);
}

bool TomlTable::has(const std::string& key) const { return document_->ask(table_, key) != nullptr; }

std::optional<std::string> TomlTable::optional_text(const std::string& key) {
  const Node node = document_->ask(table_, key);
  if (node == nullptr) return {};
  return document_->read_text(*node, join_path(path_, key));
}

std::string TomlTable::text(const std::string& key) {
  auto value = optional_text(key);
  if (!value) complain(key, "missing; expected a text in quotes");
  return value.value_or("");
}

std::string TomlTable::unshown_text(const std::string& key) {
  const Node node = document_->ask(table_, key);
  if (node != nullptr) return document_->read_text(*node, join_path(path_, key), describe_type);
  complain(key, "missing; expected a text in quotes");
  return {};
}

std::string TomlTable::choice(const std::string& key, const std::vector<std::string>& allowed,
                              std::optional<std::string> fallback) {
  const Node node = document_->ask(table_, key);
  const std::string expected = one_of(allowed);
  if (node != nullptr) return document_->read_choice(*node, join_path(path_, key), allowed);
  if (!fallback) complain(key, "missing; expected " + expected);
  return std::move(fallback).value_or("");
}

bool TomlTable::boolean(const std::string& key, std::optional<bool> fallback) {
  const Node node = document_->ask(table_, key);
  if (node == nullptr && !fallback) complain(key, "missing; expected true or false");
  if (node == nullptr) return fallback.value_or(false);
  if (!node->is_boolean()) complain(key, fmt::format("is {}; expected true or false", describe(*node)));
  return node->value_or(false);
}

std::int64_t TomlTable::integer(const std::string& key, std::int64_t min, std::int64_t max,
                                std::optional<std::int64_t> fallback) {
  const Node node = document_->ask(table_, key);
  if (node != nullptr) return document_->read_integer(*node, join_path(path_, key), min, max);
  if (!fallback) complain(key, "missing; " + integer_from_to(min, max));
  return fallback.value_or(min);
}

std::chrono::seconds TomlTable::duration(const std::string& key, std::chrono::seconds min, std::chrono::seconds max,
                                         std::optional<std::chrono::seconds> fallback) {
  return document_->read_duration(table_, key, join_path(path_, key), min, max, fallback,
                                  {parse_duration, format_duration, "s, m, h, d, w, y"});
}

std::chrono::milliseconds TomlTable::fine_duration(const std::string& key, std::chrono::milliseconds min,
                                                   std::chrono::milliseconds max,
                                                   std::optional<std::chrono::milliseconds> fallback) {
  return document_->read_duration(table_, key, join_path(path_, key), min, max, fallback,
                                  {parse_fine_duration, format_fine_duration, "ms, s, m, h, d, w, y"});
}

std::vector<std::string> TomlTable::texts(const std::string& key, std::size_t at_least) {
  return document_->read_list(
      table_, key, join_path(path_, key), at_least, "texts in quotes",
      [&](const toml::node& item, const std::string& path) { return document_->read_text(item, path); });
}

std::vector<std::string> TomlTable::choices(const std::string& key, const std::vector<std::string>& allowed,
                                            std::size_t at_least) {
  return document_->read_list(
      table_, key, join_path(path_, key), at_least, one_of(allowed),
      [&](const toml::node& item, const std::string& path) { return document_->read_choice(item, path, allowed); });
}

std::vector<std::int64_t> TomlTable::integers(const std::string& key, std::int64_t min, std::int64_t max,
                                              std::size_t at_least) {
  return document_->read_list(
      table_, key, join_path(path_, key), at_least, "integers",
      [&](const toml::node& item, const std::string& path) { return document_->read_integer(item, path, min, max); });
}

TomlTable TomlTable::table(const std::string& key) {
  auto found = optional_table(key);
  if (found) return *std::move(found);
  complain(key, fmt::format("missing; expected a table [{}]", join_path(path_, key)));
  return {*document_, nullptr, join_path(path_, key)};
}

std::optional<TomlTable> TomlTable::optional_table(const std::string& key) {
  const Node node = document_->ask(table_, key);
  if (node == nullptr) return {};
  const std::string path = join_path(path_, key);
  if (!node->is_table()) complain(key, fmt::format("is {}; expected a table [{}]", describe(*node), path));
  return TomlTable(*document_, node->as_table(), path);
}

std::vector<TomlTable> TomlTable::tables(const std::string& key, std::size_t at_least) {
  const Node node = document_->ask(table_, key);
  const std::string path = join_path(path_, key);
  const auto expected = [&] { return fmt::format("expected {} or more tables [[{}]]", at_least, path); };
  std::vector<TomlTable> found;
  const auto* list = node == nullptr ? nullptr : node->as_array();
  if (node != nullptr && list == nullptr) {
    complain(key, fmt::format("is {}; {}", describe(*node), expected()));
    return found;
  }
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const toml::node& item = (*list)[i];
    const std::string item_path = fmt::format("{}[{}]", path, i);
    if (!item.is_table()) {
      document_->complain(item.source().begin, item_path, fmt::format("is {}; expected a table", describe(item)));
    }
    found.push_back(TomlTable(*document_, item.as_table(), item_path));
  }
  if (found.size() < at_least) complain(key, (node == nullptr ? "missing; " : "has too few; ") + expected());
  return found;
}

std::map<std::string, TomlTable> TomlTable::named_tables(const std::string& key, std::size_t at_least) {
  const Node node = document_->ask(table_, key);
  const std::string path = join_path(path_, key);
  const auto expected = [&] { return fmt::format("expected {} or more tables [{}.NAME]", at_least, path); };
  std::map<std::string, TomlTable> found;
  const auto* group = node == nullptr ? nullptr : node->as_table();
  if (node != nullptr && group == nullptr) {
    complain(key, fmt::format("is {}; {}", describe(*node), expected()));
    return found;
  }
  if (node == nullptr || group->size() < at_least) {
    if (at_least > 0) complain(key, (node == nullptr ? "missing; " : "has too few; ") + expected());
    if (node == nullptr) return found;
  }
  for (const auto& [sub_key, item] : *group) document_->read_named(sub_key, item, path, found);
  return found;
}

std::map<std::string, std::string> TomlTable::all_texts() {
  std::map<std::string, std::string> found;
  if (table_ == nullptr) return found;
  for (const auto& [key, item] : *as_table(table_)) {
    const std::string name(key.str());
    document_->ask(table_, name);
    const auto value = document_->read_text(item, join_path(path_, name));
    found.emplace(name, value);
  }
  return found;
}

}  // namespace signet
