#include "log/torn_tail.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

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

constexpr std::size_t kHashBytes = 8;

/// "<offset>-<hash>", and so none that an operator's copy or a write that was cut off has.
bool is_name_of_tail(std::string_view rest) {
  const std::size_t dash = rest.find('-');
  if (dash == 0 || dash == std::string_view::npos || rest.size() - dash - 1 != 2 * kHashBytes) return false;
  return rest.find_first_not_of("0123456789") == dash &&
         rest.find_first_not_of("0123456789abcdef", dash + 1) == std::string_view::npos;
}

/// The file `name` was there already: it must be what an earlier run saved before it died, and must last as well.
Result<void> check_saved(const std::string& name, const Bytes& tail) {
  SIGNET_TRY(const Bytes saved, read_torn_tail(name));
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
  std::string name = fmt::format("{}.torn-{}-{}", path, offset, to_hex(ByteView(sha256(tail)).first(kHashBytes)));
  const auto written = write_new_file(name, tail, 0600);
  if (!written && written.error().code != ErrorCode::kAlreadyExists) return std::unexpected(written.error());
  if (!written) SIGNET_CHECK(check_saved(name, tail));
  return name;
}

Result<std::vector<std::string>> saved_torn_tails(const std::string& path) {
  const std::string prefix = std::filesystem::path(path).filename().string() + ".torn-";
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator at(directory_of(path), error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with(prefix) || !is_name_of_tail(std::string_view(name).substr(prefix.size()))) continue;
    names.push_back(directory_of(path) + "/" + name);
  }
  if (error) return fail_errno(error.value(), directory_of(path));
  std::ranges::sort(names);
  return names;
}

Result<Bytes> read_torn_tail(const std::string& name) {
  constexpr std::size_t kMaxSavedBytes = std::size_t{1024} * 1024;
  return read_file(name, kMaxSavedBytes, FileTrust::kNotWritable, "the saved end of a file");
}

}  // namespace signet::log
