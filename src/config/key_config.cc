#include "config/key_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "config/signature_config.h"
#include "x509/certificate.h"

namespace signet {

namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

constexpr seconds kDay = 24h;
constexpr seconds kYear = 365 * kDay;

/// What its own fence says a key is for.
enum class Purpose : std::uint8_t { kUnknown, kCa, kLog };

Purpose purpose_of(const FenceConfig& fence) {
  if (fence.may_sign.empty()) return Purpose::kUnknown;
  return fence.may_sign.contains(ArtifactKind::kLogCheckpoint) ? Purpose::kLog : Purpose::kCa;
}

std::set<ArtifactKind> read_kinds(TomlTable& table) {
  constexpr ArtifactKind kAll[] = {ArtifactKind::kEndEntityCertificate, ArtifactKind::kCaCertificate,
                                   ArtifactKind::kCrl, ArtifactKind::kOcspResponse, ArtifactKind::kLogCheckpoint};
  std::vector<std::string> names;
  for (const ArtifactKind kind : kAll) names.emplace_back(name_of(kind));
  const std::vector<std::string> given = table.choices("may_sign", names, 1);
  std::set<ArtifactKind> kinds;
  for (const ArtifactKind kind : kAll) {
    if (std::ranges::find(given, name_of(kind)) != given.end()) kinds.insert(kind);
  }
  if (kinds.contains(ArtifactKind::kLogCheckpoint) && kinds.size() > 1) {
    table.complain("may_sign", fmt::format("names \"{}\" beside another kind; a key that signs the log signs nothing "
                                           "else: give the log a key of its own",
                                           name_of(ArtifactKind::kLogCheckpoint)));
  }
  return kinds;
}

/// For rules about something that this key does not sign.
void refuse_all(TomlTable& table, std::initializer_list<const char*> keys, const std::string& why) {
  for (const char* const key : keys) table.refuse(key, why);
}

std::string has_no_effect(ArtifactKind kind) {
  return fmt::format("has no effect, because may_sign does not name \"{}\"", name_of(kind));
}

void read_ca_rules(TomlTable& table, FenceConfig& fence) {
  constexpr std::int64_t kLongestPath = 16;
  fence.longest_ca_validity = fence.longest_validity;
  if (!fence.may_sign.contains(ArtifactKind::kCaCertificate))
    return refuse_all(table, {"longest_path", "longest_ca_validity"}, has_no_effect(ArtifactKind::kCaCertificate));
  fence.longest_path = static_cast<std::uint64_t>(table.integer("longest_path", 0, kLongestPath, 0));
  fence.longest_ca_validity = table.duration("longest_ca_validity", 1min, 100 * kYear, fence.longest_ca_validity);
}

void read_crl_rules(TomlTable& table, FenceConfig& fence) {
  if (!fence.may_sign.contains(ArtifactKind::kCrl))
    return refuse_all(table, {"longest_crl_period"}, has_no_effect(ArtifactKind::kCrl));
  fence.longest_crl_period = table.duration("longest_crl_period", 1min, 2 * kYear);
}

void read_ocsp_rules(TomlTable& table, FenceConfig& fence) {
  if (!fence.may_sign.contains(ArtifactKind::kOcspResponse))
    return refuse_all(table, {"longest_ocsp_period"}, has_no_effect(ArtifactKind::kOcspResponse));
  fence.longest_ocsp_period = table.duration("longest_ocsp_period", 1min, kYear);
}

std::set<std::string> read_extensions(TomlTable& table) {
  std::set<std::string> oids;
  for (std::string& oid : table.texts("extensions")) {
    if (oid.empty()) continue;  // was complained about
    if (const auto free = check_extra_extension(oid); !free.has_value())
      table.complain("extensions", free.error().message);
    oids.insert(std::move(oid));
  }
  return oids;
}

void read_eku(TomlTable& table, FenceConfig& fence) {
  if (!table.has("eku")) return;  // the default
  fence.eku.clear();
  for (const std::string& text : table.texts("eku", 1)) {
    if (text.empty()) continue;  // was complained about
    if (text == kEveryName) {
      fence.every_eku = true;
      continue;
    }
    if (text == "anyExtendedKeyUsage" || text == kAnyExtendedKeyUsageOid) {
      table.complain(
          "eku",
          "names anyExtendedKeyUsage, which stands for every purpose (RFC 5280 section 4.2.1.12), so that the "
          "others would limit nothing; name the purposes, or [\"*\"] for every one");
      continue;
    }
    std::string oid = table.accept("eku", eku_oid_from(text));
    if (oid == kOcspSigningOid) {
      table.complain("eku", "names OCSPSigning, with which others answer for this CA; that is ocsp_responder = true");
    }
    fence.eku.insert(std::move(oid));
  }
}

template <class T>
std::vector<T> read_limits(TomlTable& table, const std::string& key, Result<T> (*parse)(std::string_view)) {
  std::vector<T> limits;
  for (const std::string& text : table.texts(key, table.has(key) ? 1 : 0)) {
    if (!text.empty()) limits.push_back(table.accept(key, parse(text)));
  }
  return limits;
}

void read_names(TomlTable& table, FenceConfig& fence) {
  auto names = table.optional_table("names");
  if (!names) return;
  fence.names.dns = read_limits(*names, "dns", &parse_domain_limit);
  fence.names.ips = read_limits(*names, "ip", &IpNetwork::parse);
  fence.names.uris = read_limits(*names, "uri", &parse_uri_limit);
  fence.names.emails = read_limits(*names, "email", &parse_domain_limit);
  if (!fence.names.given()) names->complain("", "has none of dns, ip, uri and email; expected at least one list");
  if (fence.may_sign.contains(ArtifactKind::kCaCertificate)) {
    names->complain("", fmt::format("limits nothing where may_sign names \"{}\", because a CA below would certify any "
                                    "name; have CAs signed with another key, or by a ceremony",
                                    name_of(ArtifactKind::kCaCertificate)));
  }
}

void read_certificate_rules(TomlTable& table, FenceConfig& fence) {
  // Where it is not known what the key signs, that was said; what follows from it is not.
  const auto fallback = purpose_of(fence) == Purpose::kUnknown ? std::optional<seconds>(kDay) : std::nullopt;
  fence.longest_validity = table.duration("longest_validity", 1min, 100 * kYear, fallback);
  read_ca_rules(table, fence);
  fence.extensions = read_extensions(table);
  fence.ocsp_responder = table.boolean("ocsp_responder", false);
  read_eku(table, fence);
  read_names(table, fence);
}

FenceConfig read_fence(TomlTable table) {
  static constexpr auto kOfCertificates = {
      "longest_validity", "longest_path", "longest_ca_validity", "extensions", "ocsp_responder", "eku", "names"};
  FenceConfig fence;
  fence.may_sign = read_kinds(table);
  const Purpose purpose = purpose_of(fence);
  if (purpose == Purpose::kLog) {
    refuse_all(table, kOfCertificates,
               "is a rule for certificates, and this key signs checkpoints of the log; remove it");
    refuse_all(table, {"clock_tolerance", "longest_crl_period", "longest_ocsp_period"},
               "is a rule for what a CA signs, and this key signs checkpoints of the log; remove it");
    return fence;
  }
  fence.clock_tolerance = table.duration("clock_tolerance", 1s, 30 * kDay, fence.clock_tolerance);
  read_crl_rules(table, fence);
  read_ocsp_rules(table, fence);
  if (purpose == Purpose::kUnknown || fence.signs_certificates()) {
    read_certificate_rules(table, fence);
  } else {
    refuse_all(table, kOfCertificates, "is a rule for certificates, and this key signs none; remove it");
  }
  return fence;
}

Pkcs11Uri read_uri(TomlTable& table) {
  const std::string text = table.unshown_text("uri");
  if (text.empty()) return {};
  Pkcs11Uri uri = table.accept("uri", Pkcs11Uri::parse(text));
  if (uri.type.value_or("private") != "private") {
    table.complain("uri", fmt::format("has type={}; a CA signs with a private key: type=private", *uri.type));
  }
  return uri;
}

/// `token` names the one token that has the key, `tokens` all that have it.
std::vector<std::string> read_tokens(TomlTable& table) {
  if (!table.has("tokens")) return {table.text("token")};
  table.refuse("token", "stands beside \"tokens\", which names all tokens that have this key; remove one of the two");
  std::vector<std::string> tokens = table.texts("tokens", 2);
  for (auto name = tokens.begin(); name != tokens.end(); ++name) {
    if (std::find(tokens.begin(), name, *name) != name)
      table.complain("tokens", fmt::format("names \"{}\" twice", printable(*name)));
  }
  if (tokens.empty()) tokens.emplace_back();  // was complained about
  return tokens;
}

/// The file that says which key it must be: `wanted` is required, `other` belongs to keys of the other purpose.
std::string read_evidence(TomlTable& table, const std::string& base, const std::string& wanted,
                          const std::string& other) {
  table.refuse(other, fmt::format("does not go with what this key may sign, which needs \"{}\" instead", wanted));
  const std::string path = table.text(wanted);
  return path.empty() ? path : resolve_path(base, path);
}

}  // namespace

KeyConfig read_key(TomlTable table, const std::string& name, const std::string& base) {
  KeyConfig key;
  key.name = name;
  key.tokens = read_tokens(table);
  key.uri = read_uri(table);
  key.fence = read_fence(table.table("fence"));
  if (key.signs_log()) {
    table.refuse("signature", "is for keys that sign certificates; checkpoints of the log have one form");
  } else {
    key.fence.signature = read_signature(table);
  }
  if (key.signs_log() && key.tokens.size() > 1) {
    table.complain("tokens",
                   "names more than one token, and this key signs checkpoints of the log: what it signed last is known "
                   "to one keyholder only, so it is on one token; expected token = \"NAME\"");
  }
  switch (purpose_of(key.fence)) {
    case Purpose::kCa: key.certificate = read_evidence(table, base, "certificate", "public_key"); break;
    case Purpose::kLog: key.public_key = read_evidence(table, base, "public_key", "certificate"); break;
    case Purpose::kUnknown:
      key.certificate = table.optional_text("certificate").value_or("");
      key.public_key = table.optional_text("public_key").value_or("");
  }
  return key;
}

}  // namespace signet
