#include "x509/extension_reader.h"

#include <fmt/format.h>

#include "x509/name.h"
#include "x509/serial_number.h"

namespace signet {
namespace {

std::unexpected<Error> refuse(std::string message) { return fail(ErrorCode::kInvalidArgument, std::move(message)); }

/// GeneralNames, here of directory names only: nothing else names an issuer.
Result<void> check_authority_issuer(ByteView whole) {
  der::Reader outer(whole);
  SIGNET_TRY(der::Reader names, outer.enter(der::context_constructed(1), "authorityCertIssuer"));
  if (names.at_end()) return refuse("an empty authorityCertIssuer");
  while (!names.at_end()) {
    SIGNET_TRY(const der::Element name, names.element(der::context_constructed(4), "directoryName"));
    SIGNET_CHECK(Name::parse(name.contents));
  }
  return {};
}

/// The issuer's name and serial number are checked, but not kept.
Result<void> check_authority(const std::optional<der::Element>& issuer, const std::optional<der::Element>& serial) {
  if (issuer.has_value() != serial.has_value()) {
    return refuse("authorityCertIssuer and authorityCertSerialNumber stand together (RFC 5280 section 4.2.1.1)");
  }
  if (!issuer) return {};
  SIGNET_CHECK(check_authority_issuer(issuer->whole));
  const Result<SerialNumber> number = SerialNumber::from_der_contents(serial->contents);
  if (!number) return refuse("authorityCertSerialNumber: " + number.error().message);
  return {};
}

}  // namespace

Result<bool> default_false(der::Reader& reader, std::string_view what) {
  if (reader.peek() != der::kBoolean) return false;
  SIGNET_TRY(const bool value, reader.boolean(what));
  if (!value) return refuse(fmt::format("{} is FALSE explicitly; DER leaves the default out", what));
  return true;
}

Result<Extension> read_extension(der::Reader& extensions) {
  SIGNET_TRY(der::Reader reader, extensions.enter(der::kSequence, "Extension"));
  SIGNET_TRY(std::string oid, reader.oid("extnID"));
  SIGNET_TRY(const bool critical, default_false(reader, "critical"));
  SIGNET_TRY(const der::Element value, reader.element(der::kOctetString, "extnValue"));
  SIGNET_CHECK(reader.finish("Extension"));
  return Extension{.oid = std::move(oid), .critical = critical, .value = value.contents};
}

Result<std::optional<Bytes>> read_authority_key_id(ByteView value) {
  der::Reader outer(value);
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, "AuthorityKeyIdentifier"));
  SIGNET_CHECK(outer.finish("AuthorityKeyIdentifier"));
  SIGNET_TRY(const auto id, reader.optional(der::context(0), "keyIdentifier"));
  SIGNET_TRY(const auto issuer, reader.optional(der::context_constructed(1), "authorityCertIssuer"));
  SIGNET_TRY(const auto serial, reader.optional(der::context(2), "authorityCertSerialNumber"));
  SIGNET_CHECK(reader.finish("AuthorityKeyIdentifier"));
  SIGNET_CHECK(check_authority(issuer, serial));
  if (id && id->contents.empty()) return refuse("an empty keyIdentifier");
  return id ? std::optional(copy_of(id->contents)) : std::nullopt;
}

Bytes encode_authority_key_id(ByteView key_id) {
  const Bytes id = der::element(der::context(0), key_id);
  return der::sequence({id});
}

void append_extension(Bytes& to, std::string_view oid, Criticality criticality, ByteView value) {
  const Bytes critical = criticality == Criticality::kCritical ? der::boolean(true) : Bytes();
  append(to, der::sequence({der::oid(oid), critical, der::octet_string(value)}));
}

}  // namespace signet
