// A certificate as lint sees it: every field as it stands there, also where it is wrong. Certificate::parse refuses
// what this CA would not take; a lint has to look at just that. Only what is not DER, or has no place in a
// TBSCertificate, cannot be seen. All views point into the bytes that were read.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "lint/oids.h"
#include "lint/values.h"
#include "x509/der.h"

namespace signet::lint {

struct AlgorithmId {
  ByteView whole;
  Oid oid;
  std::optional<der::Element> parameters;
};

struct Attribute {
  Oid type;
  std::uint8_t tag = 0;
  std::string_view value;
  std::size_t rdn = 0;  ///< which RelativeDistinguishedName it is in
};

struct RawName {
  ByteView whole;
  std::vector<Attribute> attributes;
  std::size_t rdns = 0;
  bool has_empty_rdn = false;
  bool is_sorted = true;  ///< each RDN in DER's order of a SET OF
};

struct RawTime {
  std::uint8_t tag = 0;
  std::string_view text;
  std::optional<Time> time;  ///< where tag and text have the form that RFC 5280 section 4.1.2.5 demands
};

enum class KeyKind : std::uint8_t { kRsa, kEc, kEd25519, kEd448, kX25519, kX448, kOther };

struct RawKey {
  AlgorithmId algorithm;
  KeyKind kind = KeyKind::kOther;
  ByteView bits;  ///< the BIT STRING's contents, with its first byte, which counts unused bits
  Oid curve;      ///< EC with a named curve
  /// RSA, where the BIT STRING holds an RSAPublicKey: the INTEGERs' contents.
  ByteView modulus;
  ByteView exponent;
};

struct RawExtension {
  Oid oid;
  bool critical = false;
  bool has_critical_false = false;  ///< FALSE is written out, which DER does not do
  ByteView value;
};

/// Which profile a certificate follows; bits, so that a rule can name several.
enum Role : std::uint8_t {
  kSubscriber = 1U << 0U,     ///< an end entity that is no OCSP responder
  kOcspResponder = 1U << 1U,  ///< an end entity whose only purpose is OCSPSigning
  kSubordinateCa = 1U << 2U,
  kRoot = 1U << 3U,  ///< a CA that is its own issuer, with its own key as far as the identifiers tell
};

struct View {
  std::optional<std::uint64_t> version;  ///< as encoded: 2 is version 3. Empty = not there, which is version 1
  ByteView serial;                       ///< the INTEGER's contents
  AlgorithmId algorithm;
  RawName issuer;
  RawTime not_before;
  RawTime not_after;
  RawName subject;
  RawKey key;
  bool has_unique_id = false;
  bool has_extensions = false;  ///< the field is there, with or without an extension in it
  std::vector<RawExtension> extensions;
  Values values;

  /// Of a Certificate only.
  std::optional<AlgorithmId> outer_algorithm;
  ByteView signature;  ///< the BIT STRING's contents, with its first byte

  Role role = kSubscriber;

  [[nodiscard]] const RawExtension* find(Oid oid) const noexcept;
  [[nodiscard]] bool is_ca() const noexcept { return (role & (kSubordinateCa | kRoot)) != 0; }
};

/// Errors: kInvalidArgument with field "der.encoding" where it is not DER through all levels, or "der.structure" where
/// it is not a TBSCertificate or Certificate.
[[nodiscard]] Result<View> read_tbs(ByteView der);
[[nodiscard]] Result<View> read_certificate(ByteView der);
/// Of a certificate whose TBS is `tbs` byte for byte, and well-formed: outer_algorithm, signature and algorithm alone.
/// Errors: also where its TBS is another.
[[nodiscard]] Result<View> read_around(ByteView der, ByteView tbs);

/// The contents of an INTEGER, which are not empty, are of a number above zero.
[[nodiscard]] bool is_positive(ByteView integer) noexcept;

/// "2.5.29.17"; hexadecimal where it is no object identifier.
[[nodiscard]] std::string dotted(Oid oid);

}  // namespace signet::lint
