// Certificates in parts, so that a test can break one of them: nothing here checks what it writes.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "x509/der.h"

namespace signet::test {

struct SampleExtension {
  std::string oid;
  bool critical = false;
  Bytes value;
  bool writes_critical_false = false;
};

struct Sample {
  Bytes version;  ///< the whole field, may be empty
  Bytes serial;   ///< contents
  Bytes algorithm;
  Bytes issuer;
  Bytes not_before;
  Bytes not_after;
  Bytes subject;
  Bytes spki;
  Bytes unique_ids;
  std::vector<SampleExtension> extensions;
  bool writes_empty_extensions = false;
  Bytes outer_algorithm;
  Bytes signature;                                    ///< contents of the BIT STRING, with its first byte
  std::function<void(Bytes&)> patch = [](Bytes&) {};  ///< of the finished DER

  [[nodiscard]] Bytes tbs() const;
  [[nodiscard]] Bytes certificate() const;

  SampleExtension& at(std::string_view oid);
  void remove(std::string_view oid);
  void add(std::string oid, bool critical, Bytes value);
  /// The value of the extension, which is added, not critical, where it is missing.
  void set(std::string_view oid, Bytes value);
};

// Without findings in the private set.
[[nodiscard]] Sample good_leaf();
[[nodiscard]] Sample good_svid();
[[nodiscard]] Sample good_responder();
[[nodiscard]] Sample good_ca();
[[nodiscard]] Sample good_root();
// Without findings in the public-trust set.
[[nodiscard]] Sample tls_leaf();
[[nodiscard]] Sample tls_responder();
[[nodiscard]] Sample tls_ca();
[[nodiscard]] Sample tls_root();

// Parts. Tags as in der::Tag.
[[nodiscard]] Bytes attribute(std::string_view oid, std::uint8_t tag, std::string_view value);
/// A Name with each of these in an RDN of its own.
[[nodiscard]] Bytes name_of(const std::vector<Bytes>& attributes);
/// A Name of one RDN with these in this order.
[[nodiscard]] Bytes name_of_one_rdn(const std::vector<Bytes>& attributes);
[[nodiscard]] Bytes utf8_attribute(std::string_view oid, std::string_view value);
[[nodiscard]] Bytes subject_with(const Bytes& attribute);         ///< C=DE and this
[[nodiscard]] Bytes list_of(const std::vector<Bytes>& elements);  ///< SEQUENCE OF
[[nodiscard]] Bytes oids(const std::vector<std::string_view>& dotted);
[[nodiscard]] Bytes general(std::uint8_t tag, std::string_view text);
[[nodiscard]] Bytes algorithm_of(std::string_view oid, const Bytes& parameters = {});
[[nodiscard]] Bytes key(std::string_view algorithm, const Bytes& parameters, const Bytes& bits);
[[nodiscard]] Bytes ec_key(std::string_view curve = "1.2.840.10045.3.1.7", std::size_t point_bytes = 65);
[[nodiscard]] Bytes rsa_key(unsigned bits = 2048, std::uint64_t exponent = 65537, bool odd = true);
[[nodiscard]] Bytes ed25519_key();
[[nodiscard]] Bytes point(const std::vector<Bytes>& names);  ///< DistributionPoint with a fullName
[[nodiscard]] Bytes access(std::string_view method, const Bytes& location);
[[nodiscard]] Bytes policies(const std::vector<std::string_view>& dotted);
[[nodiscard]] Bytes utc_time(std::string_view text);

inline constexpr std::string_view kBc = "2.5.29.19";
inline constexpr std::string_view kKu = "2.5.29.15";
inline constexpr std::string_view kEku = "2.5.29.37";
inline constexpr std::string_view kSan = "2.5.29.17";
inline constexpr std::string_view kSki = "2.5.29.14";
inline constexpr std::string_view kAki = "2.5.29.35";
inline constexpr std::string_view kPolicies = "2.5.29.32";
inline constexpr std::string_view kCdp = "2.5.29.31";
inline constexpr std::string_view kAia = "1.3.6.1.5.5.7.1.1";
inline constexpr std::string_view kNc = "2.5.29.30";

inline constexpr std::string_view kServerAuth = "1.3.6.1.5.5.7.3.1";
inline constexpr std::string_view kClientAuth = "1.3.6.1.5.5.7.3.2";

}  // namespace signet::test
