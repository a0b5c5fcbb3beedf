#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "x509/certificate.h"
#include "x509/der.h"

namespace signet {
namespace {

struct Reserved {
  std::string_view arc;  // the identifier itself, and everything below it
  std::string_view why;
};

// What this CA writes itself, and what changes what other fields of a certificate mean.
constexpr std::array kReserved = {
    Reserved{"2.5.29", "an extension that X.509 itself defines"},
    Reserved{"1.3.6.1.5.5.7.1.1", "authorityInfoAccess, which the profile's URLs make"},
    Reserved{"1.3.6.1.5.5.7.1.7", "a delegation of IP addresses (RFC 3779)"},
    Reserved{"1.3.6.1.5.5.7.1.8", "a delegation of AS numbers (RFC 3779)"},
    Reserved{"1.3.6.1.5.5.7.1.14", "that of proxy certificates (RFC 3820)"},
    Reserved{"1.3.6.1.5.5.7.1.24", "the TLS feature, which must_staple makes"},
    Reserved{"1.3.6.1.5.5.7.1.26", "a list of telephone numbers that its holder speaks for (RFC 8226)"},
    Reserved{"1.3.6.1.5.5.7.1.28", "a delegation of IP addresses (RFC 8360)"},
    Reserved{"1.3.6.1.5.5.7.1.29", "a delegation of AS numbers (RFC 8360)"},
    Reserved{"1.3.6.1.5.5.7.48.1.5", "OCSP no-check, which ocsp_no_check makes"},
    Reserved{"1.3.6.1.4.1.311.21.10", "Microsoft's application policies, a second extendedKeyUsage"},
    Reserved{"1.3.6.1.4.1.311.25.2", "Microsoft's security identifier: the account that its holder logs on as"},
    Reserved{"1.3.6.1.4.1.11129.2.4", "one of Certificate Transparency (RFC 6962)"},
    Reserved{"2.16.840.1.113730.1", "one of Netscape's, whose certificate type is a second keyUsage"},
};

bool is_within(std::string_view oid, std::string_view arc) noexcept {
  return oid.starts_with(arc) && (oid.size() == arc.size() || oid[arc.size()] == '.');
}

}  // namespace

Result<void> check_extra_extension(std::string_view oid) {
  if (!der::is_oid(oid)) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("\"{}\" is not a dotted object identifier", printable(oid)));
  }
  const auto* const reserved =
      std::ranges::find_if(kReserved, [&](const Reserved& r) { return is_within(oid, r.arc); });
  if (reserved == kReserved.end()) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} is {}; it cannot be added as an extension of one's own", oid, reserved->why));
}

}  // namespace signet
