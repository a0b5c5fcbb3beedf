#include "policy/client.h"

#include <fmt/format.h>

namespace signet {

namespace {

constexpr std::string_view kDns = "dns:";
constexpr std::string_view kCertificate = "cert-sha256:";
constexpr std::string_view kKey = "key-sha256:";

}  // namespace

std::string_view name_of(Right right) noexcept {
  switch (right) {
    case Right::kIssue: return "issue";
    case Right::kOperate: return "operate";
    case Right::kAudit: return "audit";
  }
  return "unknown";
}

PeerIdentity PeerIdentity::from(const Certificate& certificate) {
  PeerIdentity peer;
  const AltNames names = certificate.fields().alt_names.value_or(AltNames{});
  if (names.uris.size() == 1 && is_spiffe_id(names.uris[0])) peer.identities.push_back(names.uris[0]);
  for (const std::string& name : names.dns) peer.identities.push_back(std::string(kDns) + to_lower(name));
  peer.identities.push_back(std::string(kCertificate) + to_hex(certificate.fingerprint()));
  peer.identities.push_back(std::string(kKey) + to_hex(certificate.public_key().spki_sha256()));
  return peer;
}

Result<std::string> parse_identity(std::string_view text) {
  if (is_spiffe_id(text)) return std::string(text);
  if (text.starts_with(kDns) && check_dns_name(text.substr(kDns.size()))) return to_lower(text);
  for (const std::string_view kind : {kCertificate, kKey}) {
    if (!text.starts_with(kind)) continue;
    const auto digest = from_hex(text.substr(kind.size()));
    if (digest && digest->size() == Sha256{}.size()) return std::string(kind) + to_hex(*digest);
  }
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("is \"{}\"; expected \"spiffe://trust-domain/path\", \"dns:host.example\", \"cert-sha256:\" or "
                  "\"key-sha256:\" with 64 hexadecimal digits",
                  printable(text)));
}

}  // namespace signet
