#include "log/room.h"

#include <fmt/format.h>

#include <cerrno>

#include "base/ops_log.h"

namespace signet::log {
namespace {

constexpr std::uint64_t kSmallStep = 4096;
constexpr std::chrono::seconds kRetryAfter{10};

std::uint64_t round_up(std::uint64_t bytes, std::uint64_t step) { return (bytes + step - 1) / step * step; }

/// An error of the system, told as what it means here.
std::unexpected<Error> nearly_full(int error, const std::string& why) {
  auto refused = fail_errno(error, "the log's disk is nearly full: " + why);
  refused.error().code = ErrorCode::kUnavailable;
  refused.error().retryable = true;
  refused.error().retry_after = kRetryAfter;
  return refused;
}

}  // namespace

Result<void> Room::make(std::uint64_t end, Urgency urgency, bool look) {
  if (urgency == Urgency::kEssential) return make_essential(end);
  Result<void> made = make_ordinary(end, look);
  tell(made);
  return made;
}

Result<void> Room::make_ordinary(std::uint64_t end, bool look) {
  if (look || refusing_) SIGNET_CHECK(check_free());
  if (end + kReserveBytes <= allocated_) return {};
  const int error = allocate_up_to(round_up(end + kReserveBytes, kAllocationStep));
  if (error == 0) return {};
  return nearly_full(error, path_ + " cannot be lengthened");
}

/// Lives on the reserve as long as it lasts, and then on what small room is left.
Result<void> Room::make_essential(std::uint64_t end) {
  if (end <= allocated_) return {};
  if (allocate_up_to(round_up(end + kReserveBytes, kAllocationStep)) == 0) return {};
  const int error = allocate_up_to(round_up(end, kSmallStep));
  if (error == 0) return {};
  return nearly_full(error, fmt::format("even the reserve is used up, and {} cannot be lengthened", path_));
}

int Room::allocate_up_to(std::uint64_t end) {
  const int error = ops_.allocate(fd_, static_cast<off_t>(allocated_), static_cast<off_t>(end - allocated_));
  if (error == 0) allocated_ = end;
  return error;
}

Result<void> Room::check_free() const {
  const std::int64_t free = ops_.free_bytes(fd_);
  if (free < 0) return nearly_full(errno, fmt::format("the file system of {} does not tell what is free", path_));
  if (static_cast<std::uint64_t>(free) >= limits_.min_free_bytes) return {};
  return fail_retryable(
      ErrorCode::kUnavailable,
      fmt::format("the log's disk is nearly full: {} bytes are free on the file system of {}, and {} must be; make "
                  "room there",
                  free, path_, limits_.min_free_bytes),
      kRetryAfter);
}

/// Once when it begins and once when it is over.
void Room::tell(const Result<void>& made) {
  if (made.has_value() != refusing_) return;
  refusing_ = !made.has_value();
  if (refusing_) {
    ops::error("the log takes nothing but what is essential", {{"why", made.error().message}});
  } else {
    ops::info("the log has room again", {{"path", path_}});
  }
}

}  // namespace signet::log
