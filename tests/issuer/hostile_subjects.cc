// Requests with names of subjects, and with extensions, that must not be.
#include "issuer/hostile_request.h"

namespace signet::test {
namespace {

constexpr const char* kSubject = "csr.subject";
constexpr std::string_view kCommonName = "2.5.4.3";

Bytes attribute(std::string_view oid, ByteView value) { return der::sequence({der::oid(oid), value}); }

Bytes rdn(ByteView attributes) { return der::element(der::kSet, attributes); }

Bytes with_rdns(std::initializer_list<ByteView> rdns) {
  return with_subject(der::element(der::kSequence, joined(rdns)));
}

Bytes with_common_name(std::uint8_t tag, std::string_view value) {
  return with_rdns({rdn(attribute(kCommonName, der::element(tag, signet::bytes_of(value))))});
}

Bytes utf8_common_name(std::string_view value) { return with_common_name(der::kUtf8String, value); }

HostileRequests common_names() {
  using std::string_view_literals::operator""sv;
  constexpr const char* kControl = "control characters or bytes that are not UTF-8";
  return {
      {"CommonNameWithNul", utf8_common_name("a.plain.example\0.bank.example"sv), kSubject, kControl},
      {"CommonNameWithLineFeed", utf8_common_name("a.plain.example\nERROR"), kSubject, kControl},
      {"CommonNameWithEscape", utf8_common_name("\x1B[2Ja.plain.example"), kSubject, kControl},
      {"CommonNameWithDelete", utf8_common_name("a.plain.example\x7F"), kSubject, kControl},
      {"CommonNameWithC1Control", utf8_common_name("a.plain.example\xC2\x9B"), kSubject, kControl},
      {"CommonNameNotUtf8", utf8_common_name("a\xFF.plain.example"), kSubject, kControl},
      {"CommonNameOverlongUtf8", utf8_common_name("a\xC0\xAE.plain.example"), kSubject, kControl},
      {"CommonNameWithSurrogate", utf8_common_name("a\xED\xA0\x80.plain.example"), kSubject, kControl},
      {"CommonNameEmpty", utf8_common_name(""), kSubject, "an empty value"},
      {"CommonNameOfSomebodyElse", utf8_common_name("www.bank.example"), kSubject, "www.bank.example"},
      {"CommonNameNotASubjectAltName", utf8_common_name("b.plain.example"), kSubject, "b.plain.example"},
      {"CommonNameWildcard", utf8_common_name("*.plain.example"), kSubject, "*.plain.example"},
      {"CommonNameHomograph", utf8_common_name("\xD0\xB0.plain.example"), kSubject, "\xD0\xB0.plain.example"},
      {"CommonNameOf4000Characters", utf8_common_name(std::string(4000, 'a')), kSubject, "aaaa"},
      {"CommonNameTwiceOneForeign",
       with_rdns({rdn(attribute(kCommonName, der::utf8_string("a.plain.example"))),
                  rdn(attribute(kCommonName, der::utf8_string("www.bank.example")))}),
       kSubject, "www.bank.example"},
      {"CommonNameAsBmpString", with_common_name(0x1E, std::string_view("\0a", 2)), kSubject, "tag 0x1e"},
      {"CommonNameAsUniversalString", with_common_name(0x1C, std::string_view("\0\0\0a", 4)), kSubject, "tag 0x1c"},
      {"CommonNameAsTeletex", with_common_name(der::kTeletexString, "\xE9.plain.example"), kSubject, "not ASCII"},
      {"CommonNamePrintableThatIsNot", with_common_name(der::kPrintableString, "*.plain.example"), kSubject,
       "PrintableString"},
      {"CommonNameAsNumber", with_rdns({rdn(attribute(kCommonName, der::small_integer(1)))}), kSubject, "tag 0x02"},
      {"CommonNameConstructed", with_common_name(0x2C, "\x0C\x01x"), kSubject, "attribute value"},
  };
}

HostileRequests subject_structures() {
  const Bytes cn = attribute(kCommonName, der::utf8_string("a.plain.example"));
  const Bytes organisation = attribute("2.5.4.10", der::utf8_string("Example"));
  return {
      {"SubjectAsSet", with_subject(der::element(der::kSet, {})), kSubject, "subject"},
      {"SubjectWithAnEmptyRdn", with_rdns({rdn({})}), kSubject, "without attributes"},
      {"SubjectRdnOutOfOrder", with_rdns({rdn(joined({cn, organisation}))}), kSubject, "DER order"},
      {"SubjectRdnWithTheSameTwice", with_rdns({rdn(joined({cn, cn}))}), kSubject, "DER order"},
      {"SubjectAttributeWithoutValue", with_rdns({rdn(der::sequence({der::oid(kCommonName)}))}), kSubject,
       "attribute value"},
      {"SubjectAttributeWithTwoValues",
       with_rdns({rdn(der::sequence({der::oid(kCommonName), der::utf8_string("a"), der::utf8_string("b")}))}), kSubject,
       "AttributeTypeAndValue"},
      {"SubjectRdnAsSequence", with_subject(der::sequence({der::sequence({cn})})), kSubject,
       "RelativeDistinguishedName"},
  };
}

}  // namespace

HostileRequests hostile_subjects() {
  HostileRequests all = common_names();
  for (const HostileRequest& one : subject_structures()) all.push_back(one);
  return all;
}

}  // namespace signet::test
