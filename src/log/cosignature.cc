#include "log/cosignature.h"

#include <fmt/format.h>

#include "base/clock.h"

namespace signet::log {

Result<Cosignature> parse_cosignature(ByteView bytes) {
  if (bytes.size() != kCosignatureBytes) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("a cosignature has {} bytes: {} of time and signature (C2SP "
                                                         "tlog-cosignature) were expected",
                                                         bytes.size(), kCosignatureBytes));
  }
  const std::uint64_t time = read_u64(bytes);
  constexpr auto kLatest = std::chrono::floor<std::chrono::seconds>(kLatestTime).time_since_epoch().count();
  if (time > static_cast<std::uint64_t>(kLatest)) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("a cosignature has the time {}, in seconds since 1970; the year 9999 ends with {}", time, kLatest));
  }
  return Cosignature{std::chrono::sys_seconds(std::chrono::seconds(static_cast<std::int64_t>(time))),
                     copy_of(bytes.subspan(sizeof(time)))};
}

Bytes cosigned_message(std::chrono::sys_seconds time, std::string_view note_text) {
  return copy_of(bytes_of(fmt::format("cosignature/v1\ntime {}\n{}", time.time_since_epoch().count(), note_text)));
}

}  // namespace signet::log
