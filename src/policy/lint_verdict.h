// What follows from the findings of lint, for the daemon before it signs and for `signet policy test` alike.
#pragma once

#include <vector>

#include "lint/lint.h"
#include "policy/profile.h"

namespace signet {

/// The set of rules that the profile's `lint` names.
[[nodiscard]] lint::Set lint_set(const Profile& profile) noexcept;

/// The field of the errors of check_lint().
inline constexpr std::string_view kLintField = "profile";

/// Warnings are the profile's choice. An error is refused, but for "extensions.unknown-critical" where the profile has
/// a critical extension of its own: that is what the operator has decided. Errors: kFailedPrecondition, field
/// kLintField; the message says what was found and ends with the id of the lint as its rule.
[[nodiscard]] Result<void> check_lint(const std::vector<lint::Finding>& findings, const Profile& profile);

}  // namespace signet
