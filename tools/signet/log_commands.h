// What the command does with the audit log: signet log checkpoint, proof, entries.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "output.h"
#include "settings.h"

namespace signet::cli {

struct CheckpointArguments {
  std::string since_file;                 ///< an older checkpoint of the same log; empty = none
  std::optional<std::uint64_t> old_size;  ///< of one that somebody else has; not with since_file
  std::string out_file;                   ///< empty or "-" = standard output
  bool force = false;                     ///< replace a file that exists
};

struct ProofArguments {
  std::uint64_t index = 0;
  std::string out_file;
  bool force = false;
};

struct EntriesArguments {
  std::uint64_t first = 0;
  std::uint64_t count = 0;  ///< 0 = all that the newest checkpoint covers
};

/// Each asks, checks what came (log_check.h) and only then writes. Errors of the checks are kDataLoss.
[[nodiscard]] Result<void> log_checkpoint(const Flags& flags, const CheckpointArguments& arguments, Format format);
[[nodiscard]] Result<void> log_proof(const Flags& flags, const ProofArguments& arguments, Format format);
/// One entry per line, canonical JSON, in both formats. After an error the lines that stand there are right.
[[nodiscard]] Result<void> log_entries(const Flags& flags, const EntriesArguments& arguments, Format format);

}  // namespace signet::cli
