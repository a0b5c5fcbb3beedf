// What the command's exit status says. --help prints this table; scripts rely on it.
#pragma once

#include <string>

#include "signet/result.h"

namespace signet::cli {

enum class ExitCode : int {
  kOk = 0,
  kOther = 1,            ///< something that should not happen
  kUsage = 2,            ///< arguments, configuration or files of this side
  kRefused = 3,          ///< the daemon understood and said no, or by its policy would
  kTryAgain = 4,         ///< not reached, busy or too slow; the same command can succeed later
  kUnauthenticated = 5,  ///< TLS failed, or one side did not accept who the other is
  kNotVerified = 6,      ///< what was answered about the log is not true
  kFindings = 7          ///< `signet lint` found an error in a certificate
};

/// Of an error that the client library, or a file or setting of this side, gave.
[[nodiscard]] ExitCode exit_code_of(const Error& error) noexcept;

/// The sentence that says what to do next; empty where the message says it all.
[[nodiscard]] std::string next_step(const Error& error);

}  // namespace signet::cli
