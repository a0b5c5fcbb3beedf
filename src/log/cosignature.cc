#include "log/cosignature.h"

#include <fmt/format.h>

#include <limits>

namespace signet::log {

Result<Cosignature> parse_cosignature(ByteView bytes) {
  if (bytes.size() != kCosignatureBytes) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("a cosignature has {} bytes: {} of time and signature (C2SP "
                                                         "tlog-cosignature) were expected",
                                                         bytes.size(), kCosignatureBytes));
  }
  const std::uint64_t time = read_u64(bytes);
  if (time > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("a cosignature has the time {}, which exceeds 2^63 - 1 (C2SP tlog-cosignature)", time));
  }
  return Cosignature{std::chrono::sys_seconds(std::chrono::seconds(static_cast<std::int64_t>(time))),
                     copy_of(bytes.subspan(sizeof(time)))};
}

Bytes cosigned_message(std::chrono::sys_seconds time, std::string_view note_text) {
  return copy_of(bytes_of(fmt::format("cosignature/v1\ntime {}\n{}", time.time_since_epoch().count(), note_text)));
}

}  // namespace signet::log
