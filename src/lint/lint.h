// Lint: what is wrong with a certificate, or with one that is about to be signed, by RFC 5280 and its companions, and
// on request by the CA/Browser Forum's TLS Baseline Requirements. docs/lints.md lists every rule.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace signet::lint {

/// Names the rules as they are now. It changes whenever a rule is added, removed or decides differently, so that a log
/// tells which rules an intent was checked with.
inline constexpr std::string_view kVersion = "lint-1";

enum class Severity : std::uint8_t {
  kWarning,  ///< a SHOULD is not followed: allowed, and seldom wanted
  kError,    ///< a MUST is broken: such a certificate is not signed
};

/// Which rules. Each set has those of the one above it, too.
enum class Set : std::uint8_t {
  kPrivate,      ///< what every X.509 certificate has to keep to
  kPublicTrust,  ///< and the profiles of the TLS Baseline Requirements 2.2.7 (2026-05-19)
};

/// One breach of one rule.
struct Finding {
  std::string id;  ///< of the rule, such as "serial.too-long": stable, for scripts
  Severity severity = Severity::kError;
  std::string clause;   ///< what demands it: "RFC 5280 section 4.1.2.2"
  std::string message;  ///< the field and its value, made printable
};

/// Lints a DER TBSCertificate before it is signed, or a DER Certificate: the same, and what stands around it. Any bytes
/// will do: what is not DER, or not of that structure, is one finding of "der.encoding" or "der.structure". The result
/// is in the order of rules(); empty is good. Nothing is verified: no signature, no chain, no clock. Thread-safe.
[[nodiscard]] std::vector<Finding> lint_tbs(ByteView tbs_der, Set set);
[[nodiscard]] std::vector<Finding> lint_certificate(ByteView der, Set set);

/// What lint_certificate() finds beyond what lint_tbs() has found in `linted_tbs`: where that is the certificate's own
/// TBS, byte for byte, the rules of what stands around it are all that can find anything new. Where it is not, or where
/// the certificate cannot be read, everything that lint_certificate() finds. Thread-safe.
[[nodiscard]] std::vector<Finding> lint_signed(ByteView der, ByteView linted_tbs, Set set);

[[nodiscard]] bool has_error(const std::vector<Finding>& findings) noexcept;

/// A rule, for lists. The texts live as long as the process.
struct Rule {
  std::string_view id;
  Severity severity = Severity::kError;
  Set set = Set::kPrivate;      ///< the first set it is in
  std::string_view applies_to;  ///< "any", "end entity", "CA", ...
  std::string_view clause;
  std::string_view text;  ///< what it demands, half a sentence
};
[[nodiscard]] const std::vector<Rule>& rules();

[[nodiscard]] std::string_view name_of(Severity severity) noexcept;  ///< "warning", "error"
[[nodiscard]] std::string_view name_of(Set set) noexcept;            ///< "private", "public-trust"

}  // namespace signet::lint
