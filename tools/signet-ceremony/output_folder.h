// The folder a ceremony leaves behind: whole, or not there.
#pragma once

#include <string>

#include "base/bytes.h"

namespace signet::ceremony {

/// A folder that is built beside its final place and renamed into it. Move-only. What was neither published nor kept is
/// removed with it; after a crash it is still there, with all that was written.
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
  /// Adds to the end of a file, which is made (mode 0644) if it is not there. Synced before this returns.
  [[nodiscard]] Result<void> append(const std::string& name, std::string_view content);
  /// Renames the folder to its place, where nothing may be (RENAME_NOREPLACE), and syncs. On failure the files stay
  /// where they are, and the message says where: the keys they belong to exist.
  [[nodiscard]] Result<void> publish();
  /// Leaves the unfinished folder where it is, for people to look at, and returns its path.
  [[nodiscard]] std::string keep() noexcept { return std::exchange(staging_, std::string()); }

 private:
  OutputFolder(std::string path, std::string staging) : path_(std::move(path)), staging_(std::move(staging)) {}
  std::string path_;
  std::string staging_;  // empty once published, kept or moved from
};

}  // namespace signet::ceremony
