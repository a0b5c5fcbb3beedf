#include "x509/pss.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "x509/der.h"

namespace signet {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kSha256 = "2.16.840.1.101.3.4.2.1";
constexpr std::string_view kSha512 = "2.16.840.1.101.3.4.2.3";
constexpr std::string_view kMgf1 = "1.2.840.113549.1.1.8";

Bytes field(unsigned number, ByteView contents) { return der::element(der::context_constructed(number), contents); }

Bytes hash(std::string_view oid, ByteView parameters = {}) { return der::sequence({der::oid(oid), parameters}); }

struct Parts {
  Bytes hash = field(0, signet::hash(kSha256));
  Bytes mask = field(1, der::sequence({der::oid(kMgf1), signet::hash(kSha256)}));
  Bytes salt = field(2, der::small_integer(32));
  Bytes behind = {};
};

std::string read(const Parts& parts, std::string_view oid = "1.2.840.113549.1.1.10") {
  const Bytes parameters = der::sequence({parts.hash, parts.mask, parts.salt, parts.behind});
  const Bytes identifier = der::sequence({der::oid(oid), parameters});
  if (!is_pss_identifier(identifier)) return "another algorithm";
  const auto hash = parse_pss_identifier(identifier);
  return hash.has_value() ? std::string(name_of(*hash)) : hash.error().message;
}

TEST(Pss, TakesParametersOfHashesThatAreNullOrAbsent) {
  for (const Bytes& of_hash : {Bytes(), der::null()}) {
    for (const Bytes& of_mask : {Bytes(), der::null()}) {
      EXPECT_EQ(read({.hash = field(0, hash(kSha256, of_hash)),
                      .mask = field(1, der::sequence({der::oid(kMgf1), hash(kSha256, of_mask)}))}),
                "rsassaPss-SHA256");
    }
  }
  EXPECT_EQ(read({.hash = field(0, hash(kSha512)),
                  .mask = field(1, der::sequence({der::oid(kMgf1), hash(kSha512)})),
                  .salt = field(2, der::small_integer(64))}),
            "rsassaPss-SHA512");
}

TEST(Pss, RefusesDefaultsWhichAreSha1) {
  EXPECT_THAT(read({.hash = {}}), HasSubstr("no hashAlgorithm"));
  EXPECT_THAT(read({.mask = {}}), HasSubstr("no maskGenAlgorithm"));
  EXPECT_THAT(read({.salt = {}}), HasSubstr("no saltLength"));
  EXPECT_THAT(read({.hash = field(0, hash("1.3.14.3.2.26"))}), HasSubstr("hashAlgorithm 1.3.14.3.2.26"));
}

TEST(Pss, RefusesWhatDoesNotFitTogether) {
  EXPECT_THAT(read({.hash = field(0, hash(kSha512))}), HasSubstr("another hash"));
  EXPECT_THAT(read({.mask = field(1, der::sequence({der::oid("1.2.3"), hash(kSha256)}))}),
              HasSubstr("1.2.3 is not MGF1"));
  EXPECT_THAT(read({.salt = field(2, der::small_integer(33))}), HasSubstr("a salt of 33 bytes, not 32"));
  EXPECT_THAT(read({.salt = field(2, Bytes{der::kInteger, 1, 0xFF})}), HasSubstr("saltLength"));
}

TEST(Pss, RefusesATrailerFieldAndWhateverStandsBehind) {
  EXPECT_THAT(read({.behind = field(3, der::small_integer(1))}), HasSubstr("trailerField"));
  EXPECT_THAT(read({.behind = field(3, der::small_integer(2))}), HasSubstr("trailerField"));
  EXPECT_THAT(read({.behind = der::null()}), HasSubstr("RSASSA-PSS-params"));
  EXPECT_THAT(read({.hash = field(0, hash(kSha256, der::boolean(true)))}), HasSubstr("parameters of a hash"));
}

TEST(Pss, LeavesOtherAlgorithmsToOthers) { EXPECT_EQ(read({}, "1.2.840.113549.1.1.11"), "another algorithm"); }

TEST(Pss, RefusesMissingParameters) {
  EXPECT_FALSE(parse_pss_identifier(der::sequence({der::oid("1.2.840.113549.1.1.10")})).has_value());
}

}  // namespace
}  // namespace signet
