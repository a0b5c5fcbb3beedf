// The folder a ceremony leaves behind: whole, or not there.
#pragma once

#include <string>

#include "base/bytes.h"

namespace signet::ceremony {

/// A folder that is built beside its final place and renamed into it. Move-only. What was not published is removed with
/// it, unless it is kept.
class OutputFolder {
 public:
  /// Nothing is at `path`, and the folder that will hold it can be written. Makes nothing.
  [[nodiscard]] static Result<void> check(const std::string& path);
  /// As check(), then makes the folder in which the files are collected.
  [[nodiscard]] static Result<OutputFolder> make(const std::string& path);
  OutputFolder(OutputFolder&& other) noexcept
      : path_(std::move(other.path_)), staging_(std::exchange(other.staging_, std::string())) {}
  OutputFolder& operator=(OutputFolder&&) = delete;
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;
  ~OutputFolder();

  /// A new file of mode 0644, synced.
  [[nodiscard]] Result<void> write(const std::string& name, std::string_view content);
  /// Renames the folder to its place, where nothing may be (RENAME_NOREPLACE), and syncs. On failure the files stay
  /// where they are, and the message says where: the keys they belong to exist.
  [[nodiscard]] Result<void> publish();

 private:
  OutputFolder(std::string path, std::string staging) : path_(std::move(path)), staging_(std::move(staging)) {}
  std::string path_;
  std::string staging_;  // empty once published or moved from
};

}  // namespace signet::ceremony
