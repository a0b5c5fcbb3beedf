// Version, serial number, signature algorithm.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lint/lints.h"

namespace signet::lint {
namespace {

constexpr std::uint64_t kVersion3 = 2;
constexpr std::size_t kMaxSerialBytes = 20;

void check_version(const View& view, Report& report) {
  if (view.version == kVersion3) return;
  report.found(fmt::format("version {}; version 3 is needed", view.version.value_or(0) + 1));
}

void check_unique_ids(const View& view, Report& report) {
  if (view.has_unique_id) report.found("a unique identifier of issuer or subject is there");
}

void check_serial_sign(const View& view, Report& report) {
  if (is_positive(view.serial)) return;
  report.found(fmt::format("serial number {} is zero or negative", to_hex(view.serial)));
}

void check_serial_length(const View& view, Report& report) {
  if (view.serial.size() <= kMaxSerialBytes) return;
  report.found(fmt::format("serial number of {} octets; at most 20 are allowed", view.serial.size()));
}

enum class Parameters : std::uint8_t { kNull, kAbsent, kStructure };

struct Algorithm {
  Oid oid;
  Parameters parameters;
};

constexpr std::array kAlgorithms = {
    Algorithm{oid::kEcdsaSha256, Parameters::kAbsent}, Algorithm{oid::kEcdsaSha384, Parameters::kAbsent},
    Algorithm{oid::kEcdsaSha512, Parameters::kAbsent}, Algorithm{oid::kRsaSha256, Parameters::kNull},
    Algorithm{oid::kRsaSha384, Parameters::kNull},     Algorithm{oid::kRsaSha512, Parameters::kNull},
    Algorithm{oid::kEd25519, Parameters::kAbsent},     Algorithm{oid::kEd448, Parameters::kAbsent},
    Algorithm{oid::kRsaPss, Parameters::kStructure},   Algorithm{oid::kEcdsaSha1, Parameters::kAbsent},
    Algorithm{oid::kDsaSha1, Parameters::kAbsent},     Algorithm{oid::kRsaSha1, Parameters::kNull},
    Algorithm{oid::kRsaMd5, Parameters::kNull},        Algorithm{oid::kRsaMd2, Parameters::kNull},
};

bool has_right_parameters(const Algorithm& algorithm, const std::optional<der::Element>& parameters) noexcept {
  switch (algorithm.parameters) {
    case Parameters::kAbsent: return !parameters.has_value();
    case Parameters::kNull: return parameters && parameters->tag == der::kNull;
    case Parameters::kStructure: return parameters && parameters->tag == der::kSequence;
  }
  return false;
}

void check_parameters(const View& view, Report& report) {
  const auto* const known = std::ranges::find(kAlgorithms, view.algorithm.oid, &Algorithm::oid);
  if (known == kAlgorithms.end() || has_right_parameters(*known, view.algorithm.parameters)) return;
  constexpr std::string_view wanted[] = {"NULL", "absent", "a SEQUENCE"};
  report.found(fmt::format("the parameters of signature algorithm {} are not {}", dotted(known->oid),
                           wanted[static_cast<std::size_t>(known->parameters)]));
}

void check_weak(const View& view, Report& report) {
  const Oid oid = view.algorithm.oid;
  const bool weak = oid == oid::kRsaSha1 || oid == oid::kEcdsaSha1 || oid == oid::kDsaSha1 || oid == oid::kRsaMd5 ||
                    oid == oid::kRsaMd2;
  if (weak) report.found(fmt::format("signature algorithm {} hashes with SHA-1, MD5 or MD2", dotted(oid)));
}

constexpr std::array kLints = {
    Lint{"version.not-3", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.1.2.1",
         "the version is 3, and written out", check_version},
    Lint{"unique-id.present", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.1.2.8",
         "issuerUniqueID and subjectUniqueID are absent", check_unique_ids},
    Lint{"serial.not-positive", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.1.2.2",
         "the serial number is greater than zero", check_serial_sign},
    Lint{"serial.too-long", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.1.2.2",
         "the serial number has at most 20 octets", check_serial_length},
    Lint{"algorithm.parameters", Severity::kError, Set::kPrivate, kAny,
         "RFC 4055 section 5; RFC 5758 section 3.2; RFC 8410 section 3",
         "the signature algorithm's parameters are NULL for RSA with PKCS #1 v1.5, absent for ECDSA and EdDSA",
         check_parameters},
    Lint{"algorithm.weak", Severity::kError, Set::kPrivate, kAny, "RFC 6149; RFC 6151; RFC 6194 section 3",
         "the signature does not rest on SHA-1, MD5 or MD2", check_weak},
};

}  // namespace

std::span<const Lint> form_lints() noexcept { return kLints; }

}  // namespace signet::lint
