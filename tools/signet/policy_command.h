// signet policy: is a policy sound, and what would a daemon with it issue? Asks nobody.
#pragma once

#include <string>

#include "exit_code.h"
#include "output.h"

namespace signet::cli {

struct PolicyCheckArguments {
  std::string file;  ///< "-" = standard input
};

struct PolicyTestArguments {
  std::string file;
  std::string client;                   ///< a name of the policy, or a file with a TLS client's certificate
  std::string csr_file;                 ///< PEM or DER; "-" = standard input
  std::string profile;                  ///< empty where the client has exactly one
  std::string renews_file;              ///< the certificate that is renewed; empty = none, the method is Issue
  std::string issuer_certificate_file;  ///< PEM: the issuing CA, the one above it and so on; empty = none
  std::string validity;                 ///< as --validity of issue; empty = the profile's default
};

/// Prints profiles and clients, and a warning for each client that can make itself another one; or every mistake with
/// its place. kUsage where there is any mistake.
[[nodiscard]] Result<ExitCode> policy_check(const PolicyCheckArguments& arguments, Format format);

/// Prints the certificate that would be issued, or the rule by which it would be refused, and what was not looked at.
/// kRefused where it would be refused. Errors are about the arguments and files.
[[nodiscard]] Result<ExitCode> policy_test(const PolicyTestArguments& arguments, Format format);

}  // namespace signet::cli
