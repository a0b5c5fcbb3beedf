// What the command does: issue, bundle, status.
#pragma once

#include <string>

#include "output.h"
#include "settings.h"

namespace signet::cli {

struct IssueArguments {
  std::string profile;
  std::string csr_file;         ///< "-" = standard input
  std::string out_file;         ///< empty or "-" = standard output
  std::string chain_file;       ///< empty = nowhere
  std::string proof_file;       ///< empty = no proof is waited for
  std::string validity;         ///< "30d"; empty = the profile's default
  std::string idempotency_key;  ///< empty = a new one
  bool force = false;           ///< replace files that exist
};

struct BundleArguments {
  std::string out_file;
  bool roots_only = false;
  bool force = false;
};

/// Each does one thing to its end and writes its output. The error of issue() says with which key to ask again,
/// unless it is certain that nothing was issued.
[[nodiscard]] Result<void> issue(const Flags& flags, const IssueArguments& arguments, Format format);
[[nodiscard]] Result<void> bundle(const Flags& flags, const BundleArguments& arguments, Format format);
[[nodiscard]] Result<void> status(const Flags& flags, Format format);

}  // namespace signet::cli
