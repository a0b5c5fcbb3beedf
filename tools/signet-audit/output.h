// What the commands of signet-audit say, for people and for programs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "signet/audit.h"

namespace signet::audit::cli {

enum class Format : std::uint8_t { kText, kJson };

/// Clean; findings, a proof that does not hold, or nothing to prove; usage; something cannot be read, or the answer not
/// be written.
enum class ExitCode : std::uint8_t { kClean = 0, kFindings = 1, kUsage = 2, kCannotRead = 3 };

/// To standard output, which must arrive: finish_output() tells at the end whether all of it did.
[[nodiscard]] Result<void> print(std::string_view text);
[[nodiscard]] Result<void> finish_output();

/// JSON with U+007F to U+009F, which a terminal may obey, written as \u00xx. They stand in texts only.
[[nodiscard]] std::string without_controls(std::string_view json);

void print_error(const Error& error, Format format);

/// One line: "finding entry-seq entry 17: ...".
[[nodiscard]] std::string line_of(const Finding& finding);
/// The end of verify, after its findings were printed.
[[nodiscard]] std::string text_of(const Summary& summary);
/// All of verify, as one object.
[[nodiscard]] std::string json_of(const Summary& summary, const std::vector<Finding>& findings);

[[nodiscard]] std::string text_of(const ProvenEntry& proven);
[[nodiscard]] std::string json_of(const ProvenEntry& proven);

}  // namespace signet::audit::cli
