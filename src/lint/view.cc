#include "lint/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace signet::lint {
namespace {

constexpr std::uint8_t kVersionTag = der::context_constructed(0);
constexpr std::uint8_t kExtensionsTag = der::context_constructed(3);

std::unexpected<Error> misplaced(std::string message) { return fail(ErrorCode::kInvalidArgument, std::move(message)); }

/// Every number in its shortest form, and the last one whole (X.690 section 8.19).
bool is_valid_oid(Oid oid) noexcept {
  if (oid.empty() || (static_cast<std::uint8_t>(oid.back()) & 0x80U) != 0) return false;
  bool at_start = true;
  for (const char c : oid) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (at_start && byte == 0x80) return false;
    at_start = (byte & 0x80U) == 0;
  }
  return true;
}

Result<Oid> read_oid(der::Reader& reader, std::string_view what) {
  SIGNET_TRY(const der::Element element, reader.element(der::kOid, what));
  const Oid oid = text_of(element.contents);
  if (!is_valid_oid(oid)) return misplaced(fmt::format("{} is not an object identifier", what));
  return oid;
}

Result<AlgorithmId> read_algorithm(der::Reader& outer, std::string_view what) {
  der::Reader before = outer;
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, what));
  SIGNET_TRY(const der::Element element, before.any(what));
  AlgorithmId algorithm{.whole = element.whole, .oid = {}, .parameters = {}};
  SIGNET_TRY(algorithm.oid, read_oid(reader, what));
  if (reader.at_end()) return algorithm;
  SIGNET_TRY(algorithm.parameters, reader.any(what));
  SIGNET_CHECK(reader.finish(what));
  return algorithm;
}

Result<void> read_rdn(der::Reader& rdn, RawName& name, std::string_view what) {
  if (rdn.at_end()) name.has_empty_rdn = true;
  ByteView previous;
  while (!rdn.at_end()) {
    der::Reader before = rdn;
    SIGNET_TRY(der::Reader reader, rdn.enter(der::kSequence, what));
    SIGNET_TRY(const der::Element whole, before.any(what));
    Attribute attribute{.type = {}, .tag = 0, .value = {}, .rdn = name.rdns};
    SIGNET_TRY(attribute.type, read_oid(reader, what));
    SIGNET_TRY(const der::Element value, reader.any(what));
    SIGNET_CHECK(reader.finish(what));
    attribute.tag = value.tag;
    attribute.value = text_of(value.contents);
    name.attributes.push_back(attribute);
    if (!previous.empty() && !der::precedes(previous, whole.whole)) name.is_sorted = false;
    previous = whole.whole;
  }
  ++name.rdns;
  return {};
}

Result<RawName> read_name(der::Reader& outer, std::string_view what) {
  der::Reader before = outer;
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, what));
  SIGNET_TRY(const der::Element element, before.any(what));
  RawName name{.whole = element.whole, .attributes = {}};
  while (!reader.at_end()) {
    SIGNET_TRY(der::Reader rdn, reader.enter(der::kSet, what));
    SIGNET_CHECK(read_rdn(rdn, name, what));
  }
  return name;
}

/// Two decimal digits at `at`, or -1.
int two_digits(std::string_view text, std::size_t at) noexcept {
  const char high = text[at];
  const char low = text[at + 1];
  if (high < '0' || high > '9' || low < '0' || low > '9') return -1;
  return (high - '0') * 10 + (low - '0');
}

/// Six numbers of two digits from `at`, the first the year's last two.
std::optional<Time> time_from(std::string_view text, std::size_t at, int century) noexcept {
  std::array<int, 6> part{};
  for (std::size_t i = 0; i < part.size(); ++i) {
    part[i] = two_digits(text, at + 2 * i);
    if (part[i] < 0) return std::nullopt;
  }
  const auto [year, month, day, hour, minute, second] = part;
  const std::chrono::year_month_day date{std::chrono::year(century * 100 + year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

std::optional<Time> time_of(std::uint8_t tag, std::string_view text) noexcept {
  if (tag == der::kUtcTime && text.size() == 13 && text.back() == 'Z') {
    const int year = two_digits(text, 0);
    return year < 0 ? std::nullopt : time_from(text, 0, year < 50 ? 20 : 19);
  }
  if (tag == der::kGeneralizedTime && text.size() == 15 && text.back() == 'Z') {
    const int century = two_digits(text, 0);
    return century < 0 ? std::nullopt : time_from(text, 2, century);
  }
  return std::nullopt;
}

Result<RawTime> read_time(der::Reader& reader, std::string_view what) {
  SIGNET_TRY(const der::Element element, reader.any(what));
  const std::string_view text = text_of(element.contents);
  return RawTime{.tag = element.tag, .text = text, .time = time_of(element.tag, text)};
}

KeyKind kind_of(Oid algorithm) noexcept {
  if (algorithm == oid::kRsaEncryption) return KeyKind::kRsa;
  if (algorithm == oid::kEcPublicKey) return KeyKind::kEc;
  if (algorithm == oid::kEd25519) return KeyKind::kEd25519;
  if (algorithm == oid::kEd448) return KeyKind::kEd448;
  if (algorithm == oid::kX25519) return KeyKind::kX25519;
  return algorithm == oid::kX448 ? KeyKind::kX448 : KeyKind::kOther;
}

/// RSAPublicKey ::= SEQUENCE { modulus, publicExponent }, if the bits are one.
Result<void> read_rsa(RawKey& key) {
  if (key.bits.empty() || key.bits[0] != 0) return misplaced("not of whole bytes");
  der::Reader outer(key.bits.subspan(1));
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, "RSAPublicKey"));
  SIGNET_CHECK(outer.finish("RSAPublicKey"));
  SIGNET_TRY(const ByteView modulus, reader.integer("modulus"));
  SIGNET_TRY(const ByteView exponent, reader.integer("publicExponent"));
  SIGNET_CHECK(reader.finish("RSAPublicKey"));
  key.modulus = modulus;
  key.exponent = exponent;
  return {};
}

Result<RawKey> read_key(der::Reader& outer) {
  constexpr std::string_view what = "SubjectPublicKeyInfo";
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, what));
  RawKey key;
  SIGNET_TRY(key.algorithm, read_algorithm(reader, what));
  SIGNET_TRY(const der::Element bits, reader.element(der::kBitString, what));
  SIGNET_CHECK(reader.finish(what));
  key.bits = bits.contents;
  key.kind = kind_of(key.algorithm.oid);
  const auto& parameters = key.algorithm.parameters;
  if (key.kind == KeyKind::kEc && parameters && parameters->tag == der::kOid) key.curve = text_of(parameters->contents);
  // What cannot be read stays empty, and the rule key.form tells it.
  if (key.kind != KeyKind::kRsa || !read_rsa(key)) return key;
  return key;
}

Result<RawExtension> read_extension(der::Reader& outer) {
  constexpr std::string_view what = "Extension";
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, what));
  RawExtension extension;
  SIGNET_TRY(extension.oid, read_oid(reader, "extnID"));
  if (reader.peek() == der::kBoolean) {
    SIGNET_TRY(extension.critical, reader.boolean("critical"));
    extension.has_critical_false = !extension.critical;
  }
  SIGNET_TRY(const der::Element value, reader.element(der::kOctetString, "extnValue"));
  SIGNET_CHECK(reader.finish(what));
  extension.value = value.contents;
  return extension;
}

Result<void> read_extensions(der::Reader& outer, View& view) {
  SIGNET_TRY(der::Reader inner, outer.enter(kExtensionsTag, "extensions"));
  SIGNET_TRY(der::Reader reader, inner.enter(der::kSequence, "extensions"));
  SIGNET_CHECK(inner.finish("extensions"));
  view.has_extensions = true;
  view.extensions.reserve(12);
  while (!reader.at_end()) {
    SIGNET_TRY(const RawExtension extension, read_extension(reader));
    view.extensions.push_back(extension);
  }
  return {};
}

Result<void> read_version(der::Reader& outer, View& view) {
  if (outer.peek() != kVersionTag) return {};
  SIGNET_TRY(der::Reader reader, outer.enter(kVersionTag, "version"));
  SIGNET_TRY(view.version, reader.small_integer("version"));
  return reader.finish("version");
}

Result<void> read_validity(der::Reader& outer, View& view) {
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, "validity"));
  SIGNET_TRY(view.not_before, read_time(reader, "notBefore"));
  SIGNET_TRY(view.not_after, read_time(reader, "notAfter"));
  return reader.finish("validity");
}

/// What stands behind the key: the unique ids, and the extensions.
Result<void> read_rest(der::Reader& reader, View& view) {
  for (const std::uint8_t tag : {der::context(1), der::context(2)}) {
    SIGNET_TRY(const std::optional<der::Element> id, reader.optional(tag, "unique identifier"));
    view.has_unique_id = view.has_unique_id || id.has_value();
  }
  if (reader.peek() == kExtensionsTag) SIGNET_CHECK(read_extensions(reader, view));
  return reader.finish("TBSCertificate");
}

/// Self-issued, and its authority key identifier, if there is one, is its own: no certificate of a roll-over.
bool is_root(const View& view) noexcept {
  if (!equal(view.issuer.whole, view.subject.whole)) return false;
  const auto& authority = view.values.authority_key_id;
  if (!authority || !authority->key_id || !view.values.subject_key_id) return true;
  return equal(*authority->key_id, *view.values.subject_key_id);
}

Role role_of(const View& view) noexcept {
  const Values& values = view.values;
  if (values.basic_constraints && values.basic_constraints->ca) return is_root(view) ? kRoot : kSubordinateCa;
  const auto& purposes = values.extended_key_usage;
  return purposes && purposes->size() == 1 && purposes->front() == oid::kOcspSigning ? kOcspResponder : kSubscriber;
}

Result<View> read_fields(der::Reader& outer) {
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, "TBSCertificate"));
  View view;
  SIGNET_CHECK(read_version(reader, view));
  SIGNET_TRY(view.serial, reader.integer("serialNumber"));
  SIGNET_TRY(view.algorithm, read_algorithm(reader, "signature"));
  SIGNET_TRY(view.issuer, read_name(reader, "issuer"));
  SIGNET_CHECK(read_validity(reader, view));
  SIGNET_TRY(view.subject, read_name(reader, "subject"));
  SIGNET_TRY(view.key, read_key(reader));
  SIGNET_CHECK(read_rest(reader, view));
  view.values = read_values(view.extensions);
  view.role = role_of(view);
  return view;
}

/// What stands behind the TBSCertificate.
Result<void> read_signature(der::Reader& reader, View& view) {
  SIGNET_TRY(view.outer_algorithm, read_algorithm(reader, "signatureAlgorithm"));
  SIGNET_TRY(const der::Element signature, reader.element(der::kBitString, "signatureValue"));
  view.signature = signature.contents;
  return reader.finish("Certificate");
}

Result<View> read_signed(der::Reader& outer) {
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, "Certificate"));
  SIGNET_TRY(View view, read_fields(reader));
  SIGNET_CHECK(read_signature(reader, view));
  return view;
}

/// The first three fields, up to the one that signature rules look at.
Result<View> read_up_to_algorithm(ByteView tbs) {
  der::Reader outer(tbs);
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, "TBSCertificate"));
  View view;
  SIGNET_CHECK(read_version(reader, view));
  SIGNET_TRY(view.serial, reader.integer("serialNumber"));
  SIGNET_TRY(view.algorithm, read_algorithm(reader, "signature"));
  return view;
}

Result<View> read(ByteView bytes, std::string_view what, Result<View> (*fields)(der::Reader&)) {
  auto well_formed = der::check_well_formed(bytes, what);
  if (!well_formed) return fail(ErrorCode::kInvalidArgument, std::move(well_formed.error().message), "der.encoding");
  der::Reader reader(bytes);
  Result<View> view = fields(reader);
  if (!view) view.error().field = "der.structure";
  return view;
}

}  // namespace

const RawExtension* View::find(Oid oid) const noexcept {
  const auto found = std::ranges::find(extensions, oid, &RawExtension::oid);
  return found == extensions.end() ? nullptr : &*found;
}

bool is_positive(ByteView integer) noexcept {
  const bool negative = (integer[0] & 0x80U) != 0;
  return !negative && std::ranges::any_of(integer, [](std::uint8_t byte) { return byte != 0; });
}

Result<View> read_tbs(ByteView der) { return read(der, "TBSCertificate", read_fields); }
Result<View> read_certificate(ByteView der) { return read(der, "Certificate", read_signed); }

Result<View> read_around(ByteView der, ByteView tbs) {
  der::Reader outer(der);
  SIGNET_TRY(der::Reader reader, outer.enter(der::kSequence, "Certificate"));
  SIGNET_CHECK(outer.finish("Certificate"));
  SIGNET_TRY(const der::Element signed_part, reader.any("TBSCertificate"));
  if (!equal(signed_part.whole, tbs)) return misplaced("the certificate has another TBSCertificate");
  SIGNET_TRY(View view, read_up_to_algorithm(tbs));
  SIGNET_CHECK(read_signature(reader, view));
  SIGNET_CHECK(der::check_well_formed(view.outer_algorithm->whole, "signatureAlgorithm"));
  return view;
}

std::string dotted(Oid oid) {
  const Bytes element = der::element(der::kOid, bytes_of(oid));
  Result<std::string> text = der::Reader(element).oid("oid");
  return text ? *std::move(text) : "0x" + to_hex(bytes_of(oid));
}

}  // namespace signet::lint
