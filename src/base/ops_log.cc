#include "base/ops_log.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>

#include "base/bytes.h"

namespace signet::ops {

namespace {

constexpr std::size_t kMaxValueBytes = 1024;

spdlog::logger& logger() {
  // Never destroyed: threads may still log while the process leaves.
  static auto& instance = *new spdlog::logger("signet", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  return instance;
}

std::string in_quotes(const std::string& value) {
  const std::string safe = printable(value, kMaxValueBytes);
  const bool plain =
      !safe.empty() && std::ranges::none_of(safe, [](char c) { return c == ' ' || c == '"' || c == '='; });
  if (plain) return safe;
  std::string text = "\"";
  for (const char c : safe) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

void write(spdlog::level::level_enum level, std::string_view what, std::initializer_list<Field> fields) {
  std::string line(what);
  for (const auto& [name, value] : fields) line += fmt::format(" {}={}", name, in_quotes(value));
  logger().log(level, line);
}

}  // namespace

void open(std::string_view process, bool quiet) {
  logger().set_pattern(fmt::format("%Y-%m-%dT%H:%M:%S.%eZ %l {}[{}] %v", process, getpid()),
                       spdlog::pattern_time_type::utc);
  logger().set_level(quiet ? spdlog::level::warn : spdlog::level::info);
}

void info(std::string_view what, std::initializer_list<Field> fields) { write(spdlog::level::info, what, fields); }
void warning(std::string_view what, std::initializer_list<Field> fields) { write(spdlog::level::warn, what, fields); }
void error(std::string_view what, std::initializer_list<Field> fields) { write(spdlog::level::err, what, fields); }

}  // namespace signet::ops
