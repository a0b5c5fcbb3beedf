#include "x509/signed_structure.h"

#include <fmt/format.h>

#include "x509/der.h"
#include "x509/field.h"

namespace signet {

Result<SignedParts> split_signed(ByteView der, std::string_view name, std::string_view tbs_name) {
  der::Reader outer(der);
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, name));
  SIGNET_CHECK(outer.finish(name));
  SIGNET_TRY(const der::Element tbs, reader.element(der::kSequence, tbs_name));
  SIGNET_TRY(const der::Element identifier, reader.element(der::kSequence, "signatureAlgorithm"));
  SIGNET_TRY(const auto algorithm, in_field("signatureAlgorithm", parse_algorithm_identifier(identifier.whole)));
  SIGNET_TRY(const ByteView signature, in_field("signatureValue", reader.bit_string_bytes("signatureValue")));
  SIGNET_CHECK(reader.finish(name));
  return SignedParts{tbs.whole, algorithm, signature};
}

Result<void> check_same_algorithm(const SignedParts& parts, SignatureAlgorithm inner, std::string_view tbs_name,
                                  std::string_view section) {
  if (inner == parts.algorithm) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} here and {} in the {} (RFC 5280 section {})", name_of(parts.algorithm), name_of(inner),
                          tbs_name, section),
              "signatureAlgorithm");
}

Bytes assemble_signed(ByteView tbs, SignatureAlgorithm algorithm, ByteView signature) {
  return der::sequence({tbs, algorithm_identifier(algorithm), der::bit_string(signature)});
}

}  // namespace signet
