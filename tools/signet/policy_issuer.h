// The issuing CA that `signet policy test` decides with.
#pragma once

#include <string>

#include "policy/decision.h"

namespace signet::cli {

/// The one CA `name`, which may be empty where the profile is unknown: from `certificate_file` (PEM: the issuing CA,
/// then the one above it and so on, each signed by the next), or, where that is empty, a stand-in that constrains
/// nothing. Errors: kInvalidArgument, field "--issuer-certificate".
[[nodiscard]] Result<IssuingCas> issuing_cas(const std::string& name, const std::string& certificate_file);

}  // namespace signet::cli
