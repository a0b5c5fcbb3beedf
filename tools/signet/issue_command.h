// Certificates: issue and renew.
#pragma once

#include <string>

#include "output.h"
#include "settings.h"

namespace signet::cli {

/// What is asked for, and where it goes.
struct IssueArguments {
  std::string profile;          ///< of issue only
  std::string csr_file;         ///< "-" = standard input
  std::string out_file;         ///< empty or "-" = standard output
  std::string chain_file;       ///< empty = nowhere
  std::string proof_file;       ///< empty = no proof is waited for
  std::string validity;         ///< "30d"; empty = the profile's default
  std::string idempotency_key;  ///< empty = a new one
  bool force = false;           ///< replace files that exist
};

struct RenewArguments {
  IssueArguments issue;
  std::string new_key_file;  ///< the key that is made; empty where issue.csr_file is given
};

/// Each does one thing to its end and writes its output. An error says with which key to ask again, unless it is
/// certain that nothing was issued.
[[nodiscard]] Result<void> issue(const Flags& flags, const IssueArguments& arguments, Format format);
/// Renews the certificate of the settings. A new key that is made is beside its file, as FILE.pending and with its
/// request as FILE.pending.csr, until certificate and key are there: after a crash, the same command goes on with it.
[[nodiscard]] Result<void> renew(const Flags& flags, const RenewArguments& arguments, Format format);

}  // namespace signet::cli
