#include "rehearsal.h"

#include <fmt/format.h>

#include "certificates.h"
#include "log_key.h"
#include "problems.h"
#include "records.h"
#include "transcript.h"

namespace signet::ceremony {

namespace {

// The base points (FIPS 186-4 appendix D.1.2): on the curve, and nobody's key.
constexpr std::string_view kBasePointP256 =
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
constexpr std::string_view kBasePointP384 =
    "04aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7"
    "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f";

// The same of edwards25519 (RFC 8032 section 5.1), as 32 bytes.
constexpr std::string_view kBasePointEd25519 = "5866666666666666666666666666666666666666666666666666666666666666";

/// More than the largest signature (RSA with 4096 bits: 512 bytes) by what serial numbers, times and counters vary.
constexpr std::size_t kSignatureRoom = 640;

/// A public key of the kind that will be made.
Result<PublicKey> stand_in(const NewKey& wanted) {
  if (wanted.type == KeyType::kRsa) {
    constexpr std::uint8_t kF4[] = {0x01, 0x00, 0x01};
    return PublicKey::from_spki(rsa_spki(Bytes(wanted.rsa_bits / 8, 0xFF), kF4));
  }
  if (wanted.type == KeyType::kEd25519) {
    SIGNET_TRY(const Bytes point, from_hex(kBasePointEd25519));
    SIGNET_TRY(const Bytes spki, ed25519_spki(point));
    return PublicKey::from_spki(spki);
  }
  SIGNET_TRY(const Bytes point, from_hex(wanted.type == KeyType::kEcP256 ? kBasePointP256 : kBasePointP384));
  SIGNET_TRY(const Bytes spki, ec_spki(wanted.type, point));
  return PublicKey::from_spki(spki);
}

Result<Certificate> rehearse_one(const CertificateOrder& order, const Clock& clock) {
  const SignatureValue signature(Bytes(kSignatureRoom, 0xFF));
  SIGNET_TRY(Certificate made, read_back(encode_tbs(order.fields), order.fields.algorithm, signature));
  Transcript scratch(clock);
  SIGNET_CHECK(scratch.add("make-certificate", certificate_record(order, made)));
  return made;
}

/// As rehearse_one, for an error that says whose certificate it is and what helps.
Result<Certificate> rehearse_for(const std::string& who, const CertificateOrder& order, const Clock& clock) {
  Result<Certificate> made = rehearse_one(order, clock);
  if (made) return made;
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("{}: no certificate can be made of this: {}; repair its names in the ceremony file, or spread "
                  "them over several certificates",
                  who, made.error().message));
}

/// The log's key gets a name that notes can have, and its entries of the transcript can be written.
Result<void> rehearse_log_key(const LogKeyPlan& plan, const Clock& clock) {
  SIGNET_TRY(const PublicKey key, stand_in(plan.key));
  const auto verifier = log_verifier(plan, key);
  if (!verifier) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("log key: {}", verifier.error().message), "origin");
  }
  log::Object intent = key_intent("log", plan, TokenInfo{});
  add_log_key_intent(intent, plan);
  Transcript scratch(clock);
  SIGNET_CHECK(scratch.add("intend-key", intent));
  SIGNET_CHECK(scratch.add("make-key", key_record(std::move(intent), key, KeyProtection{})));
  SIGNET_CHECK(scratch.add("prove-key", log_key_proof(*verifier, std::string(kSignatureRoom, '-'))));
  return {};
}

}  // namespace

Result<void> rehearse(const Plan& plan, const std::vector<Csr>& requests, const Clock& clock, Rng& rng) {
  SIGNET_TRY(const PublicKey root_key, stand_in(plan.root.key));
  SIGNET_TRY(const PublicKey issuing_key, stand_in(plan.issuing.key));
  SIGNET_TRY(const CertificateOrder root_wanted, root_order(plan.root, root_key, start_of_validity(clock), rng));
  SIGNET_TRY(const Certificate root, rehearse_for("root", root_wanted, clock));
  SIGNET_TRY(const CertificateOrder issuing_wanted, issuing_order(plan.issuing, issuing_key, {plan.root, root}, rng));
  SIGNET_TRY(const Certificate issuing, rehearse_for("issuing", issuing_wanted, clock));
  Problems problems;
  if (plan.log_key) problems.keep("", rehearse_log_key(*plan.log_key, clock));
  for (std::size_t i = 0; i < plan.end_entities.size(); ++i) {
    SIGNET_TRY(const CertificateOrder wanted,
               end_entity_order(plan.end_entities[i], requests[i], {plan.issuing, issuing}, rng));
    problems.keep("", rehearse_for(fmt::format("end entity \"{}\"", printable(wanted.name)), wanted, clock));
  }
  return problems.result();
}

}  // namespace signet::ceremony
