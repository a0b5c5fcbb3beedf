// A folder of a test's own.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace signet::test {

/// A new empty folder of mode 0700 below TMPDIR or /tmp, removed with all its content at the end of its life. Its path
/// is short, so that socket names fit into it. Throws std::filesystem::filesystem_error.
class TempDirectory {
 public:
  TempDirectory();
  ~TempDirectory();
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// The path of something inside.
  [[nodiscard]] std::string operator/(std::string_view name) const { return (path_ / name).string(); }
  /// Writes a file inside, mode 0600, and returns its path.
  std::string write(std::string_view name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

}  // namespace signet::test
