// What auditors ask the log (the RPC's GetLog).
#pragma once

#include <cstdint>
#include <functional>

#include "log/entry_log.h"
#include "log/publisher.h"
#include "wire/signet.pb.h"

namespace signet {

/// Answers from what the newest checkpoint covers, so that every answer can be verified. An answer fits into a frame of
/// the RPC. Thread-safe. `log` and `publisher` outlive it.
class LogQuestions {
 public:
  LogQuestions(const log::EntryLog& log, const log::Publisher& publisher) : log_(log), publisher_(publisher) {}

  /// Errors: kInvalidArgument naming the field that lies outside the log; kUnavailable (retryable) when no checkpoint
  /// covers the entry yet, or there is none at all.
  [[nodiscard]] Result<v1::GetLogResponse> answer(const v1::GetLogRequest& request) const;

 private:
  [[nodiscard]] Result<v1::GetLogResponse> checkpoint(const v1::CheckpointQuestion& question) const;
  [[nodiscard]] Result<v1::GetLogResponse> proof(const v1::ProofQuestion& question) const;
  [[nodiscard]] Result<v1::GetLogResponse> entries(const v1::EntriesQuestion& question) const;
  [[nodiscard]] Result<log::Published> newest() const;
  [[nodiscard]] Result<void> check_covered(std::uint64_t index, const log::Published& newest, const char* field) const;

  const log::EntryLog& log_;
  const log::Publisher& publisher_;
};

}  // namespace signet
