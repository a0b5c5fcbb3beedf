#include "policy/client.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/ascii.h"

namespace signet {

namespace {

constexpr std::string_view kDns = "dns:";
constexpr std::string_view kCertificate = "cert-sha256:";
constexpr std::string_view kKey = "key-sha256:";

}  // namespace

std::string_view name_of(Right right) noexcept {
  switch (right) {
    case Right::kIssue: return "issue";
    case Right::kRenew: return "renew";
    case Right::kRevokeOwn: return "revoke-own";
    case Right::kRevoke: return "revoke";
    case Right::kAudit: return "audit";
    case Right::kOperate: return "operate";
  }
  return "unknown";
}

std::span<const Right> all_rights() noexcept {
  static constexpr std::array kAll = {Right::kIssue,  Right::kRenew, Right::kRevokeOwn,
                                      Right::kRevoke, Right::kAudit, Right::kOperate};
  return kAll;
}

Result<RateLimit> parse_rate(std::string_view text) {
  constexpr std::uint32_t kMost = 1'000'000;
  const auto bad = [&] {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("is \"{}\"; expected 1 to {} requests per second, minute, hour or day, such as \"100/m\"",
                            printable(text), kMost));
  };
  RateLimit rate;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rate.requests);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (error != std::errc() || text.starts_with('0') || rate.requests > kMost) return bad();
  if (unit == "/s") rate.period = std::chrono::seconds(1);
  if (unit == "/m") rate.period = std::chrono::minutes(1);
  if (unit == "/h") rate.period = std::chrono::hours(1);
  if (unit == "/d") rate.period = std::chrono::days(1);
  if (rate.period.count() == 0) return bad();
  return rate;
}

PeerIdentity PeerIdentity::from(const Certificate& certificate) {
  PeerIdentity peer;
  const AltNames names = certificate.fields().alt_names.value_or(AltNames{});
  if (names.uris.size() == 1 && is_spiffe_id(names.uris[0])) peer.identities.push_back(names.uris[0]);
  for (const std::string& name : names.dns) peer.identities.push_back(std::string(kDns) + ascii::to_lower(name));
  peer.identities.push_back(std::string(kCertificate) + to_hex(certificate.fingerprint()));
  peer.identities.push_back(std::string(kKey) + to_hex(certificate.public_key().spki_sha256()));
  return peer;
}

Result<std::string> parse_identity(std::string_view text) {
  if (is_spiffe_id(text)) return std::string(text);
  // Who the name belongs to was the business of whoever issued that certificate: any A-label may identify.
  constexpr NameForms kForms{.wildcards = false, .a_labels = true, .mixed_scripts = true};
  if (text.starts_with(kDns) && check_dns_name(text.substr(kDns.size()), kForms)) return ascii::to_lower(text);
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
