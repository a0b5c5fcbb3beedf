#include "issuer/hostile_request.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <stdexcept>

namespace signet::test {

namespace {

constexpr std::string_view kSubjectAltName = "2.5.29.17";

EvpPkeyPtr& blocked_key() {
  static EvpPkeyPtr key = make_key(KeyType::kEcP256);
  return key;
}

}  // namespace

EVP_PKEY* shared_key(KeyType type) {
  static std::map<KeyType, EvpPkeyPtr> keys;
  EvpPkeyPtr& key = keys[type];
  if (!key) key = make_key(type);
  return key.get();
}

RequestParts::RequestParts()
    : key(shared_key(KeyType::kEcP256)),
      spki(spki_of(key)),
      attributes(attributes_of(extension_request(good_alt_name_extension()))),
      algorithm(copy_of(algorithm_identifier(signs_with))) {}

Bytes RequestParts::info() const { return der::sequence({version, subject, spki, attributes, behind_attributes}); }

Bytes RequestParts::der() const {
  const Bytes signed_part = info();
  const Bytes proof = signature.empty() ? der::bit_string(sign(key, signs_with, signed_part).view()) : signature;
  return der::sequence({signed_part, algorithm, proof, behind_signature});
}

Bytes joined(std::initializer_list<ByteView> parts) {
  Bytes all;
  for (const ByteView part : parts) append(all, part);
  return all;
}

Bytes replaced(ByteView text, ByteView from, ByteView to) {
  const auto found = std::ranges::search(text, from);
  if (found.empty()) throw std::runtime_error("what is to be replaced is not there");
  const auto at = static_cast<std::size_t>(found.begin() - text.begin());
  return joined({text.first(at), to, text.subspan(at + from.size())});
}

Bytes attributes_of(ByteView contents) { return der::element(der::context_constructed(0), contents); }

Bytes with_extensions(ByteView extensions) {
  RequestParts parts;
  parts.attributes = attributes_of(extension_request(extensions));
  return parts.der();
}

Bytes with_general_names(ByteView names) {
  return with_extensions(extension(kSubjectAltName, false, der::element(der::kSequence, names)));
}

Bytes with_dns(std::string_view name) { return with_general_names(general_name(2, name)); }

Bytes with_subject(ByteView name_der) {
  RequestParts parts;
  parts.subject = copy_of(name_der);
  return parts.der();
}

Bytes general_name(unsigned tag, std::string_view text) {
  return der::element(der::context(tag), signet::bytes_of(text));
}

Bytes good_alt_name_extension() {
  return extension(kSubjectAltName, false, der::sequence({general_name(2, "a.plain.example")}));
}

Bytes nested_sequences(std::size_t depth) {
  Bytes inner;
  for (std::size_t level = 0; level < depth; ++level) inner = der::element(der::kSequence, inner);
  return inner;
}

Bytes harmless_request(int number) { return with_dns("good-" + std::to_string(number) + ".plain.example"); }

HostileRequests hostile_requests(ByteView ca_spki) {
  HostileRequests all;
  for (HostileRequests& some : std::vector<HostileRequests>{
           hostile_encodings(), hostile_signatures(), hostile_keys(ca_spki), hostile_subjects(), hostile_extensions(),
           hostile_dns_names(), hostile_other_names(), hostile_wishes()}) {
    std::ranges::move(some, std::back_inserter(all));
  }
  RequestParts blocked;
  blocked.key = blocked_key().get();
  blocked.spki = spki_of(blocked.key);
  all.push_back({"KeyOnTheBlockList", blocked.der(), "csr.subjectPublicKeyInfo", "(rule key.blocked)"});
  return all;
}

std::string hostile_blocked_keys() { return to_hex(sha256(spki_of(blocked_key().get()))) + "\n"; }

std::string hostile_name_constraints() {
  return "critical,permitted;DNS:plain.example,permitted;IP:192.0.2.0/255.255.255.128,"
         "permitted;IP:2001:db8::/ffff:ffff:ffff::,permitted;URI:plain.example,permitted;email:plain.example,"
         "excluded;DNS:secret.plain.example";
}

std::string hostile_policy() {
  return R"([profile.tls-server]
issuer = "issuing-1"
validity = "90d"
validity_max = "397d"
keys = ["ec-p256", "ec-p384", "ed25519", "rsa"]
common_name = "from-san"
key_usage = ["digitalSignature"]
extended_key_usage = ["serverAuth", "clientAuth"]
[profile.tls-server.names]
dns = ["**"]
ip = ["192.0.2.0/24", "2001:db8::/32"]
uri = ["spiffe://plain.example/*", "spiffe://outside.example/*"]
email = ["*@plain.example", "*@outside.example"]

[profile.not-for-plain]
issuer = "issuing-1"
validity = "30d"
validity_max = "90d"
keys = ["ec-p256"]
key_usage = ["digitalSignature"]
extended_key_usage = ["clientAuth"]
[profile.not-for-plain.names]
dns = ["**"]

[client.plain]
identity = "dns:plain.example"
profiles = ["tls-server"]
must_sign = false
[client.plain.names]
dns = ["**.plain.example", "**.outside.example"]
ip = ["192.0.2.0/24", "2001:db8::/32"]
uri = ["spiffe://plain.example/*", "spiffe://outside.example/*"]
email = ["*@plain.example", "*@outside.example"]
)";
}

}  // namespace signet::test
