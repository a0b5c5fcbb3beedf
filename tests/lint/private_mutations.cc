#include "lint/mutations.h"

#include "x509/certificate.h"

namespace signet::test {
namespace {

using S = Sample;
constexpr std::string_view kOrganization = "2.5.4.10";
constexpr std::string_view kUnit = "2.5.4.11";

std::function<void(S&)> subject(const Bytes& attribute_der) {
  return [=](S& s) { s.subject = subject_with(attribute_der); };
}

std::function<void(S&)> set(std::string_view oid, const Bytes& value) {
  return [=](S& s) { s.set(oid, value); };
}

std::function<void(S&)> set_critical(std::string_view oid, bool critical) {
  return [=](S& s) { s.at(oid).critical = critical; };
}

/// An extension more.
std::function<void(S&)> with(std::string_view oid, bool critical, const Bytes& value) {
  return [=](S& s) { s.add(std::string(oid), critical, value); };
}

std::function<void(S&)> without(std::string_view oid) {
  return [=](S& s) { s.remove(oid); };
}

std::function<void(S&)> usage(const Bytes& spki, std::uint32_t bits) {
  return [=](S& s) {
    s.spki = spki;
    s.set(kKu, der::named_bits(bits));
  };
}

std::function<void(S&)> spki(const Bytes& value) {
  return [=](S& s) { s.spki = value; };
}

std::function<void(S&)> san(const std::vector<Bytes>& names) { return set(kSan, list_of(names)); }
std::function<void(S&)> dns(std::string_view name) { return san({general(0x82, name)}); }

Bytes both_algorithms(S& s, const Bytes& algorithm) {
  s.algorithm = algorithm;
  s.outer_algorithm = algorithm;
  return algorithm;
}

Bytes subtree(const Bytes& base, const Bytes& bounds = {}) { return der::sequence({base, bounds}); }
Bytes permitted(const Bytes& subtree_der) {
  return der::sequence({der::element(der::context_constructed(0), subtree_der)});
}
const Bytes kDnsSubtree = der::sequence({general(0x82, "example.com")});

std::vector<Mutation> of_form() {
  return {
      {"der.encoding", good_leaf, [](S& s) { s.patch = [](Bytes& der) { der.push_back(0); }; }},
      {"der.encoding", good_leaf, [](S& s) { s.patch = [](Bytes& der) { der[1] = 0x80; }; }},
      {"der.encoding", good_leaf, [](S& s) { s.patch = [](Bytes& der) { der.clear(); }; }},
      {"der.structure", good_leaf, [](S& s) { s.patch = [](Bytes& der) { der = der::sequence({der::null()}); }; }},
      {"der.structure", good_leaf, [](S& s) { s.not_after.clear(); }},
      {"der.structure", good_leaf, [](S& s) { s.unique_ids = der::element(der::context_constructed(4), {}); }},
      {"version.not-3",
       good_leaf,
       [](S& s) {
         s.version.clear();
         s.extensions.clear();
       },
       {"aki.missing"}},
      {"unique-id.present", good_leaf, [](S& s) { s.unique_ids = der::element(der::context(2), Bytes{0, 1}); }},
      {"serial.not-positive", good_leaf, [](S& s) { s.serial = {0x00}; }},
      {"serial.not-positive", good_leaf, [](S& s) { s.serial = {0x80, 0x01}; }},
      {"serial.too-long", good_leaf, [](S& s) { s.serial = Bytes(21, 0x11); }},
      {"algorithm.parameters", good_leaf,
       [](S& s) { both_algorithms(s, algorithm_of("1.2.840.10045.4.3.2", der::null())); }},
      {"algorithm.parameters", good_leaf, [](S& s) { both_algorithms(s, algorithm_of("1.2.840.113549.1.1.11")); }},
      {"algorithm.weak", good_leaf, [](S& s) { both_algorithms(s, algorithm_of("1.2.840.10045.4.1")); }},
      {"algorithm.weak", good_leaf,
       [](S& s) { both_algorithms(s, algorithm_of("1.2.840.113549.1.1.4", der::null())); }},
      {"algorithm.mismatch", good_leaf, [](S& s) { s.outer_algorithm = algorithm_of("1.2.840.10045.4.3.3"); }},
      {"signature.form", good_leaf, [](S& s) { s.signature = Bytes(65, 0); }},
      {"signature.form", good_leaf, [](S& s) { s.signature[0] = 1; }},
      {"signature.form", good_leaf, [](S& s) { both_algorithms(s, algorithm_of("1.3.101.112")); }},
      {"validity.form", good_leaf, [](S& s) { s.not_before = utc_time("2604010000Z"); }},
      {"validity.form", good_leaf, [](S& s) { s.not_after = utc_time("260631000000Z"); }},
      {"validity.form", good_leaf, [](S& s) { s.not_after = der::utf8_string("260630000000Z"); }},
      {"validity.tag", good_leaf,
       [](S& s) { s.not_after = der::element(der::kGeneralizedTime, bytes_of("20260630000000Z")); }},
      {"validity.order", good_leaf, [](S& s) { std::swap(s.not_before, s.not_after); }},
      {"validity.order", good_leaf, [](S& s) { s.not_after = s.not_before; }},
  };
}

std::vector<Mutation> of_names() {
  const Bytes one = utf8_attribute(kUnit, "A");
  const Bytes two = utf8_attribute(kUnit, "B");
  const Bytes organization = utf8_attribute(kOrganization, "A");
  return {
      {"issuer.empty", good_leaf, [](S& s) { s.issuer = name_of({}); }},
      {"subject.ca-empty", good_ca, [](S& s) { s.subject = name_of({}); }},
      {"subject.unnamed", good_leaf,
       [](S& s) {
         s.subject = name_of({});
         s.remove(kSan);
       }},
      {"subject.email", good_leaf, subject(attribute("1.2.840.113549.1.9.1", der::kIa5String, "a@example.com"))},
      {"name.empty-rdn", good_leaf, [](S& s) { s.subject = name_of({Bytes(), utf8_attribute("2.5.4.3", "a")}); }},
      {"name.rdn-order", good_leaf, [=](S& s) { s.subject = name_of_one_rdn({one, organization}); }},
      {"name.repeated-type", good_leaf, [=](S& s) { s.subject = name_of_one_rdn({one, two}); }},
      {"name.empty-value", good_leaf, subject(utf8_attribute(kOrganization, ""))},
      {"name.string-type", good_leaf, [](S& s) { s.subject = name_of({utf8_attribute("2.5.4.6", "DE")}); }},
      {"name.string-type", good_leaf, subject(attribute(kOrganization, der::kIa5String, "Example"))},
      {"name.old-string-type", good_leaf, subject(attribute(kOrganization, der::kTeletexString, "Example"))},
      {"name.charset", good_leaf, subject(attribute(kOrganization, der::kPrintableString, "A@B"))},
      {"name.charset", good_leaf, subject(utf8_attribute(kOrganization, "A\xC3"))},
      {"name.control", good_leaf, subject(utf8_attribute(kOrganization, std::string_view("A\0B", 3)))},
      {"name.control",
       good_leaf,
       subject(attribute(kOrganization, 0x1E, std::string_view("\0A\0\n", 4))),
       {"name.old-string-type"}},
      {"name.blanks", good_leaf, subject(utf8_attribute(kOrganization, " Example"))},
      {"name.blanks", good_leaf, subject(utf8_attribute(kOrganization, "Example "))},
      {"name.too-long", good_leaf, subject(utf8_attribute("2.5.4.3", std::string(65, 'a')))},
      {"name.too-long", good_leaf,
       [](S& s) {
         s.issuer = name_of({attribute("2.5.4.6", der::kPrintableString, "DEU"), utf8_attribute("2.5.4.3", "CA")});
       }},
      {"name.country", good_leaf,
       [](S& s) { s.subject = name_of({attribute("2.5.4.6", der::kPrintableString, "de")}); }},
  };
}

std::vector<Mutation> of_keys() {
  return {
      {"key.parameters", good_leaf, spki(key("1.2.840.10045.2.1", der::sequence({}), Bytes(65, 4)))},
      {"key.parameters", good_leaf,
       spki(key("1.2.840.113549.1.1.1", Bytes(),
                der::sequence({der::unsigned_integer(Bytes(256, 0xFF)), der::small_integer(65537)})))},
      {"key.parameters", good_leaf, spki(key("1.3.101.112", der::null(), Bytes(32, 1)))},
      {"key.form", good_leaf, spki(ec_key("1.2.840.10045.3.1.7", 33))},
      {"key.form", good_leaf, spki(key("1.3.101.112", {}, Bytes(31, 1)))},
      {"key.form", good_leaf, spki(key("1.2.840.113549.1.1.1", der::null(), Bytes(256, 1)))},
      {"key.rsa-too-small", good_leaf, spki(rsa_key(1024))},
      {"key.rsa-modulus", good_leaf, spki(rsa_key(2048, 65537, false))},
      {"key.rsa-exponent", good_leaf, spki(rsa_key(2048, 65538))},
      {"key.rsa-exponent", good_leaf, spki(rsa_key(2048, 1))},
      {"key.rsa-small-exponent", good_leaf, spki(rsa_key(2048, 3))},
      {"key.curve", good_leaf, spki(ec_key("1.3.132.0.10"))},
  };
}

std::vector<Mutation> of_extensions() {
  const Bytes crl = list_of({point({general(0x86, "http://crl.example.com/d.crl")})});
  return {
      {"extensions.version",
       good_leaf,
       [](S& s) { s.version = der::element(der::context_constructed(0), der::small_integer(1)); },
       {"version.not-3"}},
      {"extensions.empty",
       good_leaf,
       [](S& s) {
         s.extensions.clear();
         s.writes_empty_extensions = true;
       },
       {"aki.missing"}},
      {"extensions.duplicate", good_leaf, [](S& s) { s.extensions.push_back(s.at(kAia)); }},
      {"extensions.critical-default", good_leaf, [](S& s) { s.at(kAia).writes_critical_false = true; }},
      {"der.extension", good_leaf, with("1.2.3.4", false, Bytes{0x04, 0x05})},
      {"der.extension", good_leaf, set(kAia, Bytes{0x30, 0x80}), {"extensions.syntax"}},
      {"extensions.syntax", good_leaf, set(kAia, der::null())},
      {"extensions.syntax", good_leaf, set(kKu, Bytes{0x03, 0x02, 0x00, 0x80})},
      {"extensions.syntax", good_leaf, with("1.3.6.1.5.5.7.1.24", false, der::sequence({}))},
      {"extensions.unknown-critical", good_leaf, with("1.2.3.4", true, der::null())},
      {"key-usage.not-critical", good_leaf, set_critical(kKu, false)},
      {"basic-constraints.not-critical", good_ca, set_critical(kBc, false)},
      {"name-constraints.not-critical", good_ca, with(kNc, false, permitted(kDnsSubtree))},
      {"policy-constraints.not-critical", good_ca,
       with("2.5.29.36", false, der::sequence({der::element(der::context(0), Bytes{0})}))},
      {"policy-constraints.not-critical", good_ca, with("2.5.29.54", false, der::small_integer(0))},
      {"policy-mappings.not-critical", good_ca, with("2.5.29.33", false, list_of({oids({"1.2.3", "1.2.4"})}))},
      {"aki.critical", good_leaf, set_critical(kAki, true)},
      {"ski.critical", good_leaf, set_critical(kSki, true)},
      {"aia.critical", good_leaf, set_critical(kAia, true)},
      {"cdp.critical", good_leaf, set_critical(kCdp, true)},
      {"freshest-crl.critical", good_leaf, with("2.5.29.46", true, crl)},
      {"issuer-alt-name.critical", good_leaf, with("2.5.29.18", true, list_of({general(0x82, "ca.example.com")}))},
      {"directory-attributes.critical", good_leaf, with("2.5.29.9", true, der::sequence({}))},
      {"ocsp-no-check.critical", good_responder, set_critical("1.3.6.1.5.5.7.48.1.5", true)},
      {"name-constraints.not-ca", good_leaf, with(kNc, true, permitted(kDnsSubtree))},
      {"policy-constraints.not-ca", good_leaf, with("2.5.29.54", true, der::small_integer(0))},
  };
}

std::vector<Mutation> of_key_ids() {
  const Bytes id = der::element(der::context(0), Bytes(20, 2));
  const Bytes serial = der::element(der::context(2), Bytes{1});
  return {
      {"ski.missing", good_ca, without(kSki)},
      {"ski.empty", good_leaf, set(kSki, der::octet_string({}))},
      {"aki.missing", good_leaf, without(kAki)},
      {"aki.missing", good_ca, without(kAki)},
      {"aki.no-key-id", good_leaf, set(kAki, der::sequence({}))},
      {"aki.half-a-pair", good_leaf, set(kAki, der::sequence({id, serial}))},
  };
}

std::vector<Mutation> of_usages() {
  const Bytes x25519 = key("1.3.101.110", {}, Bytes(32, 9));
  const auto any = oids({"2.5.29.37.0"});
  return {
      {"key-usage.empty", good_leaf, set(kKu, Bytes{0x03, 0x01, 0x00}), {"eku.key-usage"}},
      {"key-usage.unknown-bit", good_leaf, set(kKu, der::named_bits(kDigitalSignature | 1U << 9U))},
      {"key-usage.only", good_leaf, usage(ec_key(), kDigitalSignature | kEncipherOnly)},
      {"key-usage.ca-missing", good_ca, without(kKu)},
      {"key-usage.ca-without-cert-sign",
       good_ca,
       set(kKu, der::named_bits(kCrlSign)),
       {"basic-constraints.path-without-cert-sign"}},
      {"key-usage.cert-sign-without-ca", good_leaf, set(kKu, der::named_bits(kDigitalSignature | kKeyCertSign))},
      {"key-usage.rsa", good_leaf, usage(rsa_key(), kDigitalSignature | kKeyAgreement)},
      {"key-usage.ec", good_leaf, usage(ec_key(), kDigitalSignature | kKeyEncipherment)},
      {"key-usage.eddsa", good_leaf, usage(ed25519_key(), kDigitalSignature | kKeyEncipherment)},
      {"key-usage.xdh", good_leaf, usage(x25519, kKeyAgreement | kDigitalSignature)},
      {"eku.empty", good_leaf, set(kEku, der::sequence({}))},
      {"eku.duplicate", good_leaf, set(kEku, oids({kServerAuth, kClientAuth, kServerAuth}))},
      {"eku.any", good_leaf, set(kEku, any)},
      {"eku.any-critical", good_ca, with(kEku, true, any)},
      {"eku.time-stamping", good_leaf, set(kEku, oids({"1.3.6.1.5.5.7.3.8"}))},
      {"eku.time-stamping", good_leaf,
       [](S& s) {
         s.set(kEku, oids({"1.3.6.1.5.5.7.3.8", kServerAuth}));
         s.at(kEku).critical = true;
       }},
      {"eku.key-usage", good_leaf, usage(rsa_key(), kDataEncipherment)},
      {"eku.key-usage", good_responder, set(kKu, der::named_bits(kKeyAgreement))},
  };
}

std::vector<Mutation> of_alt_names() {
  const std::string long_label = std::string(64, 'a') + ".example.com";
  const std::string half = std::string(63, 'a') + "." + std::string(63, 'b') + ".";
  return {
      {"san.not-critical", good_svid, set_critical(kSan, false)},
      {"san.empty", good_leaf, set(kSan, der::sequence({}))},
      {"san.empty", good_leaf, with("2.5.29.18", false, der::sequence({}))},
      {"san.duplicate", good_leaf, san({general(0x82, "a.example"), general(0x82, "A.example")})},
      {"san.ascii", good_leaf, dns("m\xC3\xBCller.example")},
      {"san.ascii", good_leaf, san({general(0x81, "m\xC3\xBCller@a.example")})},
      {"san.dns-syntax", good_leaf, dns("a_b.example.com")},
      {"san.dns-syntax", good_leaf, dns("-a.example.com")},
      {"san.dns-syntax", good_leaf, dns("a.example.com.")},
      {"san.dns-syntax", good_leaf, dns(" ")},
      {"san.dns-syntax", good_leaf, dns(std::string_view("a.example\0.com", 14))},
      {"san.dns-syntax", good_leaf, dns("")},
      {"san.dns-length", good_leaf, dns(long_label)},
      {"san.dns-length", good_leaf, dns(half + half), {"san.dns-syntax"}},
      {"san.dns-wildcard", good_leaf, dns("www.*.example.com")},
      {"san.dns-wildcard", good_leaf, dns("w*.example.com")},
      {"san.dns-wildcard", good_leaf, dns("*")},
      {"san.dns-ip", good_leaf, dns("192.0.2.1")},
      {"san.dns-ip", good_leaf, dns("2001:db8::1")},
      {"san.ip-length", good_leaf, san({general(0x87, "12345")})},
      {"san.email-syntax", good_leaf, san({general(0x81, "ops.example.com")})},
      {"san.email-syntax", good_leaf, san({general(0x81, "a b@example.com")})},
      {"san.uri-syntax", good_leaf, san({general(0x86, "/relative")})},
      {"san.uri-syntax", good_leaf, san({general(0x86, "http://a b/")})},
  };
}

std::vector<Mutation> of_authorities() {
  const Bytes minimum = der::element(der::context(0), Bytes{0});
  return {
      {"basic-constraints.ca-default", good_leaf, set(kBc, der::sequence({der::boolean(false)}))},
      {"basic-constraints.path-without-ca",
       good_leaf,
       [](S& s) {
         s.set(kBc, der::sequence({der::small_integer(0)}));
         s.set(kKu, der::named_bits(kDigitalSignature | kKeyCertSign));
       },
       {"key-usage.cert-sign-without-ca"}},
      {"basic-constraints.path-without-cert-sign",
       good_ca,
       set(kKu, der::named_bits(kCrlSign)),
       {"key-usage.ca-without-cert-sign"}},
      {"name-constraints.empty", good_ca, with(kNc, true, der::sequence({}))},
      {"name-constraints.ip-length", good_ca, with(kNc, true, permitted(subtree(general(0x87, "1234"))))},
      {"name-constraints.bounds", good_ca, with(kNc, true, permitted(subtree(general(0x82, "example.com"), minimum)))},
      {"policies.empty", good_leaf, set(kPolicies, der::sequence({}))},
      {"policies.duplicate", good_leaf, set(kPolicies, policies({"1.2.3", "1.2.4", "1.2.3"}))},
      {"policy-mappings.any-policy", good_ca, with("2.5.29.33", true, list_of({oids({"1.2.3", "2.5.29.32.0"})}))},
      {"policy-mappings.any-policy", good_ca, with("2.5.29.33", true, der::sequence({}))},
      {"policy-constraints.empty", good_ca, with("2.5.29.36", true, der::sequence({}))},
  };
}

std::vector<Mutation> of_references() {
  const Bytes reasons = der::sequence({der::element(der::context(1), Bytes{1, 2})});
  return {
      {"cdp.empty", good_leaf, set(kCdp, der::sequence({}))},
      {"cdp.nameless", good_leaf, set(kCdp, list_of({reasons}))},
      {"cdp.nameless", good_leaf, set(kCdp, list_of({point({})}))},
      {"cdp.uri-syntax", good_leaf, set(kCdp, list_of({point({general(0x86, "crl.example.com")})}))},
      {"aia.empty", good_leaf, set(kAia, der::sequence({}))},
      {"aia.uri-syntax", good_leaf, set(kAia, list_of({access("1.3.6.1.5.5.7.48.1", general(0x86, "ocsp"))}))},
      {"reference.https", good_leaf, set(kCdp, list_of({point({general(0x86, "https://crl.example.com/1.crl")})}))},
      {"reference.https", good_leaf,
       set(kAia, list_of({access("1.3.6.1.5.5.7.48.1", general(0x86, "HTTPS://ocsp.example.com"))}))},
  };
}

std::vector<Mutation> of_svids() {
  return {
      {"spiffe.one-uri", good_svid,
       san({general(0x86, "spiffe://example.com/a"), general(0x86, "spiffe://example.com/b")})},
      {"spiffe.one-uri", good_svid, san({general(0x86, "spiffe://example.com/a"), general(0x86, "urn:b:c")})},
      {"spiffe.id", good_svid, san({general(0x86, "spiffe://Example.com/a")})},
      {"spiffe.id", good_svid, san({general(0x86, "spiffe://example.com/a/")})},
      {"spiffe.id", good_svid, san({general(0x86, "spiffe://example.com/../a")})},
      {"spiffe.id", good_svid, san({general(0x86, "spiffe://example.com:443/a")})},
      {"spiffe.id", good_svid, san({general(0x86, "SPIFFE://example.com/a")})},
      {"spiffe.leaf-path", good_svid, san({general(0x86, "spiffe://example.com")})},
      {"spiffe.ca-path", good_ca, with(kSan, false, list_of({general(0x86, "spiffe://example.com/ca")}))},
      {"spiffe.key-usage", good_svid, without(kKu)},
      {"spiffe.key-usage", good_svid, set_critical(kKu, false), {"key-usage.not-critical"}},
      {"spiffe.leaf-usage", good_svid, usage(ec_key(), kKeyAgreement)},
      {"spiffe.leaf-usage", good_svid, usage(ec_key(), kDigitalSignature | kCrlSign)},
      {"spiffe.purposes", good_svid, set(kEku, oids({kClientAuth}))},
  };
}

}  // namespace

std::vector<Mutation> private_mutations() {
  std::vector<Mutation> all;
  for (const auto& part : {of_form(), of_names(), of_keys(), of_extensions(), of_key_ids(), of_usages(), of_alt_names(),
                           of_authorities(), of_references(), of_svids()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace signet::test
