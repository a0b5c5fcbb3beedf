#include "policy/extended_key_usage.h"

#include <fmt/format.h>

#include <algorithm>

#include "x509/certificate.h"

namespace signet {

std::vector<std::string> read_extended_key_usage(TomlTable& table) {
  std::vector<std::string> oids;
  for (const std::string& name : table.texts("extended_key_usage", 1)) {
    if (name.empty()) continue;  // was complained about
    const auto oid = eku_oid_from(name);
    if (!oid) {
      table.complain("extended_key_usage", oid.error().message);
    } else if (*oid == kAnyExtendedKeyUsageOid) {
      table.complain("extended_key_usage",
                     "has anyExtendedKeyUsage, which is for no purpose and all; name the purposes");
    } else if (std::ranges::find(oids, *oid) != oids.end()) {
      table.complain("extended_key_usage", fmt::format("has \"{}\" twice", printable(name)));
    } else {
      oids.push_back(*oid);
    }
  }
  return oids;
}

}  // namespace signet
