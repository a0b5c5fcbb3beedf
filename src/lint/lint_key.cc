// The subject's public key.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "lint/key_facts.h"
#include "lint/lints.h"

namespace signet::lint {
namespace {

constexpr unsigned kRsaBitsMin = 2048;

/// RSA: NULL. EC: a named curve. EdDSA and XDH: nothing.
bool has_right_parameters(const RawKey& key) noexcept {
  const auto& parameters = key.algorithm.parameters;
  switch (key.kind) {
    case KeyKind::kRsa: return parameters && parameters->tag == der::kNull;
    case KeyKind::kEc: return !key.curve.empty();
    case KeyKind::kOther: return true;
    default: return !parameters.has_value();
  }
}

void check_parameters(const View& view, Report& report) {
  if (has_right_parameters(view.key)) return;
  report.found(
      fmt::format("the parameters of key algorithm {} are not those its RFC demands", dotted(view.key.algorithm.oid)));
}

/// Of an uncompressed point; 0 for curves that are not known here.
std::size_t point_bytes(Oid curve) noexcept {
  if (curve == oid::kP256) return 65;
  if (curve == oid::kP384) return 97;
  return curve == oid::kP521 ? 133 : 0;
}

bool is_ec_point(const RawKey& key, ByteView point) noexcept {
  const std::size_t wanted = point_bytes(key.curve);
  return wanted == 0 || (point.size() == wanted && point[0] == 0x04);
}

bool has_right_form(const RawKey& key) noexcept {
  if (key.bits.empty() || key.bits[0] != 0) return false;
  const ByteView bytes = key.bits.subspan(1);
  switch (key.kind) {
    case KeyKind::kRsa: return !key.modulus.empty();
    case KeyKind::kEc: return is_ec_point(key, bytes);
    case KeyKind::kEd25519:
    case KeyKind::kX25519: return bytes.size() == 32;
    case KeyKind::kEd448: return bytes.size() == 57;
    case KeyKind::kX448: return bytes.size() == 56;
    case KeyKind::kOther: break;
  }
  return true;
}

void check_form(const View& view, Report& report) {
  if (has_right_form(view.key)) return;
  report.found(fmt::format("{} bytes that are no public key of algorithm {} (EC points are uncompressed)",
                           view.key.bits.empty() ? 0 : view.key.bits.size() - 1, dotted(view.key.algorithm.oid)));
}

void check_rsa_size(const View& view, Report& report) {
  if (view.key.modulus.empty()) return;
  const std::size_t bits = modulus_bits(view.key);
  if (bits < kRsaBitsMin) report.found(fmt::format("an RSA modulus of {} bits; at least 2048 are needed", bits));
}

void check_rsa_modulus(const View& view, Report& report) {
  const ByteView modulus = view.key.modulus;
  if (modulus.empty()) return;
  if ((modulus.back() & 1U) == 0) report.found("the RSA modulus is even");
  if ((modulus.front() & 0x80U) != 0) report.found("the RSA modulus is negative");
}

/// The exponent's value where it is positive and fits.
std::optional<std::uint64_t> small_exponent(ByteView exponent) noexcept {
  if (exponent.size() > 8 || (exponent[0] & 0x80U) != 0) return std::nullopt;
  std::uint64_t value = 0;
  for (const std::uint8_t byte : exponent) value = value << 8U | byte;
  return value;
}

void check_rsa_exponent(const View& view, Report& report) {
  const ByteView exponent = view.key.exponent;
  if (exponent.empty()) return;
  const auto value = small_exponent(exponent);
  const bool negative = (exponent[0] & 0x80U) != 0;
  if (negative || (exponent.back() & 1U) == 0 || (value && *value < 3))
    report.found(fmt::format("the RSA exponent 0x{} is negative, even or below 3", to_hex(exponent)));
}

void check_rsa_small_exponent(const View& view, Report& report) {
  if (view.key.exponent.empty()) return;
  const auto value = small_exponent(view.key.exponent);
  if (value && *value >= 3 && *value < 65537) report.found(fmt::format("the RSA exponent {} is below 65537", *value));
}

void check_curve(const View& view, Report& report) {
  if (view.key.kind != KeyKind::kEc || view.key.curve.empty() || point_bytes(view.key.curve) != 0) return;
  report.found(fmt::format("curve {}; P-256, P-384 and P-521 are what everybody reads", dotted(view.key.curve)));
}

constexpr std::array kLints = {
    Lint{"key.parameters", Severity::kError, Set::kPrivate, kAny,
         "RFC 3279 section 2.3.1; RFC 5480 section 2.1.1; RFC 8410 section 3",
         "the key algorithm's parameters are NULL for RSA, a named curve for EC, absent for EdDSA", check_parameters},
    Lint{"key.form", Severity::kError, Set::kPrivate, kAny,
         "RFC 3279 section 2.3.1; RFC 5480 section 2.2; RFC 8410 section 4",
         "the key has the form of its algorithm; EC points are uncompressed", check_form},
    Lint{"key.rsa-too-small", Severity::kError, Set::kPrivate, kAny, "NIST SP 800-131A; BR section 6.1.5",
         "an RSA modulus has at least 2048 bits", check_rsa_size},
    Lint{"key.rsa-modulus", Severity::kError, Set::kPrivate, kAny, "RFC 8017 section 3.1",
         "an RSA modulus is positive and odd", check_rsa_modulus},
    Lint{"key.rsa-exponent", Severity::kError, Set::kPrivate, kAny, "RFC 8017 section 3.1; BR section 6.1.6",
         "an RSA exponent is odd and at least 3", check_rsa_exponent},
    Lint{"key.rsa-small-exponent", Severity::kWarning, Set::kPrivate, kAny,
         "FIPS 186-5 section A.1.1; BR section 6.1.6", "an RSA exponent is at least 65537", check_rsa_small_exponent},
    Lint{"key.curve", Severity::kWarning, Set::kPrivate, kAny, "RFC 5480 section 2.1.1.1",
         "an EC key is on P-256, P-384 or P-521", check_curve},
};

}  // namespace

std::size_t modulus_bits(const RawKey& key) noexcept {
  ByteView modulus = key.modulus;
  while (!modulus.empty() && modulus[0] == 0) modulus = modulus.subspan(1);
  if (modulus.empty()) return 0;
  return (modulus.size() - 1) * 8 + static_cast<std::size_t>(std::bit_width(modulus[0]));
}

std::span<const Lint> key_lints() noexcept { return kLints; }

}  // namespace signet::lint
