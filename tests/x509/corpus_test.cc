// Every file of the fuzz corpora holds what its fuzz target demands. Names say what must become of a file: valid_* is
// accepted, refused_* is not; a find of the fuzzer is kept under one of the two.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "certificate_property.h"
#include "crl_property.h"
#include "csr_property.h"
#include "der_property.h"
#include "name_constraints_property.h"
#include "ocsp_property.h"

namespace signet {
namespace {

Bytes contents_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void replay(const char* corpus, test::Outcome (*property)(ByteView)) {
  std::size_t accepted = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(SIGNET_SOURCE_DIR "/tests/x509/") + corpus)) {
    const test::Outcome outcome = property(contents_of(entry.path()));
    const std::string name = entry.path().filename().string();
    EXPECT_EQ(outcome.violation, "") << name;
    EXPECT_TRUE(name.starts_with("valid_") || name.starts_with("refused_")) << name;
    EXPECT_EQ(outcome.accepted, name.starts_with("valid_")) << name;
    if (outcome.accepted) ++accepted;
  }
  EXPECT_GE(accepted, 5U) << corpus;
}

TEST(Corpus, DerIsWrittenAsItIsRead) { replay("der_corpus", test::der_property); }
TEST(Corpus, CsrsAreReadAsOpenSslReadsThem) { replay("csr_corpus", test::csr_property); }
TEST(Corpus, CertificatesAreReadAsOpenSslReadsThem) { replay("certificate_corpus", test::certificate_property); }

TEST(Corpus, CrlsAreReadAsOpenSslReadsThem) { replay("crl_corpus", test::crl_property); }

TEST(Corpus, OcspResponsesAreReadAsOpenSslReadsThem) { replay("ocsp_corpus", test::ocsp_property); }

TEST(Corpus, NamesAreConstrainedAsOpenSslConstrainsThem) {
  replay("name_constraints_corpus", test::name_constraints_property);
}

}  // namespace
}  // namespace signet
