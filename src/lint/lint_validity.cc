// The validity period.
#include <fmt/format.h>

#include <array>

#include "lint/lints.h"

namespace signet::lint {
namespace {

void check_form(const RawTime& time, std::string_view field, Report& report) {
  if (time.time) return;
  report.found(
      fmt::format("{} \"{}\" (tag 0x{:02x}) is neither UTCTime YYMMDDHHMMSSZ nor GeneralizedTime "
                  "YYYYMMDDHHMMSSZ, or no day and time there is",
                  field, printable(time.text, 40), time.tag));
}

void check_forms(const View& view, Report& report) {
  check_form(view.not_before, "notBefore", report);
  check_form(view.not_after, "notAfter", report);
}

void check_tag(const RawTime& time, std::string_view field, Report& report) {
  if (!time.time || time.tag != der::kGeneralizedTime || time.text.substr(0, 4) >= "2050") return;
  report.found(fmt::format("{} {} is a GeneralizedTime; through 2049 it has to be a UTCTime", field, time.text));
}

void check_tags(const View& view, Report& report) {
  check_tag(view.not_before, "notBefore", report);
  check_tag(view.not_after, "notAfter", report);
}

void check_order(const View& view, Report& report) {
  if (!view.not_before.time || !view.not_after.time || *view.not_before.time < *view.not_after.time) return;
  report.found(fmt::format("notAfter {} is not after notBefore {}", view.not_after.text, view.not_before.text));
}

constexpr std::array kLints = {
    Lint{"validity.form", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.1.2.5",
         "times have seconds, end in Z, and have no fractions", check_forms},
    Lint{"validity.tag", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.1.2.5",
         "times through 2049 are UTCTime", check_tags},
    Lint{"validity.order", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.1.2.5",
         "notBefore is before notAfter", check_order},
};

}  // namespace

std::span<const Lint> validity_lints() noexcept { return kLints; }

}  // namespace signet::lint
