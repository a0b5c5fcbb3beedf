// Notes signed by real keys: of OpenSSL, and on a SoftHSM token.
#include <gmock/gmock.h>

#include "note_keys.h"
#include "token/softhsm_fixture.h"

namespace signet::log {
namespace {

using testing::HasSubstr;

const std::string kText = "ca.example.com/signet/issuing-1\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";

class NoteSigning : public testing::TestWithParam<KeyType> {};

TEST_P(NoteSigning, WhatAKeySignsItsVerifierKeyOpens) {
  const TestKey key(GetParam());
  const NoteVerifier self = key.verifier("ca.example.com/signet/issuing-1");
  const auto signature = sign_note(kText, self, key.signer());
  ASSERT_TRUE(signature.has_value()) << signature.error().message;
  const auto note = format_note({kText, {*signature}});
  ASSERT_TRUE(note.has_value());
  const auto opened = open_note(*note, std::vector{NoteVerifier::parse(self.key_string()).value()});
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_EQ(opened->text, kText);
  EXPECT_EQ(opened->signatures.at(0).verifier, self);
}

TEST_P(NoteSigning, ASignatureThatDoesNotVerifyIsNotGivenAway) {
  const TestKey key(GetParam());
  const TestKey other(GetParam());
  const auto signature = sign_note(kText, key.verifier("log"), other.signer());
  ASSERT_FALSE(signature.has_value());
  EXPECT_EQ(signature.error().code, ErrorCode::kInternal);
  EXPECT_THAT(signature.error().message, HasSubstr("does not verify with its public key"));
}

INSTANTIATE_TEST_SUITE_P(Keys, NoteSigning,
                         testing::Values(KeyType::kEd25519, KeyType::kEcP256, KeyType::kEcP384, KeyType::kEcP521),
                         [](const auto& tested) {
                           std::string name(name_of(tested.param));
                           std::erase(name, '-');
                           return name;
                         });

TEST(NoteSigner, ItsErrorIsPassedOn) {
  const auto signature = sign_note(kText, TestKey(KeyType::kEd25519).verifier("log"), [](ByteView) -> Result<Bytes> {
    return fail(ErrorCode::kUnavailable, "the token is gone");
  });
  ASSERT_FALSE(signature.has_value());
  EXPECT_EQ(signature.error().code, ErrorCode::kUnavailable);
}

TEST(NoteSigner, IsNotAskedForATextThatIsNoNoteOrForACosignature) {
  const TestKey key(KeyType::kEd25519);
  const NoteSigner never = [](ByteView) -> Result<Bytes> {
    ADD_FAILURE() << "the key was asked to sign";
    return Bytes();
  };
  EXPECT_FALSE(sign_note("no newline", key.verifier("log"), never).has_value());
  EXPECT_FALSE(sign_note("a\rb\n", key.verifier("log"), never).has_value());
  EXPECT_FALSE(sign_note("", key.verifier("log"), never).has_value());
  EXPECT_THAT(sign_note(kText, key.verifier("w", NoteKeyType::kCosignatureV1), never).error().message,
              HasSubstr("key of a witness"));
}

TEST(NoteSigner, AnEd25519SignatureIsNoCosignatureAndTheOtherWayRound) {
  const TestKey key(KeyType::kEd25519);
  Note note = signed_note(kText, key, "log");
  note.signatures[0].key_id = key.verifier("log", NoteKeyType::kCosignatureV1).key_id();
  EXPECT_FALSE(verify_note(note, std::vector{key.verifier("log", NoteKeyType::kCosignatureV1)}).has_value());
  note.signatures[0] = key.cosign(kText, "log", 1'700'000'000);
  EXPECT_TRUE(verify_note(note, std::vector{key.verifier("log", NoteKeyType::kCosignatureV1)}).has_value());
  note.signatures[0].key_id = key.verifier("log").key_id();
  EXPECT_FALSE(verify_note(note, std::vector{key.verifier("log")}).has_value());
}

class NoteOnToken : public test::SoftHsmTest {
 protected:
  /// Makes a key on the token, signs kText with it and opens the note with the verifier key's text.
  void sign_and_open(KeyType key_type, NoteKeyType note_type, SignatureAlgorithm algorithm) {
    Pkcs11Session session = logged_in();
    const auto made = generate_key(session, {.type = key_type, .label = "log"});
    ASSERT_TRUE(made.has_value()) << made.error().message;
    const auto key = TokenKey::find(session, test::uri_of("pkcs11:object=log;type=private"));
    ASSERT_TRUE(key.has_value()) << key.error().message;
    const NoteVerifier self = NoteVerifier::make("ca.example.com/signet/issuing-1", note_type, *made).value();
    const auto signature = sign_note(kText, self, [&](ByteView message) -> Result<Bytes> {
      SIGNET_TRY(const SignatureValue value, key->sign(session, algorithm, message));
      return value.bytes();
    });
    ASSERT_TRUE(signature.has_value()) << signature.error().message;
    const auto opened = open_note(format_note({kText, {*signature}}).value(),
                                  std::vector{NoteVerifier::parse(self.key_string()).value()});
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    EXPECT_EQ(opened->text, kText);
  }
};

TEST_F(NoteOnToken, AnEd25519KeyOfSoftHsmSignsANote) {
  sign_and_open(KeyType::kEd25519, NoteKeyType::kEd25519, SignatureAlgorithm::kEd25519);
}
TEST_F(NoteOnToken, AP256KeyOfSoftHsmSignsANote) {
  sign_and_open(KeyType::kEcP256, NoteKeyType::kEcdsa, SignatureAlgorithm::kEcdsaSha256);
}

}  // namespace
}  // namespace signet::log
