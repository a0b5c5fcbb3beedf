#include "x509/blocked_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "crypto.h"
#include "support/command.h"
#include "support/temp_directory.h"
#include "weak_keys.h"

namespace signet {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

BlockedKeys list_of(const std::string& text) { return BlockedKeys::parse(bytes_of(text), "blocked").value(); }

std::string error_of(const std::string& text) {
  const auto keys = BlockedKeys::parse(bytes_of(text), "blocked");
  if (keys.has_value()) return "";
  EXPECT_EQ(keys.error().code, ErrorCode::kInvalidArgument);
  return keys.error().message;
}

std::string line_of(const PublicKey& key) { return to_hex(key.spki_sha256()) + "\n"; }

PublicKey new_key(KeyType type = KeyType::kEcP256) { return test::public_key_of(test::make_key(type).get()); }

/// The SHA-256 of nothing in particular.
std::string some_line(unsigned number) { return to_hex(sha256(bytes_of(std::to_string(number)))) + "\n"; }

TEST(BlockedKeys, BlocksTheKeysWhoseHashesItHas) {
  for (const KeyType type : {KeyType::kEcP256, KeyType::kEd25519, KeyType::kRsa}) {
    const PublicKey blocked = new_key(type);
    const BlockedKeys keys = list_of("# leaked\n\n" + some_line(1) + line_of(blocked) + some_line(2));
    EXPECT_EQ(keys.size(), 3U);
    const auto refused = keys.check(blocked);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(refused.error().field, "csr.subjectPublicKeyInfo");
    EXPECT_EQ(refused.error().message,
              "the key with SHA-256 " + to_hex(blocked.spki_sha256()) +
                  " is on the list of blocked keys: others know its private half; make a new key (rule key.blocked)");
    EXPECT_TRUE(keys.check(new_key(type)).has_value());
  }
}

TEST(BlockedKeys, WithoutAListBlocksNothing) {
  EXPECT_EQ(BlockedKeys().size(), 0U);
  EXPECT_TRUE(BlockedKeys().check(new_key()).has_value());
}

TEST(BlockedKeys, HashesWhatTheManualSays) {
  const test::TempDirectory directory;
  test::run_ok(
      {"openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", directory / "key"});
  const std::string lines = test::run_ok(
      {"sh", "-c", "openssl pkey -in " + (directory / "key") + " -pubout -outform DER | sha256sum | cut -d' ' -f1"});
  const std::string der = test::run_ok({"openssl", "pkey", "-in", directory / "key", "-pubout", "-outform", "DER"});
  EXPECT_FALSE(list_of(lines).check(PublicKey::from_spki(bytes_of(der)).value()).has_value());
}

TEST(BlockedKeys, TakesDebiansLists) {
  // A key that Debian's broken OpenSSL made, and its line in openssl-blacklist, as Boulder's tests have them.
  const Bytes modulus =
      from_hex(
          "d673252af6723c3f72529403eab7c30def3c52f97e799825f4a70191c616adcf1ece1113f1625971074c492c592025fd"
          "eadbdb146a081826bdf0d77c3c913dcf1b6f0b3b78f5108d2e493ad0eee8ca5c021711adc13d358e61133870fcd19c8e"
          "5c22403959782aa82e72aee53a3d491e3912ce27b27e1a85ea69c19a527d28f7934c9823b7e56fdd657dac83fdc65bb2"
          "2a98d843df73238919781b714c81a5e2afec71f5c54aa2a27c590ad94c03c1062d50efcffac743e3c8a3ae056846a1d7"
          "56eb862bf4224169d467c35215ade0afcc11e85fe629afb802c4786ff2e9c929bccf502b3d3b8876c6a11785cc398b38"
          "9f1d86bdd9cb0bd4ec13956ec3fa270d")
          .value();
  const PublicKey weak = PublicKey::from_spki(rsa_spki(modulus, Bytes{1, 0, 1})).value();
  const BlockedKeys keys = list_of("# from openssl-blacklist\n8df20e6961a16398b85a\n" + some_line(1));
  EXPECT_EQ(keys.size(), 2U);
  EXPECT_FALSE(keys.check(weak).has_value());
  EXPECT_TRUE(keys.check(new_key(KeyType::kRsa)).has_value());
  EXPECT_TRUE(keys.check(new_key()).has_value());
  // The exponent is not part of what these lists hash.
  EXPECT_FALSE(keys.check(PublicKey::from_spki(rsa_spki(modulus, Bytes{3})).value()).has_value());
}

TEST(BlockedKeys, HashesAModulusAsOpenSslPrintsIt) {
  const test::TempDirectory directory;
  test::run_ok({"openssl", "genrsa", "-out", directory / "key", "2048"});
  const std::string line =
      test::run_ok({"sh", "-c", "openssl rsa -noout -modulus -in " + (directory / "key") + " | sha1sum | cut -c21-40"});
  const std::string der = test::run_ok({"openssl", "pkey", "-in", directory / "key", "-pubout", "-outform", "DER"});
  EXPECT_FALSE(list_of(line).check(PublicKey::from_spki(bytes_of(der)).value()).has_value());
}

TEST(BlockedKeys, FindsEachOfManyInWhateverOrder) {
  std::vector<PublicKey> blocked;
  std::string text;
  for (unsigned i = 0; i < 3'000; ++i) {
    if (i % 100 == 0) text += line_of(blocked.emplace_back(new_key(KeyType::kEd25519)));
    text += some_line(i);
  }
  const BlockedKeys keys = list_of(text);
  EXPECT_EQ(keys.size(), 3'030U);
  for (const PublicKey& key : blocked) EXPECT_FALSE(keys.check(key).has_value());
  for (int i = 0; i < 30; ++i) EXPECT_TRUE(keys.check(new_key(KeyType::kEd25519)).has_value());
}

TEST(BlockedKeys, CountsARepeatedHashOnce) {
  const PublicKey key = new_key();
  const BlockedKeys keys = list_of(line_of(key) + some_line(1) + line_of(key) + line_of(key));
  EXPECT_EQ(keys.size(), 2U);
  EXPECT_FALSE(keys.check(key).has_value());
}

TEST(BlockedKeys, RefusesLinesThatAreNoHashAndSaysWhere) {
  const std::string good = some_line(1);
  const std::string hash = good.substr(0, 64);
  std::string upper = hash;
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  std::string last_digit = hash;
  last_digit.back() = 'g';
  std::string nul = hash;
  nul[5] = '\0';
  for (const std::string& bad :
       {upper, last_digit, nul, hash.substr(1), hash + "0", hash + " ", " " + hash, hash + "\r", "0x" + hash.substr(2),
        hash.substr(0, 40), std::string("8DF20E6961A16398B85A"), std::string("8df20e6961a16398b85"), std::string(" "),
        std::string(64, '\xFF'), std::string("sha256:") + hash}) {
    EXPECT_THAT(error_of("# comment\n" + good + bad + "\n" + good),
                AllOf(testing::StartsWith("blocked:3: is \""), HasSubstr("expected 64 lower-case hexadecimal digits")))
        << bad;
  }
}

TEST(BlockedKeys, RefusesAFileThatWasCutOff) {
  EXPECT_EQ(error_of(some_line(1) + some_line(2).substr(0, 64)),
            "blocked:2: does not end in a line feed; the file may have been cut off: copy it again");
  EXPECT_THAT(error_of(some_line(1) + "# comm"), HasSubstr("cut off"));
}

TEST(BlockedKeys, RefusesAFileThatNamesNoKey) {
  for (const char* text : {"", "\n", "# nothing yet\n"})
    EXPECT_THAT(error_of(text), HasSubstr("blocked: names no key; put hashes into it")) << text;
}

TEST(BlockedKeys, AreLoadedFromAFileThatOthersCannotWrite) {
  const test::TempDirectory directory;
  const PublicKey key = new_key();
  const std::string path = directory.write("blocked", line_of(key));
  const auto keys = BlockedKeys::load(path, "issue.blocked_keys");
  ASSERT_TRUE(keys.has_value()) << keys.error().message;
  EXPECT_FALSE(keys->check(key).has_value());

  const auto refused = [](const std::string& file) {
    const auto loaded = BlockedKeys::load(file, "issue.blocked_keys");
    EXPECT_FALSE(loaded.has_value());
    EXPECT_EQ(loaded.has_value() ? "" : loaded.error().field, "issue.blocked_keys");
    return loaded.has_value() ? "" : loaded.error().message;
  };
  EXPECT_THAT(refused(directory / "missing"), HasSubstr("missing"));
  EXPECT_THAT(refused(directory.write("bad", "x\n")), HasSubstr("/bad:1: is \"x\""));
  std::filesystem::create_symlink(path, directory / "link");
  EXPECT_THAT(refused(directory / "link"), HasSubstr("symbolic link"));
  ASSERT_EQ(chmod(path.c_str(), 0666), 0);
  EXPECT_THAT(refused(path), HasSubstr("others must not write"));
}

}  // namespace
}  // namespace signet
