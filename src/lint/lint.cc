#include "lint/lint.h"

#include <algorithm>
#include <array>

#include "lint/lints.h"

namespace signet::lint {
namespace {

// These two are found while a certificate is read; nothing can be looked at behind them.
void by_reader(const View& /*view*/, Report& /*report*/) {}

constexpr std::array kReaderLints = {
    Lint{"der.encoding", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.1; X.690 chapter 10",
         "the certificate is DER through all its levels, and nothing stands behind it", by_reader},
    Lint{"der.structure", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.1",
         "the fields of a certificate stand there in their order, with their types", by_reader},
};

using Parts = std::array<std::span<const Lint>, 16>;

const Parts& parts() {
  static const Parts all = {kReaderLints,   form_lints(),     signature_lints(), validity_lints(),
                            name_lints(),   key_lints(),      extension_lints(), key_id_lints(),
                            usage_lints(),  alt_name_lints(), authority_lints(), reference_lints(),
                            spiffe_lints(), tls_lints(),      tls_name_lints(),  tls_ca_lints()};
  return all;
}

std::vector<Finding> unreadable(const Error& error) {
  const auto* const lint = std::ranges::find(kReaderLints, std::string_view(error.field), &Lint::id);
  std::vector<Finding> findings;
  Report(findings, *lint).found(error.message);
  return findings;
}

void run_part(std::span<const Lint> part, const View& view, Set set, std::vector<Finding>& findings) {
  for (const Lint& lint : part) {
    Report report(findings, lint);
    if (lint.set <= set && (lint.applies_to & view.role) != 0) lint.check(view, report);
  }
}

std::vector<Finding> run(const Result<View>& view, Set set) {
  if (!view) return unreadable(view.error());
  std::vector<Finding> findings;
  for (const std::span<const Lint> part : parts()) run_part(part, *view, set, findings);
  return findings;
}

std::string_view text_of_roles(std::uint8_t roles) noexcept {
  switch (roles) {
    case kAny: return "any";
    case kEndEntity: return "end entity";
    case kSubscriber: return "end entity but OCSP responder";
    case kOcspResponder: return "OCSP responder";
    case kCa: return "CA";
    case kRoot: return "root";
    case kSubordinateCa: return "CA but root";
    case kNotRoot: return "any but root";
    default: return "end entity but OCSP responder, CA but root";
  }
}

std::vector<Rule> make_rules() {
  std::vector<Rule> all;
  for (const std::span<const Lint> part : parts()) {
    for (const Lint& lint : part) {
      all.push_back({.id = lint.id,
                     .severity = lint.severity,
                     .set = lint.set,
                     .applies_to = text_of_roles(lint.applies_to),
                     .clause = lint.clause,
                     .text = lint.text});
    }
  }
  return all;
}

}  // namespace

void Report::found(std::string message) {
  findings_.push_back({.id = std::string(lint_.id),
                       .severity = lint_.severity,
                       .clause = std::string(lint_.clause),
                       .message = std::move(message)});
}

std::vector<Finding> lint_tbs(ByteView tbs_der, Set set) { return run(read_tbs(tbs_der), set); }
std::vector<Finding> lint_certificate(ByteView der, Set set) { return run(read_certificate(der), set); }

std::vector<Finding> lint_signed(ByteView der, ByteView linted_tbs, Set set) {
  const Result<View> around = read_around(der, linted_tbs);
  if (!around) return lint_certificate(der, set);
  std::vector<Finding> findings;
  run_part(signature_lints(), *around, set, findings);
  return findings;
}

bool has_error(const std::vector<Finding>& findings) noexcept {
  return std::ranges::find(findings, Severity::kError, &Finding::severity) != findings.end();
}

const std::vector<Rule>& rules() {
  static const std::vector<Rule> all = make_rules();
  return all;
}

std::string_view name_of(Severity severity) noexcept { return severity == Severity::kError ? "error" : "warning"; }
std::string_view name_of(Set set) noexcept { return set == Set::kPrivate ? "private" : "public-trust"; }

}  // namespace signet::lint
