#include "x509/name_constraints.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "x509/certificate.h"
#include "x509/der.h"
#include "x509/field.h"

namespace signet {
namespace {

using Kind = NameSubtree::Kind;

constexpr std::uint8_t kPermittedSubtrees = der::context_constructed(0);
constexpr std::uint8_t kExcludedSubtrees = der::context_constructed(1);
constexpr std::string_view kAltNameField = "subjectAltName";
constexpr std::string_view kSubjectField = "subject";

std::unexpected<Error> refuse(std::string message) { return fail(ErrorCode::kInvalidArgument, std::move(message)); }

/// GeneralSubtree; nothing where it is of a kind that may be passed over.
Result<std::optional<NameSubtree>> read_subtree(der::Reader& list, NameConstraints::Criticality criticality) {
  SIGNET_TRY(der::Reader reader, list.enter(der::kSequence, "GeneralSubtree"));
  SIGNET_TRY(const der::Element base, reader.any("base"));
  if (!reader.at_end()) {
    return refuse("a subtree with minimum or maximum; RFC 5280 has minimum 0, which DER leaves out, and no maximum");
  }
  SIGNET_TRY(std::optional<NameSubtree> subtree, NameSubtree::parse(base.tag, base.contents));
  if (subtree.has_value()) return subtree;
  if (criticality == NameConstraints::Criticality::kCritical) {
    return refuse(
        fmt::format("a critical constraint on names of the tag 0x{:02x}; DNS names, IP addresses, URIs, e-mail "
                    "addresses and directory names are understood",
                    base.tag));
  }
  SIGNET_CHECK(der::check_well_formed(base.whole, "base"));
  return std::nullopt;
}

/// [n] IMPLICIT GeneralSubtrees.
Result<std::vector<NameSubtree>> read_subtrees(der::Reader& reader, std::uint8_t tag, std::string_view what,
                                               NameConstraints::Criticality criticality) {
  std::vector<NameSubtree> subtrees;
  if (reader.peek() != tag) return subtrees;
  SIGNET_TRY(der::Reader list, reader.enter(tag, what));
  if (list.at_end()) return refuse(fmt::format("{} without a subtree", what));
  while (!list.at_end()) {
    SIGNET_TRY(std::optional<NameSubtree> subtree, read_subtree(list, criticality));
    if (subtree) subtrees.push_back(*std::move(subtree));
  }
  return subtrees;
}

}  // namespace

Result<NameConstraints> NameConstraints::parse(ByteView extension_contents, Criticality criticality) {
  der::Reader outer(extension_contents);
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, "NameConstraints"));
  SIGNET_CHECK(outer.finish("NameConstraints"));
  if (reader.at_end()) return refuse("neither permitted nor excluded subtrees (RFC 5280 section 4.2.1.10)");
  NameConstraints constraints;
  SIGNET_TRY(constraints.permitted_, read_subtrees(reader, kPermittedSubtrees, "permittedSubtrees", criticality));
  SIGNET_TRY(constraints.excluded_, read_subtrees(reader, kExcludedSubtrees, "excludedSubtrees", criticality));
  SIGNET_CHECK(reader.finish("NameConstraints"));
  constraints.der_ = copy_of(extension_contents);
  return constraints;
}

std::vector<std::string> NameConstraints::texts() const {
  std::vector<std::string> texts;
  for (const NameSubtree& subtree : permitted_) texts.push_back("permitted " + subtree.full_text());
  for (const NameSubtree& subtree : excluded_) texts.push_back("excluded " + subtree.full_text());
  return texts;
}

bool NameConstraints::concerns(Kind kind) const noexcept {
  const auto is_of_kind = [kind](const NameSubtree& subtree) { return subtree.kind == kind; };
  return std::ranges::any_of(permitted_, is_of_kind) || std::ranges::any_of(excluded_, is_of_kind);
}

struct NameConstraints::Asked {
  Kind kind = Kind::kDns;
  std::string_view field;
  std::string what;  // "DNS name \"a.example\""

  [[nodiscard]] std::unexpected<Error> deny(std::string_view why) const {
    return fail(ErrorCode::kPermissionDenied, fmt::format("{} {}", what, why), std::string(field));
  }
};

/// RFC 5280 section 4.2.1.10: in no excluded subtree, and in one of the permitted ones if there are any of its kind.
template <class Covers>
Result<void> NameConstraints::permit_one(const Asked& asked, Covers&& covers) const {
  for (const NameSubtree& subtree : excluded_) {
    if (subtree.kind == asked.kind && covers(subtree, Side::kExcluded))
      return asked.deny(fmt::format("is excluded (\"{}\")", printable(subtree.full_text())));
  }
  std::vector<std::string> permitted;
  for (const NameSubtree& subtree : permitted_) {
    if (subtree.kind != asked.kind) continue;
    if (covers(subtree, Side::kPermitted)) return {};
    permitted.push_back(subtree.full_text());
  }
  if (permitted.empty()) return {};
  return asked.deny(fmt::format("is not in what is permitted (\"{}\")",
                                printable(fmt::format("{}", fmt::join(permitted, ", ")), 1024)));
}

Result<void> NameConstraints::permit_dns(const std::string& name, const Asked& asked) const {
  if (!concerns(Kind::kDns)) return {};
  const auto folded = fold_dns(name);
  if (!folded) return asked.deny("is no host name that could be compared with a constraint");
  return permit_one(asked, [&](const NameSubtree& subtree, Side side) { return covers_dns(subtree, *folded, side); });
}

Result<void> NameConstraints::permit_email(const std::string& address, const Asked& asked) const {
  if (!concerns(Kind::kEmail)) return {};
  const auto folded = fold_address(address);
  if (!folded) return asked.deny("has no host name that could be compared with a constraint");
  return permit_one(asked, [&](const NameSubtree& subtree, Side) { return covers_email(subtree, *folded); });
}

Result<void> NameConstraints::permit_uri(const std::string& uri) const {
  if (!concerns(Kind::kUri)) return {};
  const Asked asked{.kind = Kind::kUri, .field = kAltNameField, .what = fmt::format("URI \"{}\"", printable(uri))};
  const auto host = host_of_uri(uri);
  // RFC 5280: where URIs are constrained, one whose host is no name is refused.
  if (!host) return asked.deny("has no host name that every verifier finds and can compare with a constraint");
  return permit_one(asked, [&](const NameSubtree& subtree, Side) { return covers_uri_host(subtree, *host); });
}

Result<void> NameConstraints::permit_subject(const Name& subject) const {
  if (subject.empty()) return {};
  const std::vector<std::string> rdns = comparable_rdns(subject);
  const Asked whole{.kind = Kind::kDirectory,
                    .field = kSubjectField,
                    .what = fmt::format("the subject \"{}\"", printable(subject.text()))};
  SIGNET_CHECK(permit_one(whole, [&](const NameSubtree& subtree, Side) { return covers_directory(subtree, rdns); }));
  const auto addresses = email_addresses(subject);
  if (!addresses) return whole.deny("has " + addresses.error().message);
  for (const std::string& value : *addresses) {
    SIGNET_CHECK(permit_email(value, {.kind = Kind::kEmail,
                                      .field = kSubjectField,
                                      .what = fmt::format("the subject's e-mail address \"{}\"", printable(value))}));
  }
  return {};
}

Result<void> NameConstraints::permit_common_names(const Name& subject) const {
  for (const std::string& name : subject.common_names()) {
    if (!reads_like_host(name)) continue;
    SIGNET_CHECK(permit_dns(
        name, {.kind = Kind::kDns,
               .field = kSubjectField,
               .what = fmt::format("the common name \"{}\", which verifiers take for a DNS name,", printable(name))}));
  }
  return {};
}

/// Verifiers give up where names times constraints are too many: OpenSSL at this bound.
Result<void> NameConstraints::check_effort(const Name& subject, const AltNames& names) const {
  constexpr std::size_t kMostComparisons = 1U << 20U;
  const std::size_t name_count = names.size() + subject.attributes().size();
  const std::size_t subtree_count = permitted_.size() + excluded_.size();
  if (name_count * subtree_count <= kMostComparisons) return {};
  return fail(ErrorCode::kPermissionDenied,
              fmt::format("{} names are more than verifiers compare with {} constraints", name_count, subtree_count),
              std::string(kAltNameField));
}

Result<void> NameConstraints::permit(const Name& subject, const AltNames& names) const {
  SIGNET_CHECK(check_effort(subject, names));
  SIGNET_CHECK(permit_subject(subject));
  for (const std::string& name : names.dns) {
    SIGNET_CHECK(permit_dns(
        name, {.kind = Kind::kDns, .field = kAltNameField, .what = fmt::format("DNS name \"{}\"", printable(name))}));
  }
  for (const IpAddress& ip : names.ips) {
    const Asked asked{.kind = Kind::kIp, .field = kAltNameField, .what = fmt::format("IP address \"{}\"", ip.text())};
    SIGNET_CHECK(permit_one(asked, [&](const NameSubtree& subtree, Side) { return covers_ip(subtree, ip.bytes); }));
  }
  for (const std::string& uri : names.uris) SIGNET_CHECK(permit_uri(uri));
  for (const std::string& email : names.emails) {
    SIGNET_CHECK(permit_email(email, {.kind = Kind::kEmail,
                                      .field = kAltNameField,
                                      .what = fmt::format("e-mail address \"{}\"", printable(email))}));
  }
  return names.dns.empty() ? permit_common_names(subject) : Result<void>();
}

Result<void> check_name_constraints(std::span<const Certificate> issuers, const Name& subject, const AltNames& names) {
  for (const Certificate& ca : issuers) {
    const auto& constraints = ca.fields().name_constraints;
    if (!constraints) continue;
    Result<void> permitted = constraints->permit(subject, names);
    if (permitted.has_value()) continue;
    std::string& message = permitted.error().message;
    message = fmt::format("{} by the name constraints of the CA \"{}\" (rule name.constraints)", message,
                          printable(ca.fields().subject.text()));
    return in_field("csr", std::move(permitted));
  }
  return {};
}

}  // namespace signet
