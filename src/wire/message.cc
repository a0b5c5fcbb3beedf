#include "wire/message.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/unknown_field_set.h>

#include <limits>
#include <optional>

namespace signet {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

/// The library writes to standard error when it refuses a message; who sends us bytes must not write our log.
void silence_library() { [[maybe_unused]] static auto* const previous = google::protobuf::SetLogHandler(nullptr); }

std::optional<std::string> find_unknown_field(const Message& message, const std::string& path);

std::optional<std::string> find_unknown_field(const Message& message, const FieldDescriptor& field,
                                              const std::string& path) {
  const auto& reflection = *message.GetReflection();
  const std::string inner = path + "." + field.name();
  if (!field.is_repeated()) return find_unknown_field(reflection.GetMessage(message, &field), inner);
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    auto found = find_unknown_field(reflection.GetRepeatedMessage(message, &field, i), fmt::format("{}[{}]", inner, i));
    if (found.has_value()) return found;
  }
  return std::nullopt;
}

/// Where an unknown field stands, as "request.signature field 9", or nothing. As deep as the parser went (100 levels).
std::optional<std::string> find_unknown_field(const Message& message, const std::string& path) {
  const auto& reflection = *message.GetReflection();
  const auto& unknown = reflection.GetUnknownFields(message);
  if (!unknown.empty()) return fmt::format("{} field {}", path, unknown.field(0).number());
  std::vector<const FieldDescriptor*> present;
  reflection.ListFields(message, &present);
  for (const FieldDescriptor* field : present) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (auto found = find_unknown_field(message, *field, path); found.has_value()) return found;
  }
  return std::nullopt;
}

}  // namespace

Result<void> parse_strict_into(Message& message, ByteView bytes, std::string_view what) {
  silence_library();
  const bool fits = bytes.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max());
  if (!fits || !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} is not a valid {} message (protobuf 3, text in UTF-8)", what,
                            message.GetDescriptor()->full_name()),
                std::string(what));
  }
  const auto unknown = find_unknown_field(message, std::string(what));
  if (!unknown.has_value()) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} is not known here (or has another type); fields of a newer version are refused, not "
                          "ignored: use the definition that belongs to the receiver's version",
                          *unknown),
              std::string(what));
}

Bytes encode(const Message& message) {
  silence_library();
  Bytes bytes(message.ByteSizeLong());
  google::protobuf::io::ArrayOutputStream array(bytes.data(), static_cast<int>(bytes.size()));
  google::protobuf::io::CodedOutputStream out(&array);
  out.SetSerializationDeterministic(true);
  message.SerializeWithCachedSizes(&out);
  return bytes;
}

}  // namespace signet
