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

/// What of the fields that were not understood counts.
enum class Unknown {
  kAll,
  kOfAnotherType,  ///< only those whose number is known
};

std::optional<std::string> find_unknown_field(const Message& message, const std::string& path, Unknown counts);

std::optional<std::string> find_unknown_field(const Message& message, const FieldDescriptor& field,
                                              const std::string& path, Unknown counts) {
  const auto& reflection = *message.GetReflection();
  const std::string inner = path + "." + field.name();
  if (!field.is_repeated()) return find_unknown_field(reflection.GetMessage(message, &field), inner, counts);
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    auto found =
        find_unknown_field(reflection.GetRepeatedMessage(message, &field, i), fmt::format("{}[{}]", inner, i), counts);
    if (found.has_value()) return found;
  }
  return std::nullopt;
}

/// Where an unknown field stands, as "request.signature field 9", or nothing. As deep as the parser went (100 levels).
std::optional<std::string> find_unknown_field(const Message& message, const std::string& path, Unknown counts) {
  const auto& reflection = *message.GetReflection();
  const auto& unknown = reflection.GetUnknownFields(message);
  for (int i = 0; i < unknown.field_count(); ++i) {
    const int number = unknown.field(i).number();
    const bool known = message.GetDescriptor()->FindFieldByNumber(number) != nullptr;
    if (known || counts == Unknown::kAll) return fmt::format("{} field {}", path, number);
  }
  std::vector<const FieldDescriptor*> present;
  reflection.ListFields(message, &present);
  for (const FieldDescriptor* field : present) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (auto found = find_unknown_field(message, *field, path, counts); found.has_value()) return found;
  }
  return std::nullopt;
}

Result<void> parse_into(Message& message, ByteView bytes, std::string_view what) {
  silence_library();
  const bool fits = bytes.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max());
  if (fits && message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} is not a valid {} message (protobuf 3, text in UTF-8)", what,
                          message.GetDescriptor()->full_name()),
              std::string(what));
}

}  // namespace

Result<void> parse_strict_into(Message& message, ByteView bytes, std::string_view what) {
  SIGNET_CHECK(parse_into(message, bytes, what));
  const auto unknown = find_unknown_field(message, std::string(what), Unknown::kAll);
  if (!unknown.has_value()) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} is not known here (or has another type); fields of a newer version are refused, not "
                          "ignored: use the definition that belongs to the receiver's version",
                          *unknown),
              std::string(what));
}

Result<void> parse_lenient_into(Message& message, ByteView bytes, std::string_view what) {
  SIGNET_CHECK(parse_into(message, bytes, what));
  const auto wrong = find_unknown_field(message, std::string(what), Unknown::kOfAnotherType);
  if (!wrong.has_value()) return {};
  return fail(ErrorCode::kInvalidArgument, fmt::format("{} has another type than the definition says", *wrong),
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
