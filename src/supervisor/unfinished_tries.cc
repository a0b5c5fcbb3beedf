#include "supervisor/unfinished_tries.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ops_log.h"

namespace signet {

/// The note is the identity, and on a line of its own a digit. What is not understood counts as too many.
Result<void> UnfinishedTries::read(const std::string& identity) {
  SIGNET_TRY(const std::optional<std::string> note, note_.read());
  is_noted_ = note.has_value();
  count_ = 0;
  if (!is_noted_) return {};
  const std::size_t end = std::min(note->find('\n'), note->size());
  if (note->substr(0, end) == identity) count_ = note->substr(end) == "\n1" ? 1 : kMost;
  return {};
}

void UnfinishedTries::begin(const std::string& identity) {
  count_ = std::min(count_ + 1, kMost);
  is_noted_ = true;
  const auto written = note_.write(fmt::format("{}\n{}", identity, count_));
  if (written.has_value()) return;
  ops::error("a token has its PIN; should signetd be killed before it answers, the next one will not know",
             {{"reason", written.error().message}});
}

void UnfinishedTries::end() {
  count_ = 0;
  if (!is_noted_) return;
  const auto removed = note_.remove();
  is_noted_ = !removed.has_value();
  if (removed.has_value()) return;
  ops::error("a token has answered, but the note that it has its PIN cannot be removed",
             {{"reason", removed.error().message}});
}

}  // namespace signet
