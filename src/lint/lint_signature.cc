// What stands around the TBSCertificate: the second AlgorithmIdentifier and the signature.
#include <fmt/format.h>

#include <array>

#include "lint/lints.h"

namespace signet::lint {
namespace {

void check_same_algorithm(const View& view, Report& report) {
  if (!view.outer_algorithm || equal(view.outer_algorithm->whole, view.algorithm.whole)) return;
  report.found(
      fmt::format("signatureAlgorithm ({}) and the signed field signature ({}) differ, in the algorithm or in "
                  "its parameters",
                  dotted(view.outer_algorithm->oid), dotted(view.algorithm.oid)));
}

/// ECDSA-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER }, both positive.
bool is_ecdsa_signature(ByteView bytes) {
  der::Reader outer(bytes);
  auto reader = outer.enter(der::kSequence, "ECDSA-Sig-Value");
  if (!reader || !outer.at_end()) return false;
  for (const char* const what : {"r", "s"}) {
    const auto number = reader->integer(what);
    if (!number || !is_positive(*number)) return false;
  }
  return reader->at_end();
}

bool has_signature_form(Oid algorithm, ByteView bytes) {
  if (algorithm == oid::kEd25519) return bytes.size() == 64;
  if (algorithm == oid::kEd448) return bytes.size() == 114;
  const bool ecdsa = algorithm == oid::kEcdsaSha256 || algorithm == oid::kEcdsaSha384 ||
                     algorithm == oid::kEcdsaSha512 || algorithm == oid::kEcdsaSha1;
  return ecdsa ? is_ecdsa_signature(bytes) : !bytes.empty();
}

void check_signature_form(const View& view, Report& report) {
  if (!view.outer_algorithm) return;
  const bool whole_bytes = !view.signature.empty() && view.signature[0] == 0;
  if (whole_bytes && has_signature_form(view.outer_algorithm->oid, view.signature.subspan(1))) return;
  report.found(fmt::format("{} bytes that are no signature value of {}",
                           view.signature.empty() ? 0 : view.signature.size() - 1, dotted(view.outer_algorithm->oid)));
}

constexpr std::array kLints = {
    Lint{"algorithm.mismatch", Severity::kError, Set::kPrivate, kAny, "RFC 5280 section 4.1.1.2",
         "the two AlgorithmIdentifiers of a certificate are the same", check_same_algorithm},
    Lint{"signature.form", Severity::kError, Set::kPrivate, kAny, "RFC 3279 section 2.2; RFC 8410 section 6",
         "the signature value has the form of its algorithm", check_signature_form},
};

}  // namespace

std::span<const Lint> signature_lints() noexcept { return kLints; }

}  // namespace signet::lint
