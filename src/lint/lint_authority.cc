// basicConstraints, name constraints and policies.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lint/lints.h"
#include "x509/certificate.h"

namespace signet::lint {
namespace {

void check_default(const View& view, Report& report) {
  const auto& constraints = view.values.basic_constraints;
  if (constraints && constraints->has_ca_false) report.found("cA FALSE of basicConstraints is written out");
}

void check_path_without_ca(const View& view, Report& report) {
  const auto& constraints = view.values.basic_constraints;
  if (constraints && constraints->path_length && !constraints->ca)
    report.found(fmt::format("pathLenConstraint {} where cA is not TRUE", *constraints->path_length));
}

void check_path_without_sign(const View& view, Report& report) {
  const auto& constraints = view.values.basic_constraints;
  if (!constraints || !constraints->path_length || !view.values.key_usage) return;
  if ((*view.values.key_usage & kKeyCertSign) == 0)
    report.found(fmt::format("pathLenConstraint {} without keyCertSign", *constraints->path_length));
}

/// Both lists of subtrees, one behind the other.
std::vector<Subtree> subtrees_of(const View& view) {
  if (!view.values.name_constraints) return {};
  std::vector<Subtree> all = view.values.name_constraints->permitted;
  const auto& excluded = view.values.name_constraints->excluded;
  all.insert(all.end(), excluded.begin(), excluded.end());
  return all;
}

void check_constraints_empty(const View& view, Report& report) {
  if (view.values.name_constraints && subtrees_of(view).empty()) report.found("nameConstraints has no subtree");
}

void check_constraints_ip(const View& view, Report& report) {
  for (const Subtree& subtree : subtrees_of(view)) {
    const std::size_t size = subtree.base.text.size();
    if (subtree.base.tag == kIp && size != 8 && size != 32)
      report.found(fmt::format("an iPAddress constraint of {} octets, not 8 or 32 (address and mask)", size));
  }
}

void check_constraints_bounds(const View& view, Report& report) {
  if (std::ranges::any_of(subtrees_of(view), &Subtree::has_bounds))
    report.found("a subtree of nameConstraints with minimum or maximum");
}

void check_policies_empty(const View& view, Report& report) {
  if (view.values.policies && view.values.policies->empty()) report.found("certificatePolicies has no policy");
}

void check_policies_duplicate(const View& view, Report& report) {
  if (!view.values.policies) return;
  std::vector<Oid> policies = *view.values.policies;
  std::ranges::sort(policies);
  const auto at = std::ranges::adjacent_find(policies);
  if (at != policies.end()) report.found(fmt::format("policy {} is there more than once", dotted(*at)));
}

void check_mappings(const View& view, Report& report) {
  if (!view.values.policy_mappings) return;
  if (view.values.policy_mappings->empty()) report.found("policyMappings maps nothing");
  for (const PolicyMapping& mapping : *view.values.policy_mappings) {
    if (mapping.issuer == oid::kAnyPolicy || mapping.subject == oid::kAnyPolicy)
      report.found("policyMappings maps from or to anyPolicy");
  }
}

void check_policy_constraints(const View& view, Report& report) {
  if (view.values.has_empty_policy_constraints) report.found("policyConstraints says nothing");
}

constexpr std::array kLints = {
    Lint{"basic-constraints.ca-default", Severity::kError, Set::kPrivate, kAny, "X.690 section 11.5",
         "cA is left out where it is FALSE", check_default},
    Lint{"basic-constraints.path-without-ca", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.9",
         "only a CA has pathLenConstraint", check_path_without_ca},
    Lint{"basic-constraints.path-without-cert-sign", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.9",
         "pathLenConstraint goes with keyCertSign", check_path_without_sign},
    Lint{"name-constraints.empty", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.10",
         "nameConstraints has a subtree", check_constraints_empty},
    Lint{"name-constraints.ip-length", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.10",
         "an iPAddress constraint has 8 or 32 octets", check_constraints_ip},
    Lint{"name-constraints.bounds", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.10",
         "minimum (0, so left out) and maximum are absent", check_constraints_bounds},
    Lint{"policies.empty", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.4",
         "certificatePolicies has a policy", check_policies_empty},
    Lint{"policies.duplicate", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.4",
         "no policy is there twice", check_policies_duplicate},
    Lint{"policy-mappings.any-policy", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.5",
         "policyMappings maps something, and never from or to anyPolicy", check_mappings},
    Lint{"policy-constraints.empty", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.2.1.11",
         "policyConstraints is not an empty SEQUENCE", check_policy_constraints},
};

}  // namespace

std::span<const Lint> authority_lints() noexcept { return kLints; }

}  // namespace signet::lint
