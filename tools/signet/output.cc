#include "output.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/file.h"

namespace signet::cli {

bool is_standard_output(const std::string& file) noexcept { return file.empty() || file == "-"; }

namespace {

/// One that was closed has become one that cannot be written (base/standard_streams.h).
Result<void> check_standard_output() {
  const int flags = ::fcntl(STDOUT_FILENO, F_GETFL);
  if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY) return {};
  return fail(ErrorCode::kInvalidArgument, "standard output is closed: the answer would be lost", "standard output");
}

}  // namespace

Result<void> check_writable(const std::string& file, bool force, const std::string& flag) {
  if (is_standard_output(file)) return check_standard_output();
  struct stat state{};
  if (!force && ::lstat(file.c_str(), &state) == 0) {
    return fail(ErrorCode::kAlreadyExists,
                fmt::format("{} exists; remove it, name another file or give --force", printable(file)), flag);
  }
  const std::string folder = directory_of(file);
  if (::access(folder.c_str(), W_OK | X_OK) == 0) return {};
  return fail_errno(errno, fmt::format("the folder {} cannot be written", printable(folder)), flag);
}

Result<void> write_output(const std::string& file, const std::string& text, bool force) {
  return force ? replace_file(file, bytes_of(text), 0644) : write_new_file(file, bytes_of(text), 0644);
}

Result<Bytes> read_standard_input(std::size_t max_bytes, const std::string& field) {
  Bytes bytes(max_bytes + 1);
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = ::read(STDIN_FILENO, bytes.data() + size, bytes.size() - size);
    if (got == 0) break;
    if (got < 0 && errno != EINTR) return fail_errno(errno, "standard input cannot be read", field);
    if (got > 0) size += static_cast<std::size_t>(got);
  }
  if (size > max_bytes) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("standard input is longer than {} bytes", max_bytes), field);
  }
  bytes.resize(size);
  return bytes;
}

Result<void> print(const std::string& text) { return write_all(STDOUT_FILENO, bytes_of(text)); }

Result<void> print_json(const nlohmann::json& value) {
  return print(value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

std::string time_text(std::chrono::sys_seconds time) { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(time)); }

void print_error(const Error& error, ExitCode exit_code, bool json, const std::string& next) {
  if (json) {
    const nlohmann::json object = {{"error",
                                    {{"message", error.message},
                                     {"field", error.field},
                                     {"code", name_of(error.code)},
                                     {"retryable", error.retryable},
                                     {"retry_after_millis", error.retry_after.count()},
                                     {"request_id", error.request_id},
                                     {"next", next},
                                     {"exit_code", static_cast<int>(exit_code)}}}};
    if (print_json(object).has_value()) return;
  }
  std::string text = fmt::format("signet: {}\n", error.message);
  if (!error.field.empty()) text += fmt::format("  field:   {}\n", error.field);
  text += fmt::format("  code:    {}\n", name_of(error.code));
  if (!error.request_id.empty()) text += fmt::format("  request: {}\n", error.request_id);
  if (!next.empty()) text += fmt::format("  next:    {}\n", next);
  std::fputs(text.c_str(), stderr);
}

}  // namespace signet::cli
