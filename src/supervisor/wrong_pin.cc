#include "supervisor/wrong_pin.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/ops_log.h"

namespace signet {

std::string identity_of(const PinConfig& pin) {
  if (pin.source == PinSource::kCredential) return fmt::format("{} {}", pin.key(), pin.credential);
  if (pin.source != PinSource::kFile) return pin.key();
  struct stat file{};
  if (lstat(pin.file.c_str(), &file) != 0) return {};
  return fmt::format("{} {} {}.{:09}", pin.key(), file.st_ino, file.st_ctim.tv_sec, file.st_ctim.tv_nsec);
}

/// The note is the identity, and on a line of its own when the PIN was tried.
Result<std::optional<std::string>> WrongPin::noted(const std::string& identity) const {
  SIGNET_TRY(const std::optional<std::string> note, note_.read());
  if (!note.has_value()) return std::nullopt;
  const std::string_view text = *note;
  const std::size_t end = text.find('\n');
  if (text.substr(0, end) != identity) return std::nullopt;
  return printable(end == std::string_view::npos ? std::string_view("?") : text.substr(end + 1), 64);
}

void WrongPin::remember(std::optional<PinMark> mark, const std::string& identity) {
  wrong_ = Wrong{mark};
  const auto written = note_.write(fmt::format("{}\n{}", identity, to_rfc3339(system_clock().now())));
  if (written.has_value()) return;
  ops::error("a configured PIN was wrong, but the next signetd will not know", {{"reason", written.error().message}});
}

void WrongPin::forget() {
  wrong_.reset();
  const auto removed = note_.remove();
  if (removed.has_value()) return;
  ops::error("the configured PIN was right, but the note that it was wrong cannot be removed",
             {{"reason", removed.error().message}});
}

bool WrongPin::is(const std::optional<PinMark>& mark) const noexcept {
  if (!wrong_.has_value()) return false;
  return !wrong_->mark.has_value() || !mark.has_value() || PinMarks::same(*wrong_->mark, *mark);
}

bool WrongPin::is_surely(const std::optional<PinMark>& mark) const noexcept {
  return wrong_.has_value() && wrong_->mark.has_value() && mark.has_value() && PinMarks::same(*wrong_->mark, *mark);
}

}  // namespace signet
