#include "lint/mutations.h"
#include "x509/certificate.h"

namespace signet::test {
namespace {

using S = Sample;

std::function<void(S&)> set(std::string_view oid, const Bytes& value) {
  return [=](S& s) { s.set(oid, value); };
}

std::function<void(S&)> without(std::string_view oid) {
  return [=](S& s) { s.remove(oid); };
}

std::function<void(S&)> valid(std::string_view from, std::string_view to) {
  return [=](S& s) {
    s.not_before = utc_time(from);
    s.not_after = utc_time(to);
  };
}

std::function<void(S&)> usage(const Bytes& spki, std::uint32_t bits) {
  return [=](S& s) {
    s.spki = spki;
    s.set(kKu, der::named_bits(bits));
  };
}

std::function<void(S&)> purposes(const std::vector<std::string_view>& dotted) { return set(kEku, oids(dotted)); }

std::function<void(S&)> aia(std::string_view method, const Bytes& location) {
  return set(kAia, list_of({access(method, location)}));
}

/// The base's common name, and this.
std::function<void(S&)> named(std::uint8_t tag, std::string_view text) {
  return set(kSan, list_of({general(0x82, "www.example.com"), general(tag, text)}));
}

std::function<void(S&)> ed25519_signature() {
  return [](S& s) {
    s.algorithm = algorithm_of("1.3.101.112");
    s.outer_algorithm = s.algorithm;
    s.signature = Bytes(65, 0);
  };
}

Bytes name(const std::vector<std::pair<std::string_view, std::string_view>>& attributes) {
  std::vector<Bytes> parts;
  for (const auto& [oid, value] : attributes)
    parts.push_back(attribute(oid, oid == "2.5.4.6" ? der::kPrintableString : der::kUtf8String, value));
  return name_of(parts);
}

std::vector<Mutation> of_leaf() {
  const Bytes http = general(0x86, "http://a.example.com/");
  const Bytes id = der::element(der::context(0), Bytes(20, 2));
  const Bytes directory = general(0xA4, text_of(name({{"2.5.4.3", "CA"}})));
  const Bytes authority = der::sequence(
      {id, der::element(der::context_constructed(1), directory), der::element(der::context(2), Bytes{1})});
  const Bytes reasons = der::element(der::context(1), Bytes{1, 2});
  const Bytes full = der::element(der::context_constructed(0), der::element(der::context_constructed(0), http));
  return {
      {"br.validity", tls_leaf, valid("260401000000Z", "261018000000Z")},  // 200 days and a second
      {"br.validity", tls_leaf, valid("270315000000Z", "270623000000Z")},
      {"br.validity", tls_leaf, valid("290315000000Z", "290501000000Z")},
      {"br.validity", tls_leaf, valid("251201000000Z", "270103000000Z")},
      {"br.serial-short", tls_leaf, [](S& s) { s.serial = Bytes(7, 0x11); }},
      {"br.signature-algorithm", tls_leaf, ed25519_signature()},
      {"br.key-type", tls_leaf, [](S& s) { s.spki = ed25519_key(); }},
      {"br.rsa-modulus", tls_leaf, [](S& s) { s.spki = rsa_key(2049); }},
      {"br.server-auth", tls_leaf, purposes({kClientAuth})},
      {"br.server-auth", tls_leaf, without(kEku)},
      {"br.purposes", tls_leaf, purposes({kServerAuth, "1.3.6.1.5.5.7.3.3"})},
      {"br.purposes", tls_leaf, purposes({kServerAuth, "2.5.29.37.0"}), {"eku.any"}},
      {"br.key-usage", tls_leaf, usage(rsa_key(), kDigitalSignature | kNonRepudiation)},
      {"br.key-usage", tls_leaf, usage(ec_key(), kKeyAgreement)},
      {"br.key-usage", tls_leaf, usage(ec_key(), kDigitalSignature | kCrlSign)},
      {"br.not-critical", tls_leaf, [](S& s) { s.at(kKu).critical = false; }, {"key-usage.not-critical"}},
      {"br.not-critical", tls_leaf, [](S& s) { s.at(kBc).critical = false; }},
      {"br.policies", tls_leaf, set(kPolicies, policies({"1.2.3.4"}))},
      {"br.policies", tls_leaf, without(kPolicies)},
      {"br.policies", tls_leaf, set(kPolicies, policies({"2.23.140.1.2.1", "2.5.29.32.0"}))},
      {"br.aia-missing", tls_leaf, without(kAia)},
      {"br.aia", tls_leaf, aia("1.3.6.1.5.5.7.48.3", http)},
      {"br.aia", tls_leaf, aia("1.3.6.1.5.5.7.48.1", general(0x86, "ldap://a.example.com/"))},
      {"br.aia", tls_ca, aia("1.3.6.1.5.5.7.48.2", directory)},
      {"br.cdp-missing", tls_ca, without(kCdp)},
      {"br.cdp-missing", tls_leaf,
       [=](S& s) {
         s.remove(kCdp);
         s.set(kAia, list_of({access("1.3.6.1.5.5.7.48.2", http)}));
       }},
      {"br.cdp", tls_leaf, set(kCdp, list_of({point({general(0x86, "ldap://a.example.com/")})}))},
      {"br.cdp", tls_leaf, set(kCdp, list_of({der::sequence({full, reasons})}))},
      {"br.aki", tls_leaf, set(kAki, authority)},
  };
}

std::vector<Mutation> of_leaf_names() {
  const auto policy = [](std::string_view oid) { return policies({oid}); };
  return {
      {"br.san-missing", tls_leaf,
       [](S& s) {
         s.remove(kSan);
         s.subject = name({{"2.5.4.6", "DE"}});
       }},
      {"br.san-kinds", tls_leaf, named(0x81, "ops@example.com")},
      {"br.san-critical", tls_leaf, [](S& s) { s.at(kSan).critical = true; }},
      {"br.dns-internal", tls_leaf, named(0x82, "server")},
      {"br.dns-internal", tls_leaf, named(0x82, "db.Corp")},
      {"br.dns-internal", tls_leaf, named(0x82, "printer.home.arpa")},
      {"br.dns-reserved-label", tls_leaf, named(0x82, "ab--c.example.com")},
      {"br.dns-wildcard", tls_leaf, named(0x82, "*.com")},
      {"br.ip-reserved", tls_leaf, named(0x87, std::string_view("\x0A\x00\x00\x01", 4))},
      {"br.ip-reserved", tls_leaf, named(0x87, "\xAC\x1F\x01\x01")},
      {"br.ip-reserved", tls_leaf, named(0x87, std::string_view("\xFE\xBF\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 16))},
      {"br.common-name", tls_leaf, [](S& s) { s.subject = name({{"2.5.4.3", "mail.example.com"}}); }},
      {"br.common-name", tls_leaf,
       [](S& s) { s.subject = name({{"2.5.4.3", "www.example.com"}, {"2.5.4.3", "8.8.4.4"}}); }},
      {"br.dv-subject", tls_leaf, [](S& s) { s.subject = name({{"2.5.4.10", "Example"}}); }},
      {"br.ov-subject", tls_leaf,
       [=](S& s) {
         s.set(kPolicies, policy("2.23.140.1.2.2"));
         s.subject = name({{"2.5.4.10", "Example"}});
       }},
      {"br.organizational-unit", tls_leaf,
       [=](S& s) {
         s.set(kPolicies, policy("2.23.140.1.2.2"));
         s.subject = name({{"2.5.4.6", "DE"}, {"2.5.4.10", "Example"}, {"2.5.4.11", "IT"}});
       }},
  };
}

std::vector<Mutation> of_cas() {
  return {
      {"br.ca-subject", tls_ca, [](S& s) { s.subject = name({{"2.5.4.6", "DE"}, {"2.5.4.3", "CA"}}); }},
      {"br.ca-key-usage", tls_ca, set(kKu, der::named_bits(kKeyCertSign))},
      {"br.ca-key-usage", tls_root, set(kKu, der::named_bits(kKeyCertSign | kCrlSign | kKeyAgreement))},
      {"br.ca-policies", tls_ca, without(kPolicies)},
      {"br.ca-purposes", tls_ca, without(kEku)},
      {"br.ca-purposes", tls_ca, purposes({kServerAuth, "1.3.6.1.5.5.7.3.4"})},
      {"br.root-purposes", tls_root, purposes({kServerAuth})},
      {"br.root-validity", tls_root, valid("260101000000Z", "330101000000Z")},
      {"br.root-validity", tls_root, valid("200101000000Z", "490101000000Z")},
      {"br.ocsp-no-check", tls_responder, without("1.3.6.1.5.5.7.48.1.5")},
  };
}

}  // namespace

std::vector<Mutation> public_trust_mutations() {
  std::vector<Mutation> all = of_leaf();
  for (const auto& part : {of_leaf_names(), of_cas()}) all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace signet::test
