#include "log/checkpoint_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "base/ops_log.h"
#include "log/checkpoint.h"

namespace signet::log {
namespace {

constexpr std::string_view kSignatureStart = "\xE2\x80\x94 ";  // em dash, U+2014, and a space
constexpr std::size_t kMaxRecordBytes = kMaxNoteBytes + 1;     // a note and the empty line
constexpr std::size_t kReadBytes = std::size_t{64} * 1024;

/// Where the first record of `text` ends, behind the empty line that follows a signature line; npos if none does.
std::size_t end_of_record(std::string_view text) {
  for (std::size_t at = text.find("\n\n"); at != std::string_view::npos; at = text.find("\n\n", at + 1)) {
    const std::size_t newline = text.substr(0, at).rfind('\n');
    const std::size_t line = newline == std::string_view::npos ? 0 : newline + 1;
    if (text.substr(line).starts_with(kSignatureStart)) return at + 2;
  }
  return std::string_view::npos;
}

Result<UniqueFd> open_checkpoints(const std::string& path, int flags) {
  UniqueFd file{open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file.valid()) return fail_errno(errno, path);
  return file;
}

Result<std::uint64_t> size_of(int fd, const std::string& path) {
  struct stat status{};
  if (fstat(fd, &status) != 0) return fail_errno(errno, path);
  if (!S_ISREG(status.st_mode)) return fail(ErrorCode::kInternal, path + ": not a regular file");
  return static_cast<std::uint64_t>(status.st_size);
}

/// The records of the file from `begin` on, in order.
class RecordReader {
 public:
  RecordReader(int fd, const std::string& path, std::uint64_t begin, std::uint64_t end)
      : fd_(fd), path_(path), offset_(begin), end_(end) {}

  /// Of the first byte that was not returned.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  [[nodiscard]] std::uint64_t rest_bytes() const noexcept { return end_ - offset_; }

  /// Goes to the end of the record that stands at offset(), without looking into it. False if none ends.
  Result<bool> skip() {
    SIGNET_TRY(const std::size_t length, find_end());
    take(length);
    return length > 0;
  }

  /// The next whole note. None at the end, or where only the rest of a torn write follows.
  Result<std::optional<Note>> next() {
    SIGNET_TRY(const std::size_t length, find_end());
    if (length == 0) return std::nullopt;
    const std::string_view record = view().substr(0, length);
    auto note = parse_note(bytes_of(record.substr(0, length - 1)));
    if (!note && offset_ + length == end_ && record.contains('\0')) return std::nullopt;
    if (!note) return damaged(note.error().message);
    take(length);
    return *std::move(note);
  }

 private:
  [[nodiscard]] std::string_view view() const { return std::string_view(buffer_).substr(used_); }
  void take(std::size_t length) {
    used_ += length;
    offset_ += length;
  }
  std::unexpected<Error> damaged(std::string_view why) const {
    return fail(ErrorCode::kDataLoss,
                fmt::format("{}: damaged at byte {}: {}. Restore the file from a copy", path_, offset_, why));
  }

  /// How long the record at offset() is; 0 if the file ends before it does.
  Result<std::size_t> find_end() {
    while (true) {
      const std::size_t end = end_of_record(view());
      if (end != std::string_view::npos && end <= kMaxRecordBytes) return end;
      if (view().size() > kMaxRecordBytes) return damaged("no signed note stands there");
      if (view().size() == rest_bytes()) return std::size_t{0};
      SIGNET_CHECK(read_more());
    }
  }

  Result<void> read_more() {
    buffer_.erase(0, used_);
    used_ = 0;
    const std::size_t had = buffer_.size();
    const std::uint64_t at = offset_ + had;
    buffer_.resize(had + std::min<std::uint64_t>(std::max(had, kReadBytes), end_ - at));
    ssize_t got = 0;
    do {
      got = pread(fd_, buffer_.data() + had, buffer_.size() - had, static_cast<off_t>(at));
    } while (got < 0 && errno == EINTR);
    if (got <= 0) return fail_errno(got < 0 ? errno : EIO, fmt::format("{}: byte {}", path_, at));
    buffer_.resize(had + static_cast<std::size_t>(got));
    return {};
  }

  int fd_;
  const std::string& path_;
  std::uint64_t offset_;
  std::uint64_t end_;
  std::string buffer_;
  std::size_t used_ = 0;  // bytes of buffer_ that lie before offset_
};

struct LastRecord {
  std::optional<Note> note;
  std::uint64_t begin = 0;  // of its record
  std::uint64_t end = 0;    // and behind it
  std::uint64_t rest_bytes = 0;
};

/// Reads the last `window` bytes. None if no record begins and ends in them.
Result<std::optional<LastRecord>> find_last_in(int fd, const std::string& path, std::uint64_t size,
                                               std::uint64_t window) {
  RecordReader records(fd, path, size - window, size);
  if (window < size) {
    SIGNET_TRY(const bool skipped, records.skip());
    if (!skipped) return std::nullopt;
  }
  LastRecord last{.note = {}, .begin = records.offset(), .end = records.offset(), .rest_bytes = 0};
  while (true) {
    const std::uint64_t begin = records.offset();
    SIGNET_TRY(auto note, records.next());
    if (!note) break;
    last = {.note = *std::move(note), .begin = begin, .end = records.offset(), .rest_bytes = 0};
  }
  last.rest_bytes = records.rest_bytes();
  if (!last.note && window < size) return std::nullopt;
  return last;
}

Result<LastRecord> find_last(int fd, const std::string& path) {
  SIGNET_TRY(const std::uint64_t size, size_of(fd, path));
  for (std::uint64_t window = kReadBytes;; window *= 4) {
    // The window may begin anywhere in a record: that this is no error is known only for the whole file.
    auto last = find_last_in(fd, path, size, std::min(window, size));
    if (window >= size && !last) return std::unexpected(std::move(last).error());
    if (last && *last) return **std::move(last);
    if (!last && last.error().code != ErrorCode::kDataLoss) return std::unexpected(std::move(last).error());
    if (window >= kMaxRecordBytes * 4) {
      return last
                 ? fail(ErrorCode::kDataLoss, fmt::format("{}: no signed note stands in its last {} bytes. Restore the "
                                                          "file from a copy",
                                                          path, window))
                 : std::unexpected(std::move(last).error());
    }
  }
}

Result<void> write_at(int fd, const std::string& path, std::string_view text, std::uint64_t offset) {
  while (!text.empty()) {
    const ssize_t written = pwrite(fd, text.data(), text.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail_errno(written < 0 ? errno : EIO, path);
    text.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

Result<void> sync(int fd, const std::string& path) {
  if (fdatasync(fd) == 0) return {};
  return fail_errno(errno, path + ": sync");
}

/// Cuts the file to its whole notes, durably, so that the next write is the only one that can be torn.
Result<void> cut_rest(int fd, const std::string& path, const LastRecord& last) {
  if (last.rest_bytes == 0) return {};
  ops::warning("a torn checkpoint was cut", {{"file", path}, {"bytes", std::to_string(last.rest_bytes)}});
  if (ftruncate(fd, static_cast<off_t>(last.end)) != 0) return fail_errno(errno, path + ": truncate");
  return sync(fd, path);
}

Result<void> append_to_checkpoints(const std::string& path, const Note& note, std::string_view formatted) {
  SIGNET_TRY(const UniqueFd file, open_checkpoints(path, O_RDWR | O_CREAT));
  SIGNET_TRY(const LastRecord last, find_last(file.get(), path));
  SIGNET_CHECK(cut_rest(file.get(), path, last));
  // One that is there already is written once more: after a sync that failed, the kernel may show bytes that never
  // reached the disk, and would not write them again by itself.
  const bool again = last.note && *last.note == note;
  SIGNET_CHECK(write_at(file.get(), path, fmt::format("{}\n", formatted), again ? last.begin : last.end));
  return sync(file.get(), path);
}

}  // namespace

std::string checkpoint_path(const std::string& directory) { return directory + "/checkpoint"; }
std::string checkpoints_path(const std::string& directory) { return directory + "/checkpoints"; }

Result<CheckpointsEnd> read_checkpoints(const std::string& path, const std::function<Result<void>(const Note&)>& use) {
  const auto file = open_checkpoints(path, O_RDONLY);
  if (!file && file.error().code == ErrorCode::kNotFound) return CheckpointsEnd{};
  if (!file) return std::unexpected(file.error());
  SIGNET_TRY(const std::uint64_t size, size_of(file->get(), path));
  RecordReader records(file->get(), path, 0, size);
  CheckpointsEnd end;
  while (true) {
    SIGNET_TRY(const auto note, records.next());
    if (!note) break;
    SIGNET_CHECK(use(*note));
    ++end.checkpoints;
  }
  end.bytes = records.offset();
  end.rest_bytes = records.rest_bytes();
  return end;
}

Result<std::optional<Note>> last_checkpoint(const std::string& path) {
  const auto file = open_checkpoints(path, O_RDONLY);
  if (!file && file.error().code == ErrorCode::kNotFound) return std::nullopt;
  if (!file) return std::unexpected(file.error());
  SIGNET_TRY(LastRecord last, find_last(file->get(), path));
  return std::move(last.note);
}

Result<void> append_checkpoint(const std::string& directory, const Note& note) {
  SIGNET_TRY(const Bytes formatted, format_note(note));
  // Crash before this is done: `checkpoints` may end in a part of the note, which the next append cuts.
  SIGNET_CHECK(append_to_checkpoints(checkpoints_path(directory), note, text_of(formatted)));
  // Crash here: `checkpoint` is the one before; a start finds the newer one in `checkpoints`.
  return replace_file(checkpoint_path(directory), formatted, 0600);  // syncs the folder, for both names
}

std::uint64_t claimed_size(const std::string& directory) {
  const auto size_in = [](const Result<std::optional<Note>>& note) -> std::uint64_t {
    if (!note || !*note) return 0;
    const auto checkpoint = parse_checkpoint((*note)->text);
    return checkpoint ? checkpoint->size : 0;
  };
  return std::max(size_in(read_checkpoint(directory)), size_in(last_checkpoint(checkpoints_path(directory))));
}

Result<std::optional<Note>> read_checkpoint(const std::string& directory) {
  const std::string path = checkpoint_path(directory);
  const auto bytes = read_file(path, kMaxNoteBytes, FileTrust::kAnyone, {});
  if (!bytes && bytes.error().code == ErrorCode::kNotFound) return std::nullopt;
  if (!bytes) return std::unexpected(bytes.error());
  auto note = parse_note(*bytes);
  if (!note) {
    return fail(ErrorCode::kDataLoss,
                fmt::format("{}: it is no signed note: {}. Restore it from a copy, or remove it: the newest one stands "
                            "in `checkpoints` too",
                            path, note.error().message));
  }
  return *std::move(note);
}

}  // namespace signet::log
