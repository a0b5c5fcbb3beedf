#include "log/checkpoint.h"

#include <fmt/format.h>

#include "log/note.h"
#include "log/text_format.h"

namespace signet::log {
namespace {

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), "checkpoint");
}

Result<void> check_text(std::string_view text) {
  const auto checked = check_note_text(text);
  if (!checked.has_value()) return refuse(checked.error().message);
  return {};
}

}  // namespace

Result<std::string> format_checkpoint(const Checkpoint& checkpoint) {
  if (checkpoint.origin.empty()) return refuse("the checkpoint's origin is empty");
  if (checkpoint.origin.contains('\n')) {
    return refuse(fmt::format("the checkpoint's origin \"{}\" has a newline", printable(checkpoint.origin)));
  }
  std::string text = fmt::format("{}\n{}\n{}\n", checkpoint.origin, checkpoint.size, to_base64(checkpoint.root));
  SIGNET_CHECK(check_text(text));
  return text;
}

Result<Checkpoint> parse_checkpoint(std::string_view text) {
  SIGNET_CHECK(check_text(text));
  const auto origin = take_line(text);
  const auto size_line = take_line(text);
  const auto root_line = take_line(text);
  if (!origin.has_value() || !size_line.has_value() || !root_line.has_value()) {
    return refuse("a checkpoint has three lines: origin, tree size, root hash");
  }
  if (origin->empty()) return refuse("the checkpoint's origin is empty");
  const auto size = parse_decimal(*size_line);
  if (!size.has_value()) {
    return refuse(
        fmt::format("the checkpoint's tree size \"{}\" is not decimal digits without leading zeros, below "
                    "2^64",
                    printable(*size_line)));
  }
  const auto root = parse_hash(*root_line);
  if (!root.has_value()) {
    return refuse(fmt::format("the checkpoint's root hash \"{}\" is not base64 of 32 bytes", printable(*root_line)));
  }
  if (!text.empty()) {
    return refuse(
        fmt::format("the checkpoint has a line behind the root hash, \"{}\"; extension lines are not accepted",
                    printable(text.substr(0, text.find('\n')))));
  }
  return Checkpoint{std::string(*origin), *size, *root};
}

}  // namespace signet::log
