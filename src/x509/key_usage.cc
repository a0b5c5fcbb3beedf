#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "x509/certificate.h"
#include "x509/der.h"

namespace signet {
namespace {

struct Purpose {
  std::string_view name;
  std::string_view oid;
};

// RFC 5280 section 4.2.1.12.
constexpr std::array kPurposes = {
    Purpose{"serverAuth", "1.3.6.1.5.5.7.3.1"},   Purpose{"clientAuth", "1.3.6.1.5.5.7.3.2"},
    Purpose{"codeSigning", "1.3.6.1.5.5.7.3.3"},  Purpose{"emailProtection", "1.3.6.1.5.5.7.3.4"},
    Purpose{"timeStamping", "1.3.6.1.5.5.7.3.8"}, Purpose{"OCSPSigning", "1.3.6.1.5.5.7.3.9"},
};

}  // namespace

const std::vector<std::string>& key_usage_names() {
  static const std::vector<std::string> names = {"digitalSignature", "nonRepudiation", "keyEncipherment",
                                                 "dataEncipherment", "keyAgreement",   "keyCertSign",
                                                 "cRLSign",          "encipherOnly",   "decipherOnly"};
  return names;
}

std::optional<std::uint32_t> key_usage_from(std::string_view name) noexcept {
  const std::vector<std::string>& names = key_usage_names();
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return 1U << static_cast<unsigned>(found - names.begin());
}

Result<std::string> eku_oid_from(std::string_view name_or_oid) {
  const auto* const purpose = std::ranges::find(kPurposes, name_or_oid, &Purpose::name);
  if (purpose != kPurposes.end()) return std::string(purpose->oid);
  if (der::is_oid(name_or_oid)) return std::string(name_or_oid);
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("\"{}\" is not an extended key usage; use serverAuth, clientAuth, codeSigning, emailProtection, "
                  "timeStamping, OCSPSigning or a dotted object identifier",
                  printable(name_or_oid)));
}

std::string eku_name_of(std::string_view oid) {
  const auto* const purpose = std::ranges::find(kPurposes, oid, &Purpose::oid);
  return std::string(purpose == kPurposes.end() ? oid : purpose->name);
}

}  // namespace signet
