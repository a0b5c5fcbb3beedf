#include "show.h"
#include "base/ascii.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "audit/entry_file.h"
#include "audit/entry_view.h"
#include "audit/inputs.h"
#include "audit/schema.h"

namespace signet::audit::cli {
namespace {

constexpr std::size_t kShownBytes = 80;  // of a value
constexpr std::array<std::string_view, 5> kInFront = {"seq", "time", "type", "outcome", "boot"};

struct Filter {
  ShowArguments arguments;
  std::string fingerprint;  // of the certificate
};

/// What would let no entry through is a slip of the finger.
Result<void> check_arguments(const ShowArguments& arguments) {
  const auto refuse = [](std::string message, std::string option) {
    return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(option));
  };
  if (arguments.to && *arguments.to < arguments.from) {
    return refuse(fmt::format("is {}, less than --from, {}", *arguments.to, arguments.from), "to");
  }
  EntryType type{};
  if (!arguments.type.empty() && find_type(arguments.type, type) == nullptr) {
    return refuse(fmt::format("there is no type {}; types are {}", printable(arguments.type, kShownBytes),
                              fmt::join(type_names(), ", ")),
                  "type");
  }
  if (!from_hex(arguments.serial).has_value()) {
    return refuse(fmt::format("{} is no serial number: an even number of hexadecimal digits, as the log has it",
                              printable(arguments.serial, kShownBytes)),
                  "serial");
  }
  return {};
}

Result<Filter> make_filter(ShowArguments arguments) {
  arguments.serial = ascii::to_lower(arguments.serial);
  SIGNET_CHECK(check_arguments(arguments));
  Filter filter{.arguments = std::move(arguments), .fingerprint = {}};
  if (filter.arguments.certificate.empty()) return filter;
  SIGNET_TRY(const Certificate certificate, load_certificate(filter.arguments.certificate));
  filter.arguments.serial = certificate.fields().serial.hex();
  filter.fingerprint = to_hex(certificate.fingerprint());
  return filter;
}

bool has_text(const EntryView& view, std::string_view key, std::string_view wanted) {
  const FieldView* const field = view.find(key);
  return field != nullptr && field->kind == ValueKind::kText && decoded(*field) == wanted;
}

/// `who` is an object of its own.
bool is_by(const EntryView& view, const std::string& client) {
  if (has_text(view, "client", client)) return true;
  const FieldView* const who = view.find("who");
  if (who == nullptr || who->kind != ValueKind::kObject) return false;
  EntryView inner;
  return !inner.parse(bytes_of(who->raw)).has_value() && has_text(inner, "client", client);
}

bool is_wanted(const EntryView& view, const Filter& filter) {
  const ShowArguments& wanted = filter.arguments;
  if (!wanted.type.empty() && !has_text(view, "type", wanted.type)) return false;
  if (!wanted.serial.empty() && !has_text(view, "serial", wanted.serial)) return false;
  if (!filter.fingerprint.empty() && view.find("certificate_sha256") != nullptr &&
      !has_text(view, "certificate_sha256", filter.fingerprint)) {
    return false;
  }
  return wanted.client.empty() || is_by(view, wanted.client);
}

std::string value_text(const FieldView& field) {
  return printable(field.kind == ValueKind::kText ? decoded(field) : std::string(field.raw), kShownBytes);
}

std::string front_text(const EntryView& view, std::string_view key) {
  const FieldView* const field = view.find(key);
  return field == nullptr ? "-" : value_text(*field);
}

std::string line_of(const EntryView& view, std::uint64_t entry) {
  std::string line = fmt::format("{:>8}  {}  {:<9}  {:<8}", entry, front_text(view, "time"), front_text(view, "type"),
                                 front_text(view, "outcome"));
  for (const FieldView& field : view.fields()) {
    if (std::ranges::find(kInFront, field.key) != kInFront.end() || field.key == "mono") continue;
    line += fmt::format("  {}={}", printable(field.key, kShownBytes), value_text(field));
  }
  return line + "\n";
}

Result<void> show_entry(ByteView bytes, std::uint64_t entry, const Filter& filter, Format format, EntryView& view) {
  if (const auto problem = view.parse(bytes)) {
    if (format == Format::kJson) return {};  // a line of JSON that is none helps nobody; verify names it
    return print(fmt::format("{:>8}  not canonical at byte {} ({}): {}\n", entry, problem->offset, problem->what,
                             printable(signet::text_of(bytes), kShownBytes)));
  }
  if (!is_wanted(view, filter)) return {};
  if (format == Format::kText) return print(line_of(view, entry));
  return print(without_controls(signet::text_of(bytes)) + "\n");
}

}  // namespace

Result<void> show(ShowArguments arguments, Format format) {
  SIGNET_TRY(const Filter filter, make_filter(std::move(arguments)));
  SIGNET_TRY(EntryFile file, EntryFile::open(filter.arguments.directory));
  EntryView view;
  const std::uint64_t last = filter.arguments.to.value_or(UINT64_MAX);
  while (true) {
    SIGNET_TRY(const std::optional<Block> block, file.next());
    if (!block || block->first > last) break;
    for (std::size_t i = 0; i < block->frames.size(); ++i) {
      const std::uint64_t entry = block->first + i;
      if (entry < filter.arguments.from || entry > last) continue;
      SIGNET_CHECK(show_entry(block->entry(i), entry, filter, format, view));
    }
  }
  return finish_output();
}

}  // namespace signet::audit::cli
