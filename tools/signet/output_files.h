// The files that issue and renew write: that they may, and which they must not be.
#pragma once

#include <string>

#include "issue_command.h"
#include "signet/client.h"
#include "x509/certificate.h"

namespace signet::cli {

/// `a` and `b` are the same file, or would be.
[[nodiscard]] bool same_file(const std::string& a, const std::string& b);

/// All outputs are files of their own, and none is one that the command reads or keeps a new key in, whatever --force
/// says: only --new-key may be --key and only --out may be --certificate, and of a renewal both or neither, since a key
/// without its certificate is no identity. `new_key_file` is empty where no key is made.
[[nodiscard]] Result<void> check_apart(const IssueArguments& arguments, const ClientOptions& client,
                                       const std::string& new_key_file);

/// Each of --out, --chain-out and --proof can be written. Unless `force`, none is there.
[[nodiscard]] Result<void> check_outputs(const IssueArguments& arguments, bool force);

/// What an earlier attempt wrote, whose pending key is `spki`: --out is a certificate of that key, and --chain-out and
/// --proof, where they are there, are what such files are. Then they may be written again.
[[nodiscard]] bool are_of_earlier_attempt(const IssueArguments& arguments, const Bytes& spki);

/// --out is not a certificate that is valid longer than `issued`.
[[nodiscard]] Result<void> check_not_better(const IssueArguments& arguments, const IssuedCertificate& issued);

/// The first certificate of a file. `field` as in read_file().
[[nodiscard]] Result<Certificate> read_leaf(const std::string& file, const std::string& field);

}  // namespace signet::cli
