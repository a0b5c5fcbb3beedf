// What the extensions of a certificate say (RFC 5280 section 4.2), as far as their syntax lets it be read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "lint/oids.h"

namespace signet::lint {

struct RawExtension;

/// One of GeneralName's choices: its tag, and its contents.
struct GeneralName {
  std::uint8_t tag = 0;
  std::string_view text;
};

// The tags of GeneralName's choices (RFC 5280 section 4.2.1.6).
inline constexpr std::uint8_t kOtherName = 0xA0;
inline constexpr std::uint8_t kEmail = 0x81;
inline constexpr std::uint8_t kDns = 0x82;
inline constexpr std::uint8_t kX400 = 0xA3;
inline constexpr std::uint8_t kDirectoryName = 0xA4;
inline constexpr std::uint8_t kEdiParty = 0xA5;
inline constexpr std::uint8_t kUri = 0x86;
inline constexpr std::uint8_t kIp = 0x87;
inline constexpr std::uint8_t kRegisteredId = 0x88;

struct BasicConstraintsValue {
  bool ca = false;
  bool has_ca_false = false;  ///< FALSE is written out, which DER does not do
  std::optional<std::uint64_t> path_length;
};

struct AuthorityKeyIdValue {
  std::optional<ByteView> key_id;
  bool has_issuer = false;
  bool has_serial = false;
};

struct DistributionPoint {
  bool has_name = false;      ///< a fullName or a name relative to the issuer
  bool is_full_name = false;  ///< a fullName
  std::vector<GeneralName> full_name;
  bool has_reasons = false;
  bool has_crl_issuer = false;
};

struct AccessDescription {
  Oid method;
  GeneralName location;
};

struct Subtree {
  GeneralName base;
  bool has_bounds = false;  ///< minimum or maximum is written out
};

struct NameConstraintsValue {
  std::vector<Subtree> permitted;
  std::vector<Subtree> excluded;
};

struct PolicyMapping {
  Oid issuer;
  Oid subject;
};

/// Each is empty where the extension is not there or cannot be read; `problems` tells the latter. Of an extension that
/// stands there twice it is the first.
struct Values {
  std::optional<BasicConstraintsValue> basic_constraints;
  std::optional<std::uint32_t> key_usage;  ///< bit i is named bit i
  std::optional<std::vector<Oid>> extended_key_usage;
  std::optional<std::vector<GeneralName>> subject_alt_name;
  std::optional<std::vector<GeneralName>> issuer_alt_name;
  std::optional<ByteView> subject_key_id;
  std::optional<AuthorityKeyIdValue> authority_key_id;
  std::optional<std::vector<Oid>> policies;
  std::optional<std::vector<DistributionPoint>> distribution_points;
  std::optional<std::vector<AccessDescription>> authority_info_access;
  std::optional<NameConstraintsValue> name_constraints;
  std::optional<std::vector<PolicyMapping>> policy_mappings;
  bool has_empty_policy_constraints = false;

  struct Problem {
    std::string_view extension;
    std::string message;
  };
  std::vector<Problem> problems;
};

[[nodiscard]] Values read_values(const std::vector<RawExtension>& extensions);

/// Lint knows what such an extension means, and so does whoever keeps to RFC 5280 and the profiles here.
[[nodiscard]] bool is_known_extension(Oid oid) noexcept;
/// "keyUsage"; dotted where it has no name here.
[[nodiscard]] std::string extension_name(Oid oid);

}  // namespace signet::lint
