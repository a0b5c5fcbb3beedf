#include "log/torn_tail.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"

namespace signet::log {

Result<Bytes> read_at(int fd, const std::string& path, std::uint64_t offset, std::size_t size) {
  Bytes bytes(size);
  for (std::size_t done = 0; done < size;) {
    const ssize_t got = pread(fd, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return fail_errno(got < 0 ? errno : EIO, fmt::format("{}: byte {}", path, offset + done));
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

namespace {

/// The file `name` was there already: it must be what an earlier run saved before it died, and must last as well.
Result<void> check_saved(const std::string& name, const Bytes& tail) {
  constexpr std::size_t kMaxSavedBytes = std::size_t{1024} * 1024;
  SIGNET_TRY(const Bytes saved, read_file(name, kMaxSavedBytes, FileTrust::kNotWritable, "the saved end of a file"));
  if (saved == tail) return sync_directory(directory_of(name));
  return fail(
      ErrorCode::kDataLoss,
      fmt::format("{}: holds other bytes ({}) than the {} at the end of the file that are to be saved under this "
                  "name. Nothing was changed: keep that file under another name and start again",
                  name, saved.size(), tail.size()));
}

}  // namespace

Result<std::string> save_torn_tail(int fd, const std::string& path, std::uint64_t offset, std::size_t size) {
  SIGNET_TRY(const Bytes tail, read_at(fd, path, offset, size));
  std::string name = fmt::format("{}.torn-{}-{}", path, offset, to_hex(ByteView(sha256(tail)).first(8)));
  const auto written = write_new_file(name, tail, 0600);
  if (!written && written.error().code != ErrorCode::kAlreadyExists) return std::unexpected(written.error());
  if (!written) SIGNET_CHECK(check_saved(name, tail));
  return name;
}

}  // namespace signet::log
