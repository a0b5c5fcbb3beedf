// The cases of the batch of hostile requests, and what they are made with.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "x509/crypto.h"
#include "x509/der.h"

namespace signet::test {

/// A request that must not become a certificate, and what its refusal must say.
struct HostileRequest {
  std::string name;
  Bytes csr;
  std::string field;   ///< of the error
  std::string phrase;  ///< its message has this: the rule, and the value where there is one
  std::string profile = "tls-server";
  std::uint64_t validity_seconds = 0;
};

using HostileRequests = std::vector<HostileRequest>;

/// By what is wrong with them. All names in them are below plain.example unless they are the point.
[[nodiscard]] HostileRequests hostile_encodings();
[[nodiscard]] HostileRequests hostile_signatures();
/// `ca_spki` is the issuing CA's own key.
[[nodiscard]] HostileRequests hostile_keys(ByteView ca_spki);
[[nodiscard]] HostileRequests hostile_subjects();
[[nodiscard]] HostileRequests hostile_extensions();
[[nodiscard]] HostileRequests hostile_dns_names();
[[nodiscard]] HostileRequests hostile_other_names();
[[nodiscard]] HostileRequests hostile_wishes();

/// All of them.
[[nodiscard]] HostileRequests hostile_requests(ByteView ca_spki);

/// A request that the same daemon takes; `number` makes its name another one.
[[nodiscard]] Bytes harmless_request(int number = 0);

/// The policy in whose eyes they are hostile. Its client "plain" is dns:plain.example, its issuer issuing-1.
[[nodiscard]] std::string hostile_policy();
/// The nameConstraints of the CA that is asked, as openssl.cnf writes the extension.
[[nodiscard]] std::string hostile_name_constraints();
/// The block list: the key of one of the cases.
[[nodiscard]] std::string hostile_blocked_keys();

/// The parts of a request, each of which a case may replace by what it likes. The defaults make a good one.
struct RequestParts {
  RequestParts();

  EVP_PKEY* key;
  SignatureAlgorithm signs_with = SignatureAlgorithm::kEcdsaSha256;
  Bytes version = der::small_integer(0);
  Bytes subject = der::sequence({});
  Bytes spki;
  Bytes attributes;  ///< the whole element
  Bytes behind_attributes = {};
  Bytes algorithm;
  Bytes signature = {};  ///< the whole element; empty = made with the key
  Bytes behind_signature = {};

  [[nodiscard]] Bytes info() const;
  [[nodiscard]] Bytes der() const;
};

/// A key of the process of each type, made once.
[[nodiscard]] EVP_PKEY* shared_key(KeyType type);

[[nodiscard]] Bytes joined(std::initializer_list<ByteView> parts);
/// `text` with the first `from`, which it has, replaced.
[[nodiscard]] Bytes replaced(ByteView text, ByteView from, ByteView to);

/// [0] with these Attributes.
[[nodiscard]] Bytes attributes_of(ByteView contents);
/// A request with these Extension elements; with these GeneralName elements; with this one DNS name.
[[nodiscard]] Bytes with_extensions(ByteView extensions);
[[nodiscard]] Bytes with_general_names(ByteView names);
[[nodiscard]] Bytes with_dns(std::string_view name);
[[nodiscard]] Bytes with_subject(ByteView name_der);

[[nodiscard]] Bytes general_name(unsigned tag, std::string_view text);
/// The extensions of harmless_request().
[[nodiscard]] Bytes good_alt_name_extension();

/// `depth` SEQUENCEs in each other.
[[nodiscard]] Bytes nested_sequences(std::size_t depth);

}  // namespace signet::test
