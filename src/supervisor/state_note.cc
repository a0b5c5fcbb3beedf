#include "supervisor/state_note.h"

#include <unistd.h>

#include <cerrno>

#include "base/file.h"

namespace signet {

namespace {

constexpr std::size_t kMaxBytes = 4096;

}  // namespace

Result<std::optional<std::string>> StateNote::read() const {
  const auto text = read_file(file_, kMaxBytes, FileTrust::kNotWritable, "state.directory");
  if (text.has_value()) return std::string(text_of(*text));
  if (text.error().native == ENOENT) return std::nullopt;
  return std::unexpected(text.error());
}

Result<void> StateNote::write(std::string_view text) const {
  SIGNET_CHECK(make_directory(directory_of(file_), 0700));
  return replace_file(file_, bytes_of(text), 0600);
}

Result<void> StateNote::remove() const {
  if (unlink(file_.c_str()) == 0) return sync_directory(directory_of(file_));
  if (errno != ENOENT) return fail_errno(errno, file_);
  return {};
}

}  // namespace signet
