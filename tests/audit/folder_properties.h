// What must hold for any folder given to verify(), prove() and find_certificate(): they end, and say something.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "audit/digest.h"
#include "entry_view_properties.h"
#include "log/frame.h"
#include "signet/audit.h"
#include "support/temp_directory.h"

namespace signet::audit {

/// The image of a folder: for each file a name in one line, its length in the next, and its bytes.
/// `entries` come as they are; `frames` are entries, each in a line, that get the frames they need.
class FolderImage {
 public:
  explicit FolderImage(ByteView image) : rest_(text_of(image)) {}

  void write(const std::string& directory) {
    for (int files = 0; files < 16; ++files) {
      const std::string name(line());
      const std::size_t length = std::min<std::size_t>(number(line()), rest_.size());
      if (name.empty()) return;
      const std::string_view content = rest_.substr(0, length);
      rest_.remove_prefix(length);
      if (name == "frames") {
        write_file(directory + "/entries", framed(content));
      } else if (name.find("..") == std::string::npos && name.front() != '/' && name.find('\0') == std::string::npos) {
        write_file(directory + "/" + name, content);
      }
    }
  }

 private:
  std::string_view line() {
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return line;
  }
  static std::size_t number(std::string_view text) {
    std::size_t number = 0;
    for (const char c : text.substr(0, 6)) {
      if (c >= '0' && c <= '9') number = number * 10 + static_cast<std::size_t>(c - '0');
    }
    return number;
  }
  static std::string framed(std::string_view lines) {
    Bytes bytes;
    while (!lines.empty()) {
      const std::size_t end = std::min(lines.find('\n'), lines.size());
      if (end > 0 && end <= 65'535) log::append_frame(bytes, bytes_of(lines.substr(0, end)));
      lines.remove_prefix(std::min(end + 1, lines.size()));
    }
    return std::string(text_of(bytes));
  }
  static void write_file(const std::string& path, std::string_view content) {
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
    std::ofstream(path, std::ios::binary) << content;
  }

  std::string_view rest_;
};

class QuietListener : public Listener {
 public:
  void found(const Finding& finding) override {
    ++found_;
    must_hold(!finding.id.empty() && !finding.place.empty() && !finding.message.empty(), "a finding says all");
    must_hold(finding.message.find('\n') == std::string::npos, "a finding is one line");
    must_hold(finding.place.find('\n') == std::string::npos, "a place is one line");
  }
  void progress(const Progress& progress) override {
    must_hold(progress.bytes <= progress.total_bytes, "no more is read than there is");
  }
  [[nodiscard]] std::size_t found_count() const noexcept { return found_; }

 private:
  std::size_t found_ = 0;
};

inline void check_folder_property(ByteView image) {
  const signet::test::TempDirectory directory;
  FolderImage(image).write(directory.path());
  VerifyOptions options;
  options.directory = directory.path();
  options.threads = 1;
  if (std::filesystem::is_regular_file(directory / "journal")) options.journals = {directory / "journal"};
  QuietListener listener;
  const auto summary = verify(options, listener);
  must_hold(!summary.has_value() || summary->clean() || listener.found_count() > 0, "what is not clean is named");
  static_cast<void>(prove(directory.path(), 0));
}

}  // namespace signet::audit
