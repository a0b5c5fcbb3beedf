// Any bytes are linted, with the same result every time; what the strict reader takes is DER to the lint; and a
// TBSCertificate is judged as it is inside its certificate.
#pragma once

#include <algorithm>
#include <set>
#include <string>

#include "lint/lint.h"
#include "x509/certificate.h"

namespace signet::test {

struct LintOutcome {
  bool accepted = false;  ///< by the strict reader
  std::set<std::string> ids;
  std::string violation;  ///< empty: what must always hold does
};

[[nodiscard]] inline std::set<std::string> lint_ids(const std::vector<lint::Finding>& findings) {
  std::set<std::string> ids;
  for (const lint::Finding& finding : findings) ids.insert(finding.id);
  return ids;
}

[[nodiscard]] inline std::string violation_of(const std::vector<lint::Finding>& findings) {
  for (const lint::Finding& finding : findings) {
    if (printable(finding.message, SIZE_MAX) != finding.message)
      return finding.id + " has a message that is not printable";
    if (std::ranges::find(lint::rules(), finding.id, &lint::Rule::id) == lint::rules().end())
      return finding.id + " is not in the list of rules";
  }
  return "";
}

[[nodiscard]] inline std::string compare_tbs(const Certificate& certificate, std::set<std::string> ids) {
  for (const char* const id : {"algorithm.mismatch", "signature.form"}) ids.erase(id);
  const auto of_tbs = lint_ids(lint::lint_tbs(certificate.tbs(), lint::Set::kPublicTrust));
  return of_tbs == ids ? "" : "the TBSCertificate is judged differently";
}

[[nodiscard]] inline LintOutcome lint_property(ByteView input) {
  const auto findings = lint::lint_certificate(input, lint::Set::kPublicTrust);
  LintOutcome outcome{.ids = lint_ids(findings), .violation = violation_of(findings)};
  (void)lint::lint_tbs(input, lint::Set::kPublicTrust);
  const Result<Certificate> certificate = Certificate::parse(input);
  outcome.accepted = certificate.has_value();
  if (!certificate || !outcome.violation.empty()) return outcome;
  const bool foreign = std::ranges::any_of(outcome.ids, [](const std::string& id) { return id.starts_with("der."); });
  outcome.violation =
      foreign ? "the strict reader takes what is not DER to the lint" : compare_tbs(*certificate, outcome.ids);
  return outcome;
}

}  // namespace signet::test
