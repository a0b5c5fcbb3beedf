// Requests that are no DER, or DER that is no request: bombs, BER, cut and lengthened ones, other structures.
#include "issuer/hostile_request.h"

namespace signet::test {
namespace {

Bytes good() { return RequestParts().der(); }

Bytes text(std::string_view value) { return copy_of(signet::bytes_of(value)); }

/// `element` with its length written as `length`.
Bytes with_length(ByteView element, ByteView length) {
  const Bytes contents = copy_of(der::Reader(element).any("element")->contents);
  return joined({element.first(1), length, contents});
}

Bytes with_version(ByteView version) {
  RequestParts parts;
  parts.version = copy_of(version);
  return parts.der();
}

Bytes with_attributes(ByteView whole) {
  RequestParts parts;
  parts.attributes = copy_of(whole);
  return parts.der();
}

Bytes with_signature(ByteView whole) {
  RequestParts parts;
  parts.signature = copy_of(whole);
  return parts.der();
}

Bytes attribute(std::string_view oid, ByteView value) {
  return der::sequence({der::oid(oid), der::element(der::kSet, value)});
}

Bytes with_attribute_value(ByteView value) {
  return with_attributes(attributes_of(attribute("1.2.840.113549.1.9.7", value)));
}

Bytes certificate_in_its_place() {
  const Bytes tbs = der::sequence({der::element(der::context_constructed(0), der::small_integer(2)),
                                   der::small_integer(1), algorithm_identifier(SignatureAlgorithm::kEcdsaSha256)});
  return der::sequence({tbs, algorithm_identifier(SignatureAlgorithm::kEcdsaSha256), der::bit_string(Bytes(200, 1))});
}

HostileRequests lengths() {
  const Bytes whole = good();
  const ByteView view = whole;
  const Bytes one = {0x30};
  return {
      {"Empty", {}, "csr", "neither DER nor PEM"},
      {"OneByte", one, "csr", "neither DER nor PEM"},
      {"EmptySequence", {0x30, 0x00}, "csr", "neither DER nor PEM"},
      {"CutByOneByte", copy_of(view.first(view.size() - 1)), "csr", "CertificationRequest"},
      {"CutInTheMiddle", copy_of(view.first(view.size() / 2)), "csr", "CertificationRequest"},
      {"TrailingByte", joined({view, Bytes{0}}), "csr", "CertificationRequest"},
      {"TrailingRequest", joined({view, view}), "csr", "CertificationRequest"},
      {"IndefiniteLength", joined({with_length(view, Bytes{0x80}), Bytes{0, 0}}), "csr", "indefinite"},
      {"LengthNotMinimal", with_length(view, Bytes{0x83, 0x00, 0x01, 0x00}), "csr", "length"},
      {"LengthWithTheReservedByte", with_length(view, Bytes{0xFF}), "csr", "length"},
      {"LengthBombOf2GiB", with_length(view, Bytes{0x84, 0x7F, 0xFF, 0xFF, 0xFF}), "csr", "CertificationRequest"},
      {"LengthBombOf4GiB", with_length(view, Bytes{0x84, 0xFF, 0xFF, 0xFF, 0xFF}), "csr", "CertificationRequest"},
      {"LengthBombOfEightBytes", with_length(view, joined({Bytes{0x88}, Bytes(8, 0xFF)})), "csr", "length"},
      {"LengthBombOf126Bytes", with_length(view, joined({Bytes{0xFE}, Bytes(126, 0xFF)})), "csr", "length"},
      {"LengthBombInside", replaced(whole, der::small_integer(0), Bytes{0x02, 0x7F, 0x00}), "csr.version", "version"},
      {"LengthBeyondItsParent", with_subject(Bytes{0x30, 0x82, 0x20, 0x00}), "csr.subject", "subject"},
  };
}

HostileRequests bombs() {
  const Bytes deep = nested_sequences(7000);
  return {
      {"DepthBomb", nested_sequences(7000), "csr.version", "tag 0x30 where 0x02 was expected"},
      {"DepthBombOfIndefiniteLengths", Bytes(30000, 0x30), "csr", "neither DER nor PEM"},
      {"DepthBombAsSubject", with_subject(deep), "csr.subject", "RelativeDistinguishedName"},
      {"DepthBombAsAttributeValue", with_attribute_value(deep), "csr.attributes", "deep"},
      {"DepthBombAsExtension", with_extensions(extension("1.2.3.4", false, deep)), "csr.extensions", "deep"},
      {"TagBomb", joined({Bytes{0x3F}, Bytes(200, 0xFF), Bytes{0x01, 0x00}}), "csr", "neither DER nor PEM"},
      {"HighTagNumber", Bytes{0x3F, 0x81, 0x00, 0x01, 0x00}, "csr", "neither DER nor PEM"},
      {"TagBombInside", with_attribute_value(joined({Bytes{0x1F}, Bytes(200, 0xFF), Bytes{0x01, 0x00}})),
       "csr.attributes", "tag"},
      {"Huge", with_attribute_value(der::octet_string(Bytes(40000, 0x41))), "csr", "a request has at most 32768"},
      {"ZeroBytes", Bytes(1000, 0x00), "csr", "neither DER nor PEM"},
      {"FullBytes", Bytes(1000, 0xFF), "csr", "neither DER nor PEM"},
      {"ManyEmptyElements", der::element(der::kSequence, Bytes(20000, 0x05)), "csr", "CertificationRequestInfo"},
  };
}

HostileRequests texts() {
  const std::string pem = encode_pem("CERTIFICATE REQUEST", good());
  constexpr const char* kNeither = "neither DER nor PEM";
  std::string garbled = pem;
  garbled[40] = '!';
  return {
      {"Text", text("please"), "csr", kNeither},
      {"PemTwice", text(pem + pem), "csr", "2 requests in one file"},
      {"PemOfBothLabels", text(pem + encode_pem("NEW CERTIFICATE REQUEST", good())), "csr", "2 requests in one file"},
      {"PemOfAPrivateKey", text(encode_pem("PRIVATE KEY", good())), "csr", kNeither},
      {"PemOfACertificate", text(encode_pem("CERTIFICATE", good())), "csr", kNeither},
      {"PemWithoutEnd", text(pem.substr(0, pem.size() / 2)), "csr", "has no end"},
      {"PemWithAnotherEnd", text(pem.substr(0, pem.rfind("-----END")) + "-----END CERTIFICATE-----\n"), "csr",
       "CERTIFICATE REQUEST"},
      {"PemWithAForeignCharacter", text(garbled), "csr", "PEM block 1"},
      {"PemOfNothing", text(encode_pem("CERTIFICATE REQUEST", {})), "csr", "CertificationRequest"},
      {"PemOfPem", text(encode_pem("CERTIFICATE REQUEST", signet::bytes_of(pem))), "csr", "CertificationRequest"},
      {"PemWithSomethingBehindInside", text(encode_pem("CERTIFICATE REQUEST", joined({good(), Bytes{0}}))), "csr",
       "CertificationRequest"},
      {"PemInsideDer", der::sequence({signet::bytes_of(pem)}), "csr", "CertificationRequestInfo"},
      {"Base64WithoutPem", text(to_base64(good())), "csr", kNeither},
      {"Hexadecimal", text(to_hex(good())), "csr", kNeither},
  };
}

HostileRequests other_structures() {
  RequestParts without_algorithm;
  without_algorithm.algorithm = {};
  RequestParts behind_attributes;
  behind_attributes.behind_attributes = der::null();
  RequestParts behind_signature;
  behind_signature.behind_signature = der::null();
  RequestParts as_set;
  Bytes set = as_set.der();
  set[0] = der::kSet;
  Bytes primitive = as_set.der();
  primitive[0] = 0x10;
  const Bytes only_info = der::sequence({RequestParts().info()});
  return {
      {"Certificate", certificate_in_its_place(), "csr.version", "version"},
      {"PublicKeyAlone", spki_of(shared_key(KeyType::kRsa)), "csr.version", "version"},
      {"WithoutSignatureAlgorithm", without_algorithm.der(), "csr.signatureAlgorithm", "signatureAlgorithm"},
      {"WithoutSignature", only_info, "csr.signatureAlgorithm", "signatureAlgorithm"},
      {"ElementBehindTheAttributes", behind_attributes.der(), "csr", "CertificationRequestInfo"},
      {"ElementBehindTheSignature", behind_signature.der(), "csr", "CertificationRequest"},
      {"SetInsteadOfSequence", set, "csr", "neither DER nor PEM"},
      {"PrimitiveSequence", primitive, "csr", "neither DER nor PEM"},
  };
}

HostileRequests versions() {
  return {
      {"Version1", with_version(der::small_integer(1)), "csr.version", "version 1"},
      {"VersionNegative", with_version(Bytes{0x02, 0x01, 0xFF}), "csr.version", "negative"},
      {"VersionPadded", with_version(Bytes{0x02, 0x02, 0x00, 0x00}), "csr.version", "version"},
      {"VersionPaddedNegative", with_version(Bytes{0x02, 0x02, 0xFF, 0xFF}), "csr.version", "version"},
      {"VersionOf100Bytes", with_version(der::element(der::kInteger, Bytes(100, 0x7F))), "csr.version", "version"},
      {"VersionEmpty", with_version(Bytes{0x02, 0x00}), "csr.version", "version"},
      {"VersionIsABoolean", with_version(der::boolean(false)), "csr.version", "version"},
      {"VersionMissing", with_version({}), "csr.version", "version"},
  };
}

HostileRequests attributes() {
  const Bytes request = extension_request(good_alt_name_extension());
  const Bytes password = attribute("1.2.840.113549.1.9.7", der::utf8_string("x"));
  const Bytes no_value = der::sequence({der::oid("1.2.840.113549.1.9.7"), der::element(der::kSet, {})});
  const Bytes bare = der::sequence({der::oid("1.2.840.113549.1.9.7"), der::utf8_string("x")});
  const Bytes unordered = joined({der::utf8_string("b"), der::utf8_string("a")});
  return {
      {"WithoutAttributes", with_attributes({}), "csr.attributes", "attributes"},
      {"AttributesAsSet", with_attributes(der::element(der::kSet, request)), "csr.attributes", "attributes"},
      {"AttributesTwice", with_attributes(joined({attributes_of(request), attributes_of(request)})), "csr",
       "CertificationRequestInfo"},
      {"AttributesOutOfOrder", with_attributes(attributes_of(joined({request, password}))), "csr.attributes",
       "not in DER order"},
      {"TheSameAttributeTwice", with_attributes(attributes_of(joined({password, password}))), "csr.attributes",
       "not in DER order"},
      {"AttributeWithoutValue", with_attributes(attributes_of(no_value)), "csr.attributes",
       "attribute 1.2.840.113549.1.9.7 has no value"},
      {"AttributeWithoutSet", with_attributes(attributes_of(bare)), "csr.attributes", "attribute values"},
      {"AttributeValuesOutOfOrder", with_attribute_value(unordered), "csr.attributes", "not in DER order"},
      {"AttributeOfIndefiniteLength", with_attribute_value(Bytes{0x30, 0x80, 0x00, 0x00}), "csr.attributes",
       "indefinite"},
      {"AttributeWithAConstructedString", with_attribute_value(Bytes{0x24, 0x03, 0x04, 0x01, 0x41}), "csr.attributes",
       "attribute value"},
      {"AttributeWithANullOfOneByte", with_attribute_value(Bytes{0x05, 0x01, 0x00}), "csr.attributes",
       "attribute value"},
      {"AttributeWithoutAName", with_attributes(attributes_of(Bytes{0x30, 0x04, 0x06, 0x00, 0x31, 0x00})),
       "csr.attributes", "attribute type"},
      {"AttributeNamePadded", with_attributes(attributes_of(Bytes{0x30, 0x06, 0x06, 0x02, 0x80, 0x01, 0x31, 0x00})),
       "csr.attributes", "attribute type"},
      {"AttributeNameUnfinished", with_attributes(attributes_of(Bytes{0x30, 0x06, 0x06, 0x02, 0x2A, 0x86, 0x31, 0x00})),
       "csr.attributes", "attribute type"},
      {"AttributeNameOfHugeNumbers",
       with_attributes(
           attributes_of(der::sequence({der::element(der::kOid, joined({Bytes{0x2A}, Bytes(40, 0xFF), Bytes{0x7F}})),
                                        der::element(der::kSet, der::null())}))),
       "csr.attributes", "attribute type"},
  };
}

HostileRequests bit_strings() {
  return {
      {"SignatureAsOctetString", with_signature(der::octet_string(Bytes(70, 1))), "csr.signature", "signature"},
      {"SignatureConstructed", with_signature(Bytes{0x23, 0x04, 0x03, 0x02, 0x00, 0x01}), "csr.signature", "signature"},
      {"SignatureWithUnusedBits", with_signature(Bytes{0x03, 0x02, 0x01, 0x80}), "csr.signature", "signature"},
      {"SignatureWithNineUnusedBits", with_signature(Bytes{0x03, 0x02, 0x09, 0x80}), "csr.signature", "signature"},
      {"SignatureOfNoBytesAtAll", with_signature(Bytes{0x03, 0x00}), "csr.signature", "signature"},
  };
}

}  // namespace

HostileRequests hostile_encodings() {
  HostileRequests all;
  for (const HostileRequests& some :
       {lengths(), bombs(), texts(), other_structures(), versions(), attributes(), bit_strings()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

}  // namespace signet::test
