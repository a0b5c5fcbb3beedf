// Requests with extensions that must not be given, or that are not what they say.
#include "issuer/hostile_request.h"
#include "x509/certificate.h"

namespace signet::test {
namespace {

constexpr const char* kExtensions = "csr.extensions";
constexpr const char* kConstraints = "csr.basicConstraints";
constexpr const char* kUsage = "csr.keyUsage";

constexpr std::string_view kBasicConstraints = "2.5.29.19";
constexpr std::string_view kKeyUsage = "2.5.29.15";
constexpr std::string_view kExtendedKeyUsage = "2.5.29.37";
constexpr std::string_view kSubjectKeyId = "2.5.29.14";
constexpr std::string_view kAuthorityKeyId = "2.5.29.35";

/// A good subjectAltName and this one beside it.
Bytes with(ByteView more) { return with_extensions(joined({good_alt_name_extension(), more})); }

Bytes with(std::string_view oid, ByteView value) { return with(extension(oid, true, value)); }

Bytes constraints(ByteView contents) { return with(kBasicConstraints, der::element(der::kSequence, contents)); }

HostileRequests rights_of_a_ca() {
  const Bytes ca = der::boolean(true);
  const auto usage = [](std::uint32_t bits) { return with(kKeyUsage, der::named_bits(bits)); };
  return {
      {"CaTrue", constraints(ca), kConstraints, "CA:TRUE is requested"},
      {"CaTrueNotCritical", with(extension(kBasicConstraints, false, der::sequence({ca}))), kConstraints,
       "CA:TRUE is requested"},
      {"CaTrueWithPathLength", constraints(joined({ca, der::small_integer(0)})), kConstraints, "CA:TRUE is requested"},
      {"CaTrueWithNegativePathLength", constraints(joined({ca, Bytes{0x02, 0x01, 0xFF}})), kConstraints,
       "pathLenConstraint"},
      {"CaTrueWrittenAsOne", constraints(Bytes{0x01, 0x01, 0x01}), kConstraints, "cA"},
      {"CaFalseWritten", constraints(der::boolean(false)), kConstraints, "cA is FALSE explicitly"},
      {"PathLengthWithoutCa", constraints(der::small_integer(3)), kConstraints, "pathLenConstraint without cA"},
      {"PathLengthOf20Bytes", constraints(joined({ca, der::element(der::kInteger, Bytes(20, 0x7F))})), kConstraints,
       "pathLenConstraint"},
      {"ConstraintsWithSomethingBehind", constraints(joined({ca, der::small_integer(0), der::null()})), kConstraints,
       "BasicConstraints"},
      {"KeyCertSign", usage(kDigitalSignature | kKeyCertSign), kUsage, "keyCertSign is requested"},
      {"CrlSign", usage(kCrlSign), kUsage, "cRLSign is requested"},
      {"AllOfACa",
       with_extensions(joined({good_alt_name_extension(), extension(kBasicConstraints, true, der::sequence({ca})),
                               extension(kKeyUsage, true, der::named_bits(kKeyCertSign | kCrlSign))})),
       kConstraints, "CA:TRUE, keyCertSign, cRLSign is requested"},
  };
}

HostileRequests key_usages() {
  return {
      {"KeyUsageEmpty", with(kKeyUsage, der::named_bits(0)), kUsage, "no bit is set"},
      {"KeyUsageBeyondTheKnown", with(kKeyUsage, der::named_bits(1U << 9U)), kUsage, "a bit above 8"},
      {"KeyUsageOf100Bytes", with(kKeyUsage, der::bit_string(Bytes(100, 0xFF))), kUsage, "KeyUsage"},
      {"KeyUsageWithTrailingZeros", with(kKeyUsage, Bytes{0x03, 0x02, 0x00, 0x80}), kUsage, "KeyUsage"},
      {"KeyUsageWithDirtyUnusedBits", with(kKeyUsage, Bytes{0x03, 0x02, 0x07, 0xFF}), kUsage, "KeyUsage"},
      {"KeyUsageAsNumber", with(kKeyUsage, der::small_integer(128)), kUsage, "KeyUsage"},
      {"KeyUsageWithSomethingBehind", with(kKeyUsage, joined({der::named_bits(1), der::null()})), kUsage, "KeyUsage"},
      {"ExtendedKeyUsageEmpty", with(kExtendedKeyUsage, der::sequence({})), "csr.extendedKeyUsage", "no purpose"},
      {"ExtendedKeyUsageAsText", with(kExtendedKeyUsage, der::sequence({der::utf8_string("serverAuth")})),
       "csr.extendedKeyUsage", "KeyPurposeId"},
      {"SubjectKeyIdentifierEmpty", with(kSubjectKeyId, der::octet_string({})), "csr.subjectKeyIdentifier",
       "an empty KeyIdentifier"},
      {"SubjectKeyIdentifierAsNumber", with(kSubjectKeyId, der::small_integer(1)), "csr.subjectKeyIdentifier",
       "KeyIdentifier"},
      {"AuthorityKeyIdentifierWithHalfAnIssuer",
       with(kAuthorityKeyId, der::sequence({der::element(der::context(2), Bytes{0x01})})), "csr.authorityKeyIdentifier",
       "stand together"},
  };
}

HostileRequests unknown_ones() {
  const auto critical = [](std::string_view oid) { return with(oid, der::null()); };
  const auto says = [](std::string_view oid) { return std::string(oid) + " is critical and not understood"; };
  return {
      {"UnknownCritical", critical("1.2.3.4"), kExtensions, says("1.2.3.4")},
      {"CertificateTransparencyPoison", critical("1.3.6.1.4.1.11129.2.4.3"), kExtensions,
       says("1.3.6.1.4.1.11129.2.4.3")},
      {"NameConstraintsCritical",
       with("2.5.29.30", der::sequence({der::element(der::context_constructed(0),
                                                     der::sequence({general_name(2, "bank.example")}))})),
       "csr.nameConstraints", "nameConstraints are not given on request"},
      {"PolicyConstraintsCritical", with("2.5.29.36", der::sequence({der::element(der::context(0), Bytes{0x00})})),
       kExtensions, says("2.5.29.36")},
      {"InhibitAnyPolicyCritical", with("2.5.29.54", der::small_integer(0)), kExtensions, says("2.5.29.54")},
      {"IssuerAltNameCritical", with("2.5.29.18", der::sequence({general_name(2, "bank.example")})), kExtensions,
       says("2.5.29.18")},
      {"UnknownMalformed", with(extension("1.2.3.4", false, Bytes{0x30, 0x05, 0x00})), kExtensions,
       "extension 1.2.3.4"},
      {"UnknownInBer", with(extension("1.2.3.4", false, Bytes{0x30, 0x80, 0x00, 0x00})), kExtensions, "indefinite"},
      {"UnknownEmpty", with(extension("1.2.3.4", false, {})), kExtensions, "extension 1.2.3.4"},
  };
}

HostileRequests duplicates() {
  const Bytes request = extension_request(good_alt_name_extension());
  const Bytes other =
      extension_request(extension("2.5.29.17", false, der::sequence({general_name(2, "www.bank.example")})));
  const Bytes value = der::element(der::kSequence, good_alt_name_extension());
  const Bytes other_value =
      der::element(der::kSequence, extension("2.5.29.17", false, der::sequence({general_name(2, "www.bank.example")})));
  const Bytes unknown = extension("1.2.3.4", false, der::null());
  const auto attributes = [](ByteView contents) {
    RequestParts parts;
    parts.attributes = attributes_of(contents);
    return parts.der();
  };
  const Bytes type = der::oid("1.2.840.113549.1.9.14");
  return {
      {"SubjectAltNameTwice", with(good_alt_name_extension()), kExtensions, "extension 2.5.29.17 stands there twice"},
      {"UnknownTwice", with(joined({unknown, unknown})), kExtensions, "extension 1.2.3.4 stands there twice"},
      {"TwoExtensionRequests", attributes(joined({request, other})), "csr.attributes",
       "more than one extensionRequest"},
      {"ExtensionRequestOfTwoValues",
       attributes(der::sequence({type, der::element(der::kSet, joined({value, other_value}))})), "csr.attributes",
       "more than one extensionRequest"},
      {"ExtensionRequestWithoutValue", attributes(der::sequence({type, der::element(der::kSet, {})})), "csr.attributes",
       "has no value"},
      {"MicrosoftsExtensionRequest",
       attributes(der::sequence({der::oid("1.3.6.1.4.1.311.2.1.14"), der::element(der::kSet, value)})),
       "csr.attributes", "1.3.6.1.4.1.311.2.1.14"},
      {"NoExtensionInTheRequest", with_extensions({}), kExtensions, "an empty list"},
  };
}

HostileRequests structures() {
  const Bytes names = der::sequence({general_name(2, "a.plain.example")});
  const Bytes oid = der::oid("2.5.29.17");
  return {
      {"CriticalFalseWritten", with_extensions(der::sequence({oid, der::boolean(false), der::octet_string(names)})),
       kExtensions, "critical is FALSE explicitly"},
      {"CriticalWrittenAsOne", with_extensions(der::sequence({oid, Bytes{0x01, 0x01, 0x01}, der::octet_string(names)})),
       "csr.attributes", "a BOOLEAN that is neither 0xFF nor 0x00"},
      {"ExtensionOfFourParts",
       with_extensions(der::sequence({oid, der::boolean(true), der::octet_string(names), der::null()})), kExtensions,
       "Extension"},
      {"ExtensionWithoutValue", with_extensions(der::sequence({oid})), kExtensions, "extnValue"},
      {"ExtensionWithoutName", with_extensions(der::sequence({der::octet_string(names)})), kExtensions, "extnID"},
      {"ExtensionValueConstructed", with_extensions(der::sequence({oid, der::element(0x24, der::octet_string(names))})),
       "csr.attributes", "a form that DER does not have"},
      {"ExtensionValueAsBitString", with_extensions(der::sequence({oid, der::bit_string(names)})), kExtensions,
       "extnValue"},
      {"ExtensionEmpty", with_extensions(der::sequence({})), kExtensions, "extnID"},
  };
}

}  // namespace

HostileRequests hostile_extensions() {
  HostileRequests all;
  for (const HostileRequests& some : {rights_of_a_ca(), key_usages(), unknown_ones(), duplicates(), structures()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

}  // namespace signet::test
