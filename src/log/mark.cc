#include "log/mark.h"

#include <array>
#include <cerrno>

#include "base/file.h"
#include "base/ops_log.h"
#include "log/value.h"

namespace signet::log {
namespace {

constexpr std::size_t kMaxMarkBytes = 256;

struct Member {
  const char* name;
  std::uint64_t Mark::* value;
};
constexpr std::array<Member, 4> kMembers = {{{"size", &Mark::size},
                                             {"bytes", &Mark::bytes},
                                             {"lowest_open", &Mark::lowest_open},
                                             {"lowest_open_bytes", &Mark::lowest_open_bytes}}};

std::unexpected<Error> malformed(const char* what) {
  return fail(ErrorCode::kDataLoss, std::string("the mark is malformed: ") + what);
}

}  // namespace

Result<Bytes> format_mark(const Mark& mark) {
  Object object;
  for (const Member& member : kMembers) object.emplace(member.name, static_cast<std::int64_t>(mark.*member.value));
  return encode_canonical(object);
}

Result<Mark> parse_mark(ByteView bytes) {
  SIGNET_TRY(const Object object, parse_canonical(bytes));
  Mark mark;
  for (const Member& member : kMembers) {
    const auto found = object.find(member.name);
    const std::int64_t* number = found == object.end() ? nullptr : found->second.integer();
    if (number == nullptr || *number < 0) return malformed("a number is missing");
    mark.*member.value = static_cast<std::uint64_t>(*number);
  }
  if (object.size() != kMembers.size()) return malformed("it has a field too many");
  if (mark.lowest_open >= mark.size || mark.lowest_open_bytes >= mark.bytes) return malformed("it marks no entry");
  return mark;
}

std::optional<Mark> read_mark(const std::string& path) {
  const auto bytes = read_file(path, kMaxMarkBytes, FileTrust::kNotWritable, "the log's mark");
  if (!bytes && bytes.error().native == ENOENT) return std::nullopt;
  const auto mark = bytes ? parse_mark(*bytes) : std::unexpected(bytes.error());
  if (mark) return *mark;
  ops::warning("the log's mark is of no use: the whole log is read", {{"path", path}, {"why", mark.error().message}});
  return std::nullopt;
}

}  // namespace signet::log
