// signet lint: what is wrong with certificates in a file. Asks nobody.
#pragma once

#include <string>

#include "exit_code.h"
#include "output.h"

namespace signet::cli {

struct LintArguments {
  std::string file;           ///< PEM with one or more certificates, or DER; "-" = standard input
  bool public_trust = false;  ///< the TLS Baseline Requirements, too
  bool list = false;          ///< print the rules; no file
};

/// Prints a line for each finding, or one object. kFindings where one is an error, kOk where there is none or only
/// warnings.
[[nodiscard]] Result<ExitCode> lint_certificates(const LintArguments& arguments, Format format);

}  // namespace signet::cli
