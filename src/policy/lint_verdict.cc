#include "policy/lint_verdict.h"

#include <fmt/format.h>

#include <algorithm>

namespace signet {

namespace {

constexpr std::string_view kUnknownCritical = "extensions.unknown-critical";

bool is_decided(const lint::Finding& finding, const Profile& profile) {
  return finding.id == kUnknownCritical &&
         std::ranges::find(profile.extensions, true, &ExtraExtension::critical) != profile.extensions.end();
}

}  // namespace

lint::Set lint_set(const Profile& profile) noexcept {
  return profile.lint == LintRules::kPublicTrust ? lint::Set::kPublicTrust : lint::Set::kPrivate;
}

Result<void> check_lint(const std::vector<lint::Finding>& findings, const Profile& profile) {
  const auto error = std::ranges::find_if(findings, [&](const lint::Finding& finding) {
    return finding.severity == lint::Severity::kError && !is_decided(finding, profile);
  });
  if (error == findings.end()) return {};
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("the certificate would break {}: {}; ask for other names or another key, or have an operator "
                          "change the profile (rule {})",
                          error->clause, error->message, error->id),
              std::string(kLintField));
}

}  // namespace signet
