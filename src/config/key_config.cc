#include "config/key_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "x509/certificate.h"

namespace signet {

namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

constexpr seconds kDay = 24h;
constexpr seconds kYear = 365 * kDay;

/// What its own fence says a key is for.
enum class Purpose : std::uint8_t { kUnknown, kCertificates, kLog };

Purpose purpose_of(const FenceConfig& fence) {
  if (fence.may_sign.empty()) return Purpose::kUnknown;
  return fence.may_sign.contains(ArtifactKind::kLogCheckpoint) ? Purpose::kLog : Purpose::kCertificates;
}

std::set<ArtifactKind> read_kinds(TomlTable& table) {
  constexpr ArtifactKind kAll[] = {ArtifactKind::kEndEntityCertificate, ArtifactKind::kCaCertificate,
                                   ArtifactKind::kLogCheckpoint};
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

std::uint64_t read_longest_path(TomlTable& table, const FenceConfig& fence) {
  constexpr std::int64_t kMost = 16;
  if (fence.may_sign.contains(ArtifactKind::kCaCertificate))
    return static_cast<std::uint64_t>(table.integer("longest_path", 0, kMost, 0));
  table.refuse("longest_path", fmt::format("has no effect, because may_sign does not name \"{}\"",
                                           name_of(ArtifactKind::kCaCertificate)));
  return 0;
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

FenceConfig read_fence(TomlTable table) {
  FenceConfig fence;
  fence.may_sign = read_kinds(table);
  if (purpose_of(fence) == Purpose::kLog) {
    for (const char* key : {"longest_validity", "clock_tolerance", "longest_path", "extensions", "ocsp_responder"}) {
      table.refuse(key, "is a rule for certificates, and this key signs checkpoints of the log; remove it");
    }
    return fence;
  }
  // Where it is not known what the key signs, that was said; what follows from it is not.
  const auto fallback = purpose_of(fence) == Purpose::kUnknown ? std::optional<seconds>(kDay) : std::nullopt;
  fence.longest_validity = table.duration("longest_validity", 1min, 100 * kYear, fallback);
  fence.clock_tolerance = table.duration("clock_tolerance", 1s, 30 * kDay, fence.clock_tolerance);
  fence.longest_path = read_longest_path(table, fence);
  fence.extensions = read_extensions(table);
  fence.ocsp_responder = table.boolean("ocsp_responder", false);
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
  key.token = table.text("token");
  key.uri = read_uri(table);
  key.fence = read_fence(table.table("fence"));
  switch (purpose_of(key.fence)) {
    case Purpose::kCertificates: key.certificate = read_evidence(table, base, "certificate", "public_key"); break;
    case Purpose::kLog: key.public_key = read_evidence(table, base, "public_key", "certificate"); break;
    case Purpose::kUnknown:
      key.certificate = table.optional_text("certificate").value_or("");
      key.public_key = table.optional_text("public_key").value_or("");
  }
  return key;
}

}  // namespace signet
