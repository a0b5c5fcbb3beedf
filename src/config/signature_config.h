// The value `signature`, as signet.toml and a ceremony file have it.
#pragma once

#include <optional>

#include "base/toml_reader.h"
#include "x509/algorithm.h"

namespace signet {

/// How an RSA key signs: "rsa-pkcs1-sha256", "rsa-pss-sha256" and so on; the other kinds of key have one algorithm each
/// and no such value. Nothing where it is absent. Complaints go to the table.
[[nodiscard]] std::optional<SignatureAlgorithm> read_signature(TomlTable& table);

}  // namespace signet
