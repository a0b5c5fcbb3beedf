// What a hostile issuer asks for: certificates.
#include "keyholder/hostile_parts.h"
#include "x509/der.h"

namespace signet::test {
namespace {

using namespace std::chrono_literals;

}  // namespace

void HostileWorld::add_structures(std::vector<Hostile>& table) {
  const TbsDer tbs = encode_tbs(leaf());
  const auto add = [&](const char* what, Bytes structure) {
    table.push_back({what, "fence.structure", {.structure = std::move(structure)}, certificate(leaf())});
  };
  add("nothing", {});
  add("a digest", copy_of(sha256(tbs.view())));
  add("a whole certificate", scenario.ca->der().bytes());
  add("a text", copy_of(bytes_of("I owe you a house.\n")));
  add("a checkpoint as a certificate", copy_of(bytes_of(log.text(9))));
  add("a CRL as a certificate", encode_tbs_crl(crl(1000)).bytes());
  add("a certificate with a byte behind it", with<Bytes>(tbs.bytes(), [](Bytes& bytes) { bytes.push_back(0); }));
  add("the first half of one", copy_of(tbs.view().first(tbs.view().size() / 2)));
  const Bytes feature = der::sequence({der::small_integer(17)});
  table.push_back({"a TLS feature that this CA never writes",
                   "fence.form",
                   {.structure = with_extension(tbs.view(), 3, "1.3.6.1.5.5.7.1.24", feature)},
                   certificate(with<TbsFields>(leaf(), [](auto& f) { f.must_staple = true; }))});
}

void HostileWorld::add_extensions(std::vector<Hostile>& table) {
  const auto add = [&](const char* what, const char* field, const std::function<void(TbsFields&)>& bad,
                       const std::function<void(TbsFields&)>& good) {
    table.push_back(
        {what, field, certificate(with<TbsFields>(leaf(), bad)), certificate(with<TbsFields>(leaf(), good))});
  };
  const auto extra = [](const char* oid) {
    return [oid](TbsFields& f) { f.extra_extensions = {{.oid = oid, .value = der::utf8_string("x")}}; };
  };
  const auto eku = [](std::initializer_list<const char*> names) {
    return [oids = purposes(names)](TbsFields& f) { f.extended_key_usage = oids; };
  };
  const auto usage = [](std::uint32_t bits) { return [bits](TbsFields& f) { f.key_usage = bits; }; };
  add("an extension that is not listed", "fence.extensions", extra("1.2.4"), extra("1.2.3"));
  add("somebody who answers OCSP for the CA", "fence.ocsp", eku({"OCSPSigning"}), eku({"clientAuth"}));
  add("every purpose by name", "fence.ocsp", eku({"serverAuth", "2.5.29.37.0"}), eku({"serverAuth"}));
  add("an irrevocable certificate", "fence.ocsp", [](auto& f) { f.ocsp_no_check = true; }, [](auto&) {});
  add("code signing where TLS was meant", "fence.eku", eku({"serverAuth", "codeSigning"}),
      eku({"serverAuth", "clientAuth"}));
  add("every purpose by silence", "fence.eku", eku({}), eku({"clientAuth"}));
  add("a sub-CA", "fence.basic_constraints", [](auto& f) { f.basic_constraints->ca = true; }, [](auto&) {});
  add(
      "neither CA nor end entity", "fence.basic_constraints", [](auto& f) { f.basic_constraints.reset(); },
      [](auto&) {});
  add("signing certificates", "fence.key_usage", usage(kDigitalSignature | kKeyCertSign),
      usage(kDigitalSignature | kKeyEncipherment));
  add("signing CRLs", "fence.key_usage", usage(kCrlSign), usage(kDigitalSignature));
  add("every usage by silence", "fence.key_usage", [](auto& f) { f.key_usage.reset(); }, [](auto&) {});
  // { permitted { dNSName example.com } }
  const auto constraints = NameConstraints::parse(from_hex("3011a00f300d820b6578616d706c652e636f6d").value()).value();
  add(
      "name constraints of an end entity", "fence.name_constraints", [&](auto& f) { f.name_constraints = constraints; },
      [](auto&) {});
}

void HostileWorld::add_identities(std::vector<Hostile>& table) {
  const auto add = [&](
                       const char* what, const char* field, const std::function<void(TbsFields&)>& bad,
                       const std::function<void(TbsFields&)>& good = [](auto&) {}) {
    table.push_back(
        {what, field, certificate(with<TbsFields>(leaf(), bad)), certificate(with<TbsFields>(leaf(), good))});
  };
  add("another signature algorithm", "fence.algorithm",
      [](auto& f) { f.algorithm = SignatureAlgorithm::kEcdsaSha384; });
  add("another issuer", "fence.issuer", [&](auto& f) { f.issuer = upper.fields().subject; });
  add("another issuer's key", "fence.authority_key_id",
      [&](auto& f) { f.authority_key_id = upper.fields().subject_key_id; });
  add("no issuer's key", "fence.authority_key_id", [](auto& f) { f.authority_key_id.reset(); });
  const auto subject = [](const char* organization, const char* name) {
    return [=](TbsFields& f) { f.subject = Name::from_attributes({{"O", organization}, {"CN", name}}).value(); };
  };
  add("the CA's own name in other letters", "fence.subject", subject("SIGNET TEST", "issuing ca"),
      subject("SIGNET TEST", "issuing ca 2"));
  add("the CA's own key", "fence.subject_key", [&](auto& f) { f.spki = copy_of(scenario.ca->public_key().spki()); });
  add("no key at all", "fence.subject_key", [](auto& f) { f.spki = der::sequence({}); });
}

void HostileWorld::add_times(std::vector<Hostile>& table) {
  const auto add = [&](const char* what, const char* field, const std::function<void(TbsFields&)>& bad,
                       const std::function<void(TbsFields&)>& good) {
    table.push_back(
        {what, field, certificate(with<TbsFields>(leaf(), bad)), certificate(with<TbsFields>(leaf(), good))});
  };
  // The keyholder's clock has moved on when it is asked: a minute is enough for that.
  const auto begins = [](std::chrono::seconds away) { return [=](TbsFields& f) { f.not_before = now() + away; }; };
  const auto lasts = [](std::chrono::seconds validity) {
    return [=](TbsFields& f) { f.not_after = f.not_before + validity; };
  };
  add("a certificate of yesterday", "fence.not_before", begins(-11min), begins(-8min));
  add("a certificate of tomorrow", "fence.not_before", begins(12min), begins(8min));
  add(
      "one that outlives the CA", "fence.not_after",
      [&](auto& f) { f.not_after = scenario.ca->fields().not_after + 1s; }, lasts(100 * 24h));
  add(
      "one for 2098", "fence.not_after",
      [](auto& f) { f.not_after = std::chrono::sys_days{std::chrono::year{2098} / 1 / 1}; }, lasts(24h));
  add("a second too long", "fence.validity", lasts(100 * 24h + 1s), lasts(100 * 24h));
}

void HostileWorld::add_names(std::vector<Hostile>& table) {
  const auto add = [&](const char* what, const AltNames& bad, const AltNames& good) {
    table.push_back({what, "fence.names", certificate(with<TbsFields>(leaf(), [&](auto& f) { f.alt_names = bad; })),
                     certificate(with<TbsFields>(leaf(), [&](auto& f) { f.alt_names = good; }))});
  };
  const auto ip = [](const char* text) { return AltNames{.ips = {IpAddress::parse(text).value()}}; };
  add("a foreign DNS name", {.dns = {"example.com.evil.test"}}, {.dns = {"evil.test.example.com"}});
  add("a foreign name behind a good one", {.dns = {"a.example.com", "bank.test"}},
      {.dns = {"a.example.com", "bank.example.com"}});
  add("a wildcard above the domain", {.dns = {"*.com"}}, {.dns = {"*.example.com"}});
  add("a foreign address", ip("192.0.2.1"), ip("10.2.3.4"));
  add("an address of another family", ip("2001:db8::1"), ip("10.0.0.0"));
  add("a foreign trust domain", {.uris = {"spiffe://evil.test/a"}}, {.uris = {"spiffe://example.org/a"}});
  add("a trust domain below", {.uris = {"spiffe://a.example.org/a"}}, {.uris = {"spiffe://example.org/b"}});
  add("another scheme", {.uris = {"https://example.org/a"}}, {.uris = {"spiffe://example.org/c"}});
  add("a foreign mailbox", {.emails = {"root@bank.test"}}, {.emails = {"root@example.com"}});
  const auto common_name = [&](const char* name) {
    return certificate(with<TbsFields>(leaf(), [&](auto& f) { f.subject = named(name); }));
  };
  table.push_back({"a foreign common name", "fence.names", common_name("bank.test"), common_name("www.example.com")});
  table.push_back(
      {"a common name of one label", "fence.names", common_name("localhost"), common_name("Example Server")});
}

void HostileWorld::add_cas(std::vector<Hostile>& table) {
  const auto add = [&](
                       const char* what, const char* field, const std::function<void(TbsFields&)>& bad,
                       const std::function<void(TbsFields&)>& good = [](auto&) {}) {
    table.push_back({what, field, ca(with<TbsFields>(sub_ca(), bad)), ca(with<TbsFields>(sub_ca(), good))});
  };
  add("an end entity as a CA", "fence.basic_constraints", [](auto& f) {
    f.basic_constraints->ca = false;
    f.basic_constraints->path_length.reset();
  });
  add("a CA with CAs below it", "fence.basic_constraints", [](auto& f) { f.basic_constraints->path_length = 1; });
  add("a CA with any number of CAs below it", "fence.basic_constraints",
      [](auto& f) { f.basic_constraints->path_length.reset(); });
  add(
      "a CA that encrypts", "fence.key_usage",
      [](auto& f) { f.key_usage = kKeyCertSign | kCrlSign | kKeyEncipherment; },
      [](auto& f) { f.key_usage = kKeyCertSign | kCrlSign | kDigitalSignature; });
  add("a CA that is a host", "fence.subject_alt_name", [](auto& f) { f.alt_names = AltNames{.dns = {"a.test"}}; });
  add("a CA without an id", "fence.subject_key_id", [](auto& f) { f.subject_key_id.reset(); });
  add("a CA for every purpose", "fence.eku", [](auto& f) { f.extended_key_usage.clear(); });
  add("a CA for code", "fence.eku", [](auto& f) { f.extended_key_usage = purposes({"codeSigning"}); });
  add("a CA that answers OCSP", "fence.ocsp", [](auto& f) { f.extended_key_usage = purposes({"OCSPSigning"}); });
  add("a CA of the name of the one above", "fence.subject", [&](auto& f) { f.subject = upper.fields().subject; });
  add(
      "a CA a second too long", "fence.validity", [](auto& f) { f.not_after = f.not_before + 5 * 365 * 24h + 1s; },
      [](auto& f) { f.not_after = f.not_before + 5 * 365 * 24h; });
}

}  // namespace signet::test
