#include "lint/sample.h"

#include <algorithm>
#include <stdexcept>

#include "x509/certificate.h"
#include "x509/public_key.h"

namespace signet::test {
namespace {

constexpr std::string_view kEcdsaSha256 = "1.2.840.10045.4.3.2";

Bytes joined(const std::vector<Bytes>& elements) {
  Bytes all;
  for (const Bytes& element : elements) append(all, element);
  return all;
}

Bytes encode(const SampleExtension& extension) {
  Bytes critical;
  if (extension.critical) critical = der::boolean(true);
  if (extension.writes_critical_false) critical = der::boolean(false);
  return der::sequence({der::oid(extension.oid), critical, der::octet_string(extension.value)});
}

Bytes key_id(std::uint8_t fill) { return der::octet_string(Bytes(20, fill)); }
Bytes authority(std::uint8_t fill) { return der::sequence({der::element(der::context(0), Bytes(20, fill))}); }

/// What all samples have.
Sample signed_sample() {
  Sample sample;
  sample.version = der::element(der::context_constructed(0), der::small_integer(2));
  sample.serial = Bytes(20, 0x5A);
  sample.algorithm = algorithm_of(kEcdsaSha256);
  sample.outer_algorithm = sample.algorithm;
  sample.not_before = utc_time("260401000000Z");
  sample.spki = ec_key();
  const Bytes value = der::sequence({der::small_integer(7), der::small_integer(9)});
  sample.signature = {0};
  append(sample.signature, value);
  return sample;
}

Bytes ca_name(std::string_view common_name) {
  return name_of({attribute("2.5.4.6", der::kPrintableString, "DE"), utf8_attribute("2.5.4.10", "Example"),
                  utf8_attribute("2.5.4.3", common_name)});
}

void add_references(Sample& sample) {
  sample.set(kCdp, list_of({point({general(0x86, "http://crl.example.com/1.crl")})}));
  sample.set(kAia, list_of({access("1.3.6.1.5.5.7.48.1", general(0x86, "http://ocsp.example.com/")),
                            access("1.3.6.1.5.5.7.48.2", general(0x86, "http://ca.example.com/1.cer"))}));
}

Sample end_entity() {
  Sample sample = signed_sample();
  sample.issuer = ca_name("Issuing CA 1");
  sample.not_after = utc_time("260630235959Z");
  sample.add(std::string(kBc), true, der::sequence({}));
  sample.add(std::string(kKu), true, der::named_bits(kDigitalSignature));
  sample.add(std::string(kSki), false, key_id(1));
  sample.add(std::string(kAki), false, authority(2));
  return sample;
}

Sample authority_sample(bool root) {
  Sample sample = signed_sample();
  sample.issuer = ca_name("Root CA 1");
  sample.subject = root ? sample.issuer : ca_name("Issuing CA 1");
  sample.not_after = utc_time(root ? "460101000000Z" : "360101000000Z");
  sample.add(std::string(kBc), true, der::sequence({der::boolean(true), der::small_integer(root ? 1 : 0)}));
  sample.add(std::string(kKu), true, der::named_bits(kKeyCertSign | kCrlSign));
  sample.add(std::string(kSki), false, key_id(root ? 3 : 2));
  sample.add(std::string(kAki), false, authority(3));
  return sample;
}

}  // namespace

Bytes Sample::tbs() const {
  std::vector<Bytes> encoded;
  std::ranges::transform(extensions, std::back_inserter(encoded), encode);
  const bool has_extensions = writes_empty_extensions || !encoded.empty();
  return der::sequence({version, der::element(der::kInteger, serial), algorithm, issuer,
                        der::sequence({not_before, not_after}), subject, spki, unique_ids,
                        has_extensions ? der::element(der::context_constructed(3), list_of(encoded)) : Bytes()});
}

Bytes Sample::certificate() const {
  Bytes der = der::sequence({tbs(), outer_algorithm, der::element(der::kBitString, signature)});
  patch(der);
  return der;
}

SampleExtension& Sample::at(std::string_view oid) {
  const auto found = std::ranges::find(extensions, oid, &SampleExtension::oid);
  if (found == extensions.end()) throw std::out_of_range("the sample has no such extension");
  return *found;
}

void Sample::remove(std::string_view oid) {
  std::erase_if(extensions, [&](const SampleExtension& extension) { return extension.oid == oid; });
}

void Sample::add(std::string oid, bool critical, Bytes value) {
  extensions.push_back({.oid = std::move(oid), .critical = critical, .value = std::move(value)});
}

void Sample::set(std::string_view oid, Bytes value) {
  const auto found = std::ranges::find(extensions, oid, &SampleExtension::oid);
  if (found == extensions.end()) return add(std::string(oid), false, std::move(value));
  found->value = std::move(value);
}

Sample good_leaf() {
  Sample sample = end_entity();
  sample.subject = name_of({attribute("2.5.4.6", der::kPrintableString, "DE"), utf8_attribute("2.5.4.10", "Example"),
                            utf8_attribute("2.5.4.3", "www.example.com")});
  sample.add(std::string(kEku), false, oids({kServerAuth, kClientAuth}));
  sample.add(
      std::string(kSan), false,
      list_of({general(0x82, "www.example.com"), general(0x82, "*.example.com"), general(0x87, "\xC0\xA8\x01\x02"),
               general(0x81, "ops@example.com"), general(0x86, "urn:uuid:1")}));
  sample.add(std::string(kPolicies), false, policies({"1.2.3.4"}));
  add_references(sample);
  return sample;
}

Sample good_svid() {
  Sample sample = end_entity();
  sample.subject = name_of({});
  sample.add(std::string(kEku), false, oids({kServerAuth, kClientAuth}));
  sample.add(std::string(kSan), true, list_of({general(0x86, "spiffe://example.com/ns/pay/sa/web")}));
  return sample;
}

Sample good_responder() {
  Sample sample = end_entity();
  sample.subject = name_of({utf8_attribute("2.5.4.3", "OCSP 1")});
  sample.add(std::string(kEku), false, oids({"1.3.6.1.5.5.7.3.9"}));
  sample.add("1.3.6.1.5.5.7.48.1.5", false, der::null());
  return sample;
}

Sample good_ca() {
  Sample sample = authority_sample(false);
  add_references(sample);
  return sample;
}

Sample good_root() { return authority_sample(true); }

Sample tls_leaf() {
  Sample sample = good_leaf();
  sample.subject =
      name_of({attribute("2.5.4.6", der::kPrintableString, "DE"), utf8_attribute("2.5.4.3", "www.example.com")});
  sample.set(kSan, list_of({general(0x82, "www.example.com"), general(0x82, "*.example.com"),
                            general(0x87, "\x08\x08\x04\x04")}));
  sample.set(kPolicies, policies({"2.23.140.1.2.1"}));
  return sample;
}

Sample tls_responder() {
  Sample sample = good_responder();
  sample.subject = ca_name("OCSP 1");
  return sample;
}

Sample tls_ca() {
  Sample sample = good_ca();
  sample.add(std::string(kEku), false, oids({kServerAuth}));
  sample.add(std::string(kPolicies), false, policies({"2.23.140.1.2.1"}));
  return sample;
}

Sample tls_root() { return good_root(); }

Bytes attribute(std::string_view oid, std::uint8_t tag, std::string_view value) {
  return der::sequence({der::oid(oid), der::element(tag, bytes_of(value))});
}

Bytes utf8_attribute(std::string_view oid, std::string_view value) { return attribute(oid, der::kUtf8String, value); }

Bytes name_of(const std::vector<Bytes>& attributes) {
  Bytes rdns;
  for (const Bytes& one : attributes) append(rdns, der::element(der::kSet, one));
  return der::element(der::kSequence, rdns);
}

Bytes name_of_one_rdn(const std::vector<Bytes>& attributes) {
  return der::sequence({der::element(der::kSet, joined(attributes))});
}

Bytes subject_with(const Bytes& attribute_der) {
  return name_of({attribute("2.5.4.6", der::kPrintableString, "DE"), attribute_der});
}

Bytes list_of(const std::vector<Bytes>& elements) { return der::element(der::kSequence, joined(elements)); }

Bytes oids(const std::vector<std::string_view>& dotted) {
  std::vector<Bytes> elements;
  for (const std::string_view oid : dotted) elements.push_back(der::oid(oid));
  return list_of(elements);
}

Bytes general(std::uint8_t tag, std::string_view text) { return der::element(tag, bytes_of(text)); }

Bytes algorithm_of(std::string_view oid, const Bytes& parameters) { return der::sequence({der::oid(oid), parameters}); }

Bytes key(std::string_view algorithm, const Bytes& parameters, const Bytes& bits) {
  return der::sequence({algorithm_of(algorithm, parameters), der::bit_string(bits)});
}

Bytes ec_key(std::string_view curve, std::size_t point_bytes) {
  Bytes bits(point_bytes, 0x33);
  bits[0] = 0x04;
  return key("1.2.840.10045.2.1", der::oid(curve), bits);
}

Bytes rsa_key(unsigned bits, std::uint64_t exponent, bool odd) {
  Bytes modulus((bits + 7) / 8, 0x77);
  modulus.front() = static_cast<std::uint8_t>(1U << ((bits - 1) % 8));
  modulus.back() = odd ? 0x77 : 0x76;
  Bytes number;
  append_u64(number, exponent);
  return rsa_spki(modulus, number);
}

Bytes ed25519_key() { return ed25519_spki(Bytes(32, 0x11)).value(); }

Bytes point(const std::vector<Bytes>& names) {
  const Bytes full_name = der::element(der::context_constructed(0), joined(names));
  return der::sequence({der::element(der::context_constructed(0), full_name)});
}

Bytes access(std::string_view method, const Bytes& location) { return der::sequence({der::oid(method), location}); }

Bytes policies(const std::vector<std::string_view>& dotted) {
  std::vector<Bytes> elements;
  for (const std::string_view oid : dotted) elements.push_back(der::sequence({der::oid(oid)}));
  return list_of(elements);
}

Bytes utc_time(std::string_view text) { return der::element(der::kUtcTime, bytes_of(text)); }

}  // namespace signet::test
