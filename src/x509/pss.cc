#include "x509/pss.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "x509/der.h"

namespace signet {
namespace {

constexpr std::string_view kMgf1 = "1.2.840.113549.1.1.8";
constexpr std::string_view kAdvice =
    "; use SHA-256, -384 or -512, MGF1 with the same hash and a salt as long as it (openssl req -sigopt "
    "rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest)";

struct Row {
  SignatureAlgorithm algorithm;
  std::string_view hash_oid;
};

constexpr std::array kRows = {
    Row{SignatureAlgorithm::kRsaPssSha256, "2.16.840.1.101.3.4.2.1"},
    Row{SignatureAlgorithm::kRsaPssSha384, "2.16.840.1.101.3.4.2.2"},
    Row{SignatureAlgorithm::kRsaPssSha512, "2.16.840.1.101.3.4.2.3"},
};

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::kInvalidArgument, "RSASSA-PSS: " + message.append(kAdvice));
}

/// HashAlgorithm: an AlgorithmIdentifier whose parameters are NULL or absent.
Result<SignatureAlgorithm> read_hash(der::Reader& reader, std::string_view what) {
  SIGNET_TRY(der::Reader identifier, reader.enter(der::kSequence, what));
  SIGNET_TRY(const std::string oid, identifier.oid(what));
  if (!identifier.at_end()) {
    SIGNET_TRY(const der::Element parameters, identifier.element(der::kNull, "parameters of a hash"));
    if (!parameters.contents.empty()) return refuse(fmt::format("{} has parameters that are not NULL", what));
  }
  SIGNET_CHECK(identifier.finish(what));
  const auto* const row = std::ranges::find(kRows, std::string_view(oid), &Row::hash_oid);
  if (row == kRows.end()) return refuse(fmt::format("{} {} is not supported", what, oid));
  return row->algorithm;
}

/// What stands in the EXPLICIT tag [number], which is not left out: all defaults belong to SHA-1.
Result<der::Reader> enter_field(der::Reader& parameters, unsigned number, std::string_view what) {
  if (parameters.peek() == der::context_constructed(number)) {
    return parameters.enter(der::context_constructed(number), what);
  }
  return refuse(fmt::format("no {}, which stands for SHA-1's", what));
}

Result<SignatureAlgorithm> read_mask_hash(der::Reader& reader) {
  SIGNET_TRY(der::Reader identifier, reader.enter(der::kSequence, "maskGenAlgorithm"));
  SIGNET_TRY(const std::string oid, identifier.oid("maskGenAlgorithm"));
  if (oid != kMgf1) return refuse(fmt::format("maskGenAlgorithm {} is not MGF1", oid));
  SIGNET_TRY(const SignatureAlgorithm hash, read_hash(identifier, "MGF1's hash"));
  SIGNET_CHECK(identifier.finish("maskGenAlgorithm"));
  return hash;
}

Result<SignatureAlgorithm> read_parameters(der::Reader& parameters) {
  SIGNET_TRY(der::Reader hash_field, enter_field(parameters, 0, "hashAlgorithm"));
  SIGNET_TRY(const SignatureAlgorithm hash, read_hash(hash_field, "hashAlgorithm"));
  SIGNET_CHECK(hash_field.finish("hashAlgorithm"));
  SIGNET_TRY(der::Reader mask_field, enter_field(parameters, 1, "maskGenAlgorithm"));
  SIGNET_TRY(const SignatureAlgorithm mask_hash, read_mask_hash(mask_field));
  SIGNET_CHECK(mask_field.finish("maskGenAlgorithm"));
  if (mask_hash != hash) return refuse("MGF1 has another hash than the signature");
  SIGNET_TRY(der::Reader salt_field, enter_field(parameters, 2, "saltLength"));
  SIGNET_TRY(const std::uint64_t salt_bytes, salt_field.small_integer("saltLength"));
  SIGNET_CHECK(salt_field.finish("saltLength"));
  if (salt_bytes == digest_bytes(hash)) return hash;
  return refuse(fmt::format("a salt of {} bytes, not {}", salt_bytes, digest_bytes(hash)));
}

}  // namespace

Bytes make_pss_identifier(SignatureAlgorithm algorithm) {
  const auto* const row = std::ranges::find(kRows, algorithm, &Row::algorithm);
  const Bytes hash = der::sequence({der::oid(row->hash_oid), der::null()});
  const Bytes mask = der::sequence({der::oid(kMgf1), hash});
  const Bytes salt = der::small_integer(digest_bytes(algorithm));
  const auto field = [](unsigned number, const Bytes& contents) {
    return der::element(der::context_constructed(number), contents);
  };
  return der::sequence({der::oid(kRsassaPssOid), der::sequence({field(0, hash), field(1, mask), field(2, salt)})});
}

bool is_pss_identifier(ByteView der) noexcept {
  der::Reader outer(der);
  auto identifier = outer.enter(der::kSequence, "AlgorithmIdentifier");
  if (!identifier.has_value()) return false;
  const auto oid = identifier->oid("algorithm");
  return oid.has_value() && *oid == kRsassaPssOid;
}

Result<SignatureAlgorithm> parse_pss_identifier(ByteView der) {
  der::Reader outer(der);
  SIGNET_TRY(der::Reader identifier, outer.enter(der::kSequence, "AlgorithmIdentifier"));
  SIGNET_TRY([[maybe_unused]] const std::string oid, identifier.oid("algorithm"));
  SIGNET_TRY(der::Reader parameters, identifier.enter(der::kSequence, "RSASSA-PSS-params"));
  SIGNET_CHECK(identifier.finish("AlgorithmIdentifier"));
  SIGNET_TRY(const SignatureAlgorithm hash, read_parameters(parameters));
  if (parameters.peek() == der::context_constructed(3)) {
    return refuse("trailerField is there, but DER leaves its default 1 out, and there is no other");
  }
  SIGNET_CHECK(parameters.finish("RSASSA-PSS-params"));
  return hash;
}

}  // namespace signet
