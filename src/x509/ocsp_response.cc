#include "x509/ocsp_response.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <set>

#include "x509/crl_extensions.h"
#include "x509/der.h"
#include "x509/extension_reader.h"
#include "x509/field.h"
#include "x509/generalized_time.h"

namespace signet {
namespace {

constexpr std::string_view kNonceOid = "1.3.6.1.5.5.7.48.1.2";
constexpr std::size_t kMaxNonceBytes = 128;

constexpr std::uint8_t kByName = der::context_constructed(1);
constexpr std::uint8_t kByKey = der::context_constructed(2);
constexpr std::uint8_t kGood = der::context(0);
constexpr std::uint8_t kRevoked = der::context_constructed(1);
constexpr std::uint8_t kUnknown = der::context(2);
constexpr std::uint8_t kReason = der::context_constructed(0);
constexpr std::uint8_t kNextUpdate = der::context_constructed(0);
constexpr std::uint8_t kExtensions = der::context_constructed(1);

std::unexpected<Error> refuse(std::string message) { return fail(ErrorCode::kInvalidArgument, std::move(message)); }

std::size_t size_of(OcspHash hash) noexcept { return hash == OcspHash::kSha1 ? 20 : 32; }

Bytes digest(OcspHash hash, ByteView bytes) {
  Bytes result(size_of(hash));
  const EVP_MD* const method = hash == OcspHash::kSha1 ? EVP_sha1() : EVP_sha256();
  EVP_Digest(bytes.data(), bytes.size(), result.data(), nullptr, method, nullptr);  // built in: cannot fail
  return result;
}

Bytes algorithm_of(OcspHash hash) {
  return der::sequence({der::oid(hash == OcspHash::kSha1 ? "1.3.14.3.2.26" : "2.16.840.1.101.3.4.2.1"), der::null()});
}

Result<OcspHash> read_hash(der::Reader& reader) {
  SIGNET_TRY(const der::Element algorithm, reader.element(der::kSequence, "hashAlgorithm"));
  for (const OcspHash hash : {OcspHash::kSha1, OcspHash::kSha256}) {
    if (equal(algorithm.whole, algorithm_of(hash))) return hash;
  }
  return refuse("hashAlgorithm is neither SHA-1 nor SHA-256, with NULL parameters");
}

Result<Bytes> read_digest(der::Reader& reader, OcspHash hash, std::string_view what) {
  SIGNET_TRY(const der::Element element, reader.element(der::kOctetString, what));
  if (element.contents.size() == size_of(hash)) return copy_of(element.contents);
  return refuse(fmt::format("{} has {} bytes, and its hash {}", what, element.contents.size(), size_of(hash)));
}

Result<OcspCertId> read_cert_id(der::Reader& parent) {
  SIGNET_TRY(der::Reader reader, parent.enter(der::kSequence, "certID"));
  SIGNET_TRY(const OcspHash hash, read_hash(reader));
  SIGNET_TRY(Bytes name, read_digest(reader, hash, "issuerNameHash"));
  SIGNET_TRY(Bytes key, read_digest(reader, hash, "issuerKeyHash"));
  SIGNET_TRY(const ByteView contents, reader.integer("serialNumber"));
  SIGNET_TRY(SerialNumber serial, SerialNumber::from_der_contents(contents));
  SIGNET_CHECK(reader.finish("certID"));
  return OcspCertId{.hash = hash,
                    .issuer_name_hash = std::move(name),
                    .issuer_key_hash = std::move(key),
                    .serial = std::move(serial)};
}

Result<void> read_revoked(der::Reader& parent, OcspSingle& into) {
  SIGNET_TRY(der::Reader reader, parent.enter(kRevoked, "revoked"));
  SIGNET_TRY(into.revoked, read_generalized_time(reader, "revocationTime"));
  if (reader.peek() == kReason) {
    SIGNET_TRY(const der::Element reason, reader.element(kReason, "revocationReason"));
    SIGNET_TRY(into.reason, read_reason(reason.contents));
  }
  into.status = OcspStatus::kRevoked;
  return reader.finish("revoked");
}

Result<void> read_status(der::Reader& reader, OcspSingle& into) {
  if (reader.peek() == kRevoked) return read_revoked(reader, into);
  SIGNET_TRY(const der::Element status, reader.any("certStatus"));
  if ((status.tag != kGood && status.tag != kUnknown) || !status.contents.empty())
    return refuse(fmt::format("certStatus of tag 0x{:02x} is none of good, revoked and unknown", status.tag));
  into.status = status.tag == kGood ? OcspStatus::kGood : OcspStatus::kUnknown;
  return {};
}

/// [1] EXPLICIT Extensions, of which `take` keeps what it knows and says so.
template <class Take>
Result<void> read_extensions(der::Reader& parent, std::string_view what, Take&& take) {
  if (parent.peek() != kExtensions) return {};
  SIGNET_TRY(der::Reader wrapper, parent.enter(kExtensions, what));
  SIGNET_TRY(der::Reader list, wrapper.enter(der::kSequence, what));
  SIGNET_CHECK(wrapper.finish(what));
  if (list.at_end()) return refuse(fmt::format("{}: an empty list of extensions", what));
  std::set<std::string> seen;
  while (!list.at_end()) {
    SIGNET_TRY(const Extension extension, read_extension(list));
    if (!seen.insert(extension.oid).second)
      return refuse(fmt::format("extension {} stands there twice", extension.oid));
    SIGNET_CHECK(der::check_well_formed(extension.value, "extension " + extension.oid));
    SIGNET_TRY(const bool taken, take(extension));
    if (!taken && extension.critical)
      return refuse(fmt::format("extension {} is critical and not understood here", extension.oid));
  }
  return {};
}

Result<OcspSingle> read_single(der::Reader& list) {
  SIGNET_TRY(der::Reader reader, list.enter(der::kSequence, "SingleResponse"));
  SIGNET_TRY(OcspCertId id, read_cert_id(reader));
  OcspSingle single{.id = std::move(id)};
  SIGNET_CHECK(read_status(reader, single));
  SIGNET_TRY(single.this_update, read_generalized_time(reader, "thisUpdate"));
  if (reader.peek() == kNextUpdate) {
    SIGNET_TRY(der::Reader inner, reader.enter(kNextUpdate, "nextUpdate"));
    SIGNET_TRY(single.next_update, read_generalized_time(inner, "nextUpdate"));
    SIGNET_CHECK(inner.finish("nextUpdate"));
  }
  SIGNET_CHECK(read_extensions(reader, "singleExtensions", [](const Extension&) -> Result<bool> { return false; }));
  SIGNET_CHECK(reader.finish("SingleResponse"));
  return single;
}

Result<void> read_responder(der::Reader& reader, OcspFields& into) {
  if (reader.peek() == kByName) {
    SIGNET_TRY(const der::Element name, reader.element(kByName, "byName"));
    SIGNET_TRY(into.responder_name, Name::parse(name.contents));
    return {};
  }
  SIGNET_TRY(der::Reader key, reader.enter(kByKey, "responderID"));
  SIGNET_TRY(into.responder_key_hash, read_digest(key, OcspHash::kSha1, "byKey"));
  return key.finish("byKey");
}

Result<void> read_responses(der::Reader& reader, OcspFields& into) {
  SIGNET_TRY(der::Reader list, reader.enter(der::kSequence, "responses"));
  std::set<Bytes> seen;
  while (!list.at_end()) {
    SIGNET_TRY(OcspSingle single, read_single(list));
    Bytes id = copy_of(single.id.issuer_key_hash);
    append(id, single.id.serial.bytes());
    if (!seen.insert(std::move(id)).second)
      return refuse(fmt::format("serial number {} stands there twice", single.id.serial.hex()));
    into.responses.push_back(std::move(single));
  }
  if (into.responses.empty()) return refuse("no response; at least one is needed");
  return {};
}

Result<bool> take_nonce(const Extension& extension, OcspFields& into) {
  if (extension.oid != kNonceOid) return false;
  der::Reader reader(extension.value);
  SIGNET_TRY(const der::Element nonce, reader.element(der::kOctetString, "nonce"));
  SIGNET_CHECK(reader.finish("nonce"));
  if (nonce.contents.empty() || nonce.contents.size() > kMaxNonceBytes)
    return refuse(fmt::format("a nonce of {} bytes (RFC 9654)", nonce.contents.size()));
  if (extension.critical) return refuse("the nonce is critical");
  into.nonce = copy_of(nonce.contents);
  return true;
}

Result<OcspFields> parse_fields(ByteView der) {
  if (der.size() > kMaxOcspBytes)
    return refuse(fmt::format("{} bytes; ResponseData has at most {}", der.size(), kMaxOcspBytes));
  der::Reader outer(der);
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, "ResponseData"));
  SIGNET_CHECK(outer.finish("ResponseData"));
  OcspFields fields;
  SIGNET_CHECK(in_field("responderID", read_responder(reader, fields)));
  SIGNET_TRY(fields.produced_at, in_field("producedAt", read_generalized_time(reader, "producedAt")));
  SIGNET_CHECK(in_field("responses", read_responses(reader, fields)));
  SIGNET_CHECK(in_field("responseExtensions",
                        read_extensions(reader, "responseExtensions",
                                        [&](const Extension& extension) { return take_nonce(extension, fields); })));
  SIGNET_CHECK(reader.finish("ResponseData"));
  return fields;
}

Bytes encode_status(const OcspSingle& single) {
  switch (single.status) {
    case OcspStatus::kGood: return der::element(kGood, {});
    case OcspStatus::kUnknown: return der::element(kUnknown, {});
    case OcspStatus::kRevoked: break;
  }
  Bytes contents = generalized_time(single.revoked);
  if (single.reason) append(contents, der::element(kReason, encode_reason(*single.reason)));
  return der::element(kRevoked, contents);
}

Bytes encode_single(const OcspSingle& single) {
  const Bytes id = der::sequence({algorithm_of(single.id.hash), der::octet_string(single.id.issuer_name_hash),
                                  der::octet_string(single.id.issuer_key_hash),
                                  der::element(der::kInteger, single.id.serial.bytes())});
  return der::sequence(
      {id, encode_status(single), generalized_time(single.this_update),
       single.next_update ? der::element(kNextUpdate, generalized_time(*single.next_update)) : Bytes()});
}

}  // namespace

Bytes ocsp_hash_of(OcspHash hash, const Name& name) { return digest(hash, name.der()); }

Bytes ocsp_hash_of(OcspHash hash, const PublicKey& key) {
  der::Reader outer(key.spki());
  der::Reader spki = *outer.enter(der::kSequence, "SubjectPublicKeyInfo");  // it was read before
  static_cast<void>(spki.any("algorithm"));
  return digest(hash, *spki.bit_string_bytes("subjectPublicKey"));
}

OcspDataDer encode_ocsp_data(const OcspFields& fields) {
  const Bytes responder = fields.responder_name
                              ? der::element(kByName, fields.responder_name->der())
                              : der::element(kByKey, der::octet_string(fields.responder_key_hash.value_or(Bytes())));
  Bytes responses;
  for (const OcspSingle& single : fields.responses) append(responses, encode_single(single));
  Bytes extensions;
  if (fields.nonce)
    append_extension(extensions, kNonceOid, Criticality::kNotCritical, der::octet_string(*fields.nonce));
  return OcspDataDer(der::sequence(
      {responder, generalized_time(fields.produced_at), der::element(der::kSequence, responses),
       extensions.empty() ? Bytes() : der::element(kExtensions, der::element(der::kSequence, extensions))}));
}

Result<OcspFields> parse_ocsp_data(ByteView der) { return in_field("responseData", parse_fields(der)); }

}  // namespace signet
