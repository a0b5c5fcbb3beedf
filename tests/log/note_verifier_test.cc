#include "log/note_verifier.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "note_keys.h"
#include "note_vectors.h"

namespace signet::log {
namespace {

using testing::HasSubstr;

std::string why(std::string_view key_string) {
  const auto verifier = NoteVerifier::parse(key_string);
  return verifier.has_value() ? "accepted" : verifier.error().message;
}

/// The verifier key of a name and a key, with the right id whatever they are: Ed25519's rule.
std::string made_key(std::string_view name, const Bytes& material) {
  Bytes hashed = copy_of(bytes_of(name));
  hashed.push_back('\n');
  append(hashed, material);
  return fmt::format("{}+{:08x}+{}", name, read_u32(sha256(hashed)), to_base64(material));
}

Bytes ed25519_material() {
  const std::string_view key = vectors::kGo.key;
  return from_base64(key.substr(key.rfind('+') + 1)).value();
}

TEST(NoteVerifier, ReadsAndWritesThePublishedKeys) {
  const struct {
    std::string_view key;
    std::string_view name;
    NoteKeyType type;
    std::uint32_t key_id;
  } published[] = {
      {vectors::kSpecification.key, "example.com/foo", NoteKeyType::kEd25519, 0x530d903a},
      {vectors::kGo.key, "PeterNeumann", NoteKeyType::kEd25519, 0xc74f20a3},
      {vectors::kGoSecondKey, "EnochRoot", NoteKeyType::kEd25519, 0xaf0cfe78},
      {vectors::kPlusKey, "TEST", NoteKeyType::kEd25519, 0x7997405c},
      {vectors::kRekor.key, "rekor.sigstore.dev", NoteKeyType::kEcdsa, 0xc0d23d6a},
      {vectors::kPixel.key, "pixel6_transparency_log", NoteKeyType::kEcdsa, 0x91c16e30},
      {vectors::kRemoraKey, "remora.n621.de", NoteKeyType::kCosignatureV1, 0xda77ade7},
      {vectors::kStagemoleKey, "witness.stagemole.eu", NoteKeyType::kCosignatureV1, 0x67f7aea0},
  };
  for (const auto& [key, name, type, key_id] : published) {
    const auto verifier = NoteVerifier::parse(key);
    ASSERT_TRUE(verifier.has_value()) << verifier.error().message;
    EXPECT_EQ(verifier->name(), name);
    EXPECT_EQ(verifier->type(), type);
    EXPECT_EQ(verifier->key_id(), key_id);
    EXPECT_EQ(verifier->key_string(), key);
    EXPECT_EQ(NoteVerifier::make(std::string(name), type, verifier->key()).value(), *verifier);
  }
}

TEST(NoteVerifier, RefusesEveryPartAndEveryNeighbourOfAKey) {
  const std::string key(vectors::kGo.key);
  for (std::size_t begin = 0; begin < key.size(); ++begin) {
    for (std::size_t length = 0; length <= key.size() - begin; ++length) {
      if (length == key.size()) continue;
      EXPECT_NE(why(key.substr(begin, length)), "accepted") << key.substr(begin, length);
    }
  }
  for (std::size_t i = 0; i < key.size(); ++i) {
    std::string other = key;
    ++other[i];
    EXPECT_NE(why(other), "accepted") << other;
  }
}

TEST(NoteVerifier, RefusesAKeyStringWithoutItsThreeParts) {
  EXPECT_THAT(why(""), HasSubstr("fewer than two '+'"));
  EXPECT_THAT(why("name+c74f20a3"), HasSubstr("fewer than two '+'"));
}

TEST(NoteVerifier, RefusesAKeyIdThatIsNotOfNameAndKey) {
  std::string key(vectors::kGo.key);
  EXPECT_THAT(why("Another" + key.substr(key.find('+'))), HasSubstr("the key id of this name and key is"));
  key.replace(key.find("c74f20a3"), 8, "c74f20a4");
  EXPECT_THAT(why(key), HasSubstr("the key id of this name and key is c74f20a3"));
}

TEST(NoteVerifier, RefusesAKeyIdThatIsNotEightLowerCaseDigits) {
  for (const std::string_view id : {"C74F20A3", "c74f20a", "0c74f20a3", "", "c74f20a ", "0xc74f20"}) {
    std::string key(vectors::kGo.key);
    EXPECT_NE(why(key.replace(key.find("c74f20a3"), 8, id)), "accepted") << id;
  }
}

TEST(NoteVerifier, RefusesBase64ThatIsNotCanonical) {
  const std::string key(vectors::kRekor.key);  // ends in one '='
  EXPECT_EQ(why(key), "accepted");
  EXPECT_THAT(why(key.substr(0, key.size() - 1)), HasSubstr("not base64"));
  EXPECT_THAT(why(key + "\n"), HasSubstr("not base64"));
  EXPECT_THAT(why(key.substr(0, key.size() - 2) + "d="), HasSubstr("not base64"));  // loose bits
}

TEST(NoteVerifier, RefusesATypeItDoesNotKnow) {
  for (const std::uint8_t type : Bytes{0x00, 0x03, 0x05, 0x06, 0xff}) {
    Bytes material = ed25519_material();
    material[0] = type;
    EXPECT_THAT(why(made_key("PeterNeumann", material)), HasSubstr("is not known")) << int{type};
  }
  EXPECT_THAT(why(made_key("PeterNeumann", {})), HasSubstr("there is no key"));
}

TEST(NoteVerifier, RefusesAKeyOfTheWrongLength) {
  for (const std::uint8_t type : Bytes{0x01, 0x04}) {
    Bytes material = ed25519_material();
    material[0] = type;
    EXPECT_EQ(why(made_key("PeterNeumann", material)), "accepted");
    material.push_back(0);
    EXPECT_THAT(why(made_key("PeterNeumann", material)), HasSubstr("33 bytes"));
    material.resize(32);
    EXPECT_THAT(why(made_key("PeterNeumann", material)), HasSubstr("31 bytes"));
  }
}

TEST(NoteVerifier, RefusesAnEcdsaKeyThatIsNoCurveOrNotAlone) {
  const auto key_string = [](ByteView spki) {
    Bytes material{0x02};
    append(material, spki);
    return fmt::format("log+{:08x}+{}", read_u32(sha256(spki)), to_base64(material));
  };
  const PublicKey good = TestKey(KeyType::kEcP256).public_key();
  EXPECT_EQ(why(key_string(good.spki())), "accepted");
  Bytes longer = copy_of(good.spki());
  longer.push_back(0);
  EXPECT_NE(why(key_string(longer)), "accepted");
  Bytes off_curve = copy_of(good.spki());
  off_curve.back() ^= 1;
  EXPECT_NE(why(key_string(off_curve)), "accepted");
  EXPECT_THAT(why(key_string(TestKey(KeyType::kRsa).public_key().spki())), HasSubstr("makes no ECDSA signatures"));
  EXPECT_THAT(why(key_string(TestKey(KeyType::kEd25519).public_key().spki())), HasSubstr("makes no ECDSA signatures"));
}

TEST(NoteVerifier, RefusesKeyNamesThatCannotStandInASignatureLine) {
  const PublicKey key = TestKey(KeyType::kEd25519).public_key();
  const auto refusal = [&](std::string name) {
    const auto verifier = NoteVerifier::make(std::move(name), NoteKeyType::kEd25519, key);
    return verifier.has_value() ? "accepted" : verifier.error().message;
  };
  EXPECT_EQ(refusal("ca.example.com/signet/issuing-1"), "accepted");
  EXPECT_EQ(refusal("bücher.example"), "accepted");
  EXPECT_THAT(refusal(""), HasSubstr("empty"));
  EXPECT_THAT(refusal("a+b"), HasSubstr("'+'"));
  EXPECT_THAT(refusal("a\xFF"), HasSubstr("not UTF-8"));
  EXPECT_THAT(refusal("a\x01"), HasSubstr("control character"));
}

TEST(NoteVerifier, RefusesControlCharactersInKeyNamesThatATerminalWouldObey) {
  for (const std::string_view control : {"\x1B", "\x7F", "\u0080", "\u0084", "\u009B", "\u009F"}) {
    const auto checked = check_key_name("a" + std::string(control) + "31mb");
    ASSERT_FALSE(checked.has_value());
    EXPECT_THAT(checked.error().message, HasSubstr("control character"));
  }
  EXPECT_TRUE(check_key_name("a\u00A1b").has_value());
}

TEST(NoteVerifier, RefusesEveryUnicodeSpaceInKeyNames) {
  // PropList.txt of the Unicode Character Database, White_Space.
  for (const std::string_view space :
       {"\t",     "\n",     "\v",     "\f",     "\r",     " ",      "\u0085", "\u00A0", "\u1680",
        "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008",
        "\u2009", "\u200A", "\u2028", "\u2029", "\u202F", "\u205F", "\u3000"}) {
    const auto checked = check_key_name(std::string("a") + std::string(space) + "b");
    ASSERT_FALSE(checked.has_value()) << space;
    EXPECT_THAT(checked.error().message, HasSubstr("contains a space"));
  }
  for (const std::string_view no_space : {"\u200B", "\u180E", "\uFEFF", "\u2014"}) {
    EXPECT_TRUE(check_key_name(std::string("a") + std::string(no_space)).has_value()) << no_space;
  }
}

TEST(NoteVerifier, RefusesKeysThatCannotMakeTheType) {
  const PublicKey ed25519 = TestKey(KeyType::kEd25519).public_key();
  const PublicKey p256 = TestKey(KeyType::kEcP256).public_key();
  EXPECT_FALSE(NoteVerifier::make("log", NoteKeyType::kEd25519, p256).has_value());
  EXPECT_FALSE(NoteVerifier::make("log", NoteKeyType::kCosignatureV1, p256).has_value());
  EXPECT_FALSE(NoteVerifier::make("log", NoteKeyType::kEcdsa, ed25519).has_value());
}

TEST(NoteVerifier, OneKeyHasAnotherIdForEachNameAndType) {
  const TestKey key(KeyType::kEd25519);
  const NoteVerifier log = key.verifier("log", NoteKeyType::kEd25519);
  EXPECT_NE(log.key_id(), key.verifier("log2", NoteKeyType::kEd25519).key_id());
  EXPECT_NE(log.key_id(), key.verifier("log", NoteKeyType::kCosignatureV1).key_id());
}

}  // namespace
}  // namespace signet::log
