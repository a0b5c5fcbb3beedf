// How the refusal of a request or of its key names its rule. Internal to x509.
#pragma once

#include <string>
#include <string_view>

#include "signet/result.h"

namespace signet {

/// "what is wrong; what to do (rule key.something)". docs/key-quality.md explains the rules of keys by
/// their names, docs/policy.md those of the rest of a request.
[[nodiscard]] inline std::string with_rule(std::string what, std::string_view rule) {
  what.append(" (rule ").append(rule).append(")");
  return what;
}

/// The refusal of the key of a request.
[[nodiscard]] inline std::unexpected<Error> refuse_key(std::string_view rule, std::string what) {
  return fail(ErrorCode::kInvalidArgument, with_rule(std::move(what), rule), "csr.subjectPublicKeyInfo");
}

}  // namespace signet
