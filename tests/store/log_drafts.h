// Entries for the tests of the store, and what the store makes of them, as text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "log/entries.h"
#include "store/database.h"
#include "x509/certificate.h"

namespace signet::test {

inline constexpr const char* kNotAfter = "2027-01-02T03:04:05.000000Z";

/// Serial 2^152 + n: 20 octets.
[[nodiscard]] SerialNumber serial(std::uint8_t n);
[[nodiscard]] TbsDer tbs(std::uint8_t n);
[[nodiscard]] CertificateDer certificate(std::uint8_t n);
[[nodiscard]] Sha256 payload_hash(std::uint8_t n);

[[nodiscard]] log::Draft genesis(const std::string& origin = "ca.example/log-1",
                                 const std::optional<log::Predecessor>& predecessor = {});
/// The key that genesis() names for that origin.
[[nodiscard]] std::string log_key(const std::string& origin);
/// For the successor of that origin.
[[nodiscard]] log::Draft sealed(const std::string& successor_origin);
[[nodiscard]] log::Predecessor predecessor(const std::string& origin);
[[nodiscard]] log::Draft intent(std::uint8_t n, const Bytes& key = {});
[[nodiscard]] log::Draft issued(std::uint64_t intent_index, std::uint8_t n);
[[nodiscard]] log::Draft orphaned(std::uint64_t intent_index, std::uint8_t n);
[[nodiscard]] log::Draft rejected(std::optional<std::uint64_t> intent_index);

/// Everything that is in the tables. The store must be closed.
[[nodiscard]] std::string dump(const std::string& path);

}  // namespace signet::test
