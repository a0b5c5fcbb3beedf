#include "exit_code.h"

#include <fmt/format.h>

namespace signet::cli {

ExitCode exit_code_of(const Error& error) noexcept {
  if (error.code == ErrorCode::kUnauthenticated) return ExitCode::kUnauthenticated;
  if (error.retryable || error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kDeadlineExceeded) {
    return ExitCode::kTryAgain;
  }
  if (error.code == ErrorCode::kDataLoss && !error.from_daemon) return ExitCode::kNotVerified;
  if (error.code == ErrorCode::kInternal || error.code == ErrorCode::kDataLoss) return ExitCode::kOther;
  return error.from_daemon ? ExitCode::kRefused : ExitCode::kUsage;
}

std::string next_step(const Error& error) {
  switch (exit_code_of(error)) {
    case ExitCode::kRefused:
      if (error.request_id.empty()) return "change the request, or ask the CA's operator";
      return fmt::format("change the request, or ask the CA's operator, who finds it in the log as {}",
                         error.request_id);
    case ExitCode::kTryAgain: return "try again later; the request itself was not refused";
    case ExitCode::kUnauthenticated:
      return "check certificate, key, trust and server_name; signet --help says where they are set";
    case ExitCode::kNotVerified:
      return "if --log-key is this log's key, keep all you have of this and tell the CA's auditor: somebody may be "
             "shown "
             "another log than others";
    case ExitCode::kUsage: return "signet --help explains arguments and settings";
    case ExitCode::kOk:
    case ExitCode::kFindings:
    case ExitCode::kOther: break;
  }
  return {};
}

}  // namespace signet::cli
