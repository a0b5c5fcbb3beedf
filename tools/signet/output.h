// Files and streams the command writes.
#pragma once

#include <chrono>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/bytes.h"
#include "exit_code.h"

namespace signet::cli {

/// How results are shown.
enum class Format {
  kText,  ///< PEM or a table on standard output, a line for people on standard error
  kJson,  ///< one object on standard output
};

/// `file` names standard output: it is empty or "-".
[[nodiscard]] bool is_standard_output(const std::string& file) noexcept;

/// Before anything is asked of the daemon: kAlreadyExists when `file` is there and must not be replaced, or an error
/// when its folder is not. Standard output must be open for writing.
[[nodiscard]] Result<void> check_writable(const std::string& file, bool force, const std::string& flag);

/// Whole or not at all, mode 0644; replaces only with `force`.
[[nodiscard]] Result<void> write_output(const std::string& file, const std::string& text, bool force);

/// Standard input to its end, at most `max_bytes`.
[[nodiscard]] Result<Bytes> read_standard_input(std::size_t max_bytes, const std::string& field);

/// Writes to standard output and checks that it arrived.
[[nodiscard]] Result<void> print(const std::string& text);
/// As print, indented and with a newline; text that is not UTF-8 is shown with U+FFFD.
[[nodiscard]] Result<void> print_json(const nlohmann::json& value);

/// RFC 3339 in whole seconds: "2026-01-02T03:04:05Z".
[[nodiscard]] std::string time_text(std::chrono::sys_seconds time);

/// "signet: <message>" with field, code, request and the `next` step below it, on standard error; with `json` an object
/// {"error": {...}} on standard output instead.
void print_error(const Error& error, ExitCode exit_code, bool json, const std::string& next);

}  // namespace signet::cli
