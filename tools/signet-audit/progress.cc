#include "progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace signet::audit::cli {
namespace {

constexpr std::chrono::milliseconds kBetween{200};
constexpr std::size_t kBarWidth = 30;

std::string bar(double done) {
  const auto filled = static_cast<std::size_t>(done * static_cast<double>(kBarWidth));
  return std::string(filled, '#') + std::string(kBarWidth - filled, '.');
}

std::string time_left(double seconds) {
  const auto left = static_cast<std::uint64_t>(std::max(seconds, 0.0));
  return fmt::format("{}:{:02}:{:02}", left / 3600, left / 60 % 60, left % 60);
}

}  // namespace

ProgressLine::ProgressLine() : terminal_(isatty(STDERR_FILENO) == 1) {}

void ProgressLine::show(const Progress& progress) {
  const auto now = Clock::now();
  if (!terminal_ || now - shown_ < kBetween || progress.bytes == 0 || progress.total_bytes == 0) return;
  shown_ = now;
  const double seconds = std::chrono::duration<double>(now - begin_).count();
  const double done = std::min(1.0, static_cast<double>(progress.bytes) / static_cast<double>(progress.total_bytes));
  std::string line = fmt::format("[{}] {:3.0f} %  {:.0f} entries/s  {} left", bar(done), done * 100,
                                 static_cast<double>(progress.entries) / seconds, time_left(seconds / done - seconds));
  const std::size_t length = line.size();
  line.resize(std::max(length, length_), ' ');
  length_ = length;
  std::fprintf(stderr, "\r%s", line.c_str());
  std::fflush(stderr);
}

void ProgressLine::clear() {
  if (length_ == 0) return;
  std::fprintf(stderr, "\r%s\r", std::string(length_, ' ').c_str());
  std::fflush(stderr);
  length_ = 0;
}

}  // namespace signet::audit::cli
