#include "x509/pss.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "x509/der.h"

namespace signet {
namespace {

constexpr std::string_view kRsassaPss = "1.2.840.113549.1.1.10";
constexpr std::string_view kMgf1 = "1.2.840.113549.1.1.8";
constexpr std::string_view kAdvice =
    "; use SHA-256, -384 or -512, MGF1 with the same hash and a salt as long as it (openssl req -sigopt "
    "rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest)";

struct Row {
  PssHash hash;
  std::string_view name;
  std::string_view oid;  ///< of the hash
  std::uint64_t bytes;
};

// In the order of the enum, so that a value is its row's index.
constexpr std::array kRows = {
    Row{PssHash::kSha256, "RSASSA-PSS with SHA-256", "2.16.840.1.101.3.4.2.1", 32},
    Row{PssHash::kSha384, "RSASSA-PSS with SHA-384", "2.16.840.1.101.3.4.2.2", 48},
    Row{PssHash::kSha512, "RSASSA-PSS with SHA-512", "2.16.840.1.101.3.4.2.3", 64},
};

const Row& row_of(PssHash hash) noexcept { return kRows[static_cast<std::size_t>(hash)]; }

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::kInvalidArgument, "RSASSA-PSS: " + message.append(kAdvice));
}

/// HashAlgorithm: an AlgorithmIdentifier whose parameters are NULL or absent.
Result<PssHash> read_hash(der::Reader& reader, std::string_view what) {
  SIGNET_TRY(der::Reader identifier, reader.enter(der::kSequence, what));
  SIGNET_TRY(const std::string oid, identifier.oid(what));
  if (!identifier.at_end()) {
    SIGNET_TRY(const der::Element parameters, identifier.element(der::kNull, "parameters of a hash"));
    if (!parameters.contents.empty()) return refuse(fmt::format("{} has parameters that are not NULL", what));
  }
  SIGNET_CHECK(identifier.finish(what));
  const auto* const row = std::ranges::find(kRows, std::string_view(oid), &Row::oid);
  if (row == kRows.end()) return refuse(fmt::format("{} {} is not supported", what, oid));
  return row->hash;
}

/// What stands in the EXPLICIT tag [number], which is not left out: all defaults belong to SHA-1.
Result<der::Reader> enter_field(der::Reader& parameters, unsigned number, std::string_view what) {
  if (parameters.peek() == der::context_constructed(number)) {
    return parameters.enter(der::context_constructed(number), what);
  }
  return refuse(fmt::format("no {}, which stands for SHA-1's", what));
}

Result<PssHash> read_mask_hash(der::Reader& reader) {
  SIGNET_TRY(der::Reader identifier, reader.enter(der::kSequence, "maskGenAlgorithm"));
  SIGNET_TRY(const std::string oid, identifier.oid("maskGenAlgorithm"));
  if (oid != kMgf1) return refuse(fmt::format("maskGenAlgorithm {} is not MGF1", oid));
  SIGNET_TRY(const PssHash hash, read_hash(identifier, "MGF1's hash"));
  SIGNET_CHECK(identifier.finish("maskGenAlgorithm"));
  return hash;
}

Result<PssHash> read_parameters(der::Reader& parameters) {
  SIGNET_TRY(der::Reader hash_field, enter_field(parameters, 0, "hashAlgorithm"));
  SIGNET_TRY(const PssHash hash, read_hash(hash_field, "hashAlgorithm"));
  SIGNET_CHECK(hash_field.finish("hashAlgorithm"));
  SIGNET_TRY(der::Reader mask_field, enter_field(parameters, 1, "maskGenAlgorithm"));
  SIGNET_TRY(const PssHash mask_hash, read_mask_hash(mask_field));
  SIGNET_CHECK(mask_field.finish("maskGenAlgorithm"));
  if (mask_hash != hash) return refuse("MGF1 has another hash than the signature");
  SIGNET_TRY(der::Reader salt_field, enter_field(parameters, 2, "saltLength"));
  SIGNET_TRY(const std::uint64_t salt_bytes, salt_field.small_integer("saltLength"));
  SIGNET_CHECK(salt_field.finish("saltLength"));
  if (salt_bytes == row_of(hash).bytes) return hash;
  return refuse(fmt::format("a salt of {} bytes, not {}", salt_bytes, row_of(hash).bytes));
}

}  // namespace

std::string_view name_of(PssHash hash) noexcept { return row_of(hash).name; }

bool is_pss_identifier(ByteView der) noexcept {
  der::Reader outer(der);
  auto identifier = outer.enter(der::kSequence, "AlgorithmIdentifier");
  if (!identifier.has_value()) return false;
  const auto oid = identifier->oid("algorithm");
  return oid.has_value() && *oid == kRsassaPss;
}

Result<PssHash> parse_pss_identifier(ByteView der) {
  der::Reader outer(der);
  SIGNET_TRY(der::Reader identifier, outer.enter(der::kSequence, "AlgorithmIdentifier"));
  SIGNET_TRY([[maybe_unused]] const std::string oid, identifier.oid("algorithm"));
  SIGNET_TRY(der::Reader parameters, identifier.enter(der::kSequence, "RSASSA-PSS-params"));
  SIGNET_CHECK(identifier.finish("AlgorithmIdentifier"));
  SIGNET_TRY(const PssHash hash, read_parameters(parameters));
  if (parameters.peek() == der::context_constructed(3)) {
    return refuse("trailerField is there, but DER leaves its default 1 out, and there is no other");
  }
  SIGNET_CHECK(parameters.finish("RSASSA-PSS-params"));
  return hash;
}

}  // namespace signet
