// The table of rules, in parts by subject. Internal to lint.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lint/lint.h"
#include "lint/view.h"

namespace signet::lint {

/// Takes what one rule finds; a rule may find several things.
class Report {
 public:
  Report(std::vector<Finding>& findings, const struct Lint& lint) : findings_(findings), lint_(lint) {}
  void found(std::string message);

 private:
  std::vector<Finding>& findings_;
  const Lint& lint_;
};

// Bits of Role.
inline constexpr std::uint8_t kEndEntity = kSubscriber | kOcspResponder;
inline constexpr std::uint8_t kCa = kSubordinateCa | kRoot;
inline constexpr std::uint8_t kNotRoot = kEndEntity | kSubordinateCa;
inline constexpr std::uint8_t kAny = kEndEntity | kCa;

struct Lint {
  std::string_view id;
  Severity severity;
  Set set;
  std::uint8_t applies_to;  ///< bits of Role
  std::string_view clause;
  std::string_view text;  ///< what it demands, half a sentence
  void (*check)(const View&, Report&);
};

[[nodiscard]] std::span<const Lint> form_lints() noexcept;
/// They look at outer_algorithm, signature and algorithm of a View, and at nothing else.
[[nodiscard]] std::span<const Lint> signature_lints() noexcept;
[[nodiscard]] std::span<const Lint> validity_lints() noexcept;
[[nodiscard]] std::span<const Lint> name_lints() noexcept;
[[nodiscard]] std::span<const Lint> key_lints() noexcept;
[[nodiscard]] std::span<const Lint> extension_lints() noexcept;
[[nodiscard]] std::span<const Lint> key_id_lints() noexcept;
[[nodiscard]] std::span<const Lint> usage_lints() noexcept;
[[nodiscard]] std::span<const Lint> alt_name_lints() noexcept;
[[nodiscard]] std::span<const Lint> authority_lints() noexcept;
[[nodiscard]] std::span<const Lint> reference_lints() noexcept;
[[nodiscard]] std::span<const Lint> spiffe_lints() noexcept;
[[nodiscard]] std::span<const Lint> tls_lints() noexcept;
[[nodiscard]] std::span<const Lint> tls_name_lints() noexcept;
[[nodiscard]] std::span<const Lint> tls_ca_lints() noexcept;

}  // namespace signet::lint
