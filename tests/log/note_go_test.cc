// The same notes, opened and signed by Go's golang.org/x/mod/sumdb/note (go_note/main.go).
#include <gmock/gmock.h>

#include "log/checkpoint.h"
#include "note_keys.h"
#include "support/command.h"
#include "support/temp_directory.h"

namespace signet::log {
namespace {

using test::run_command;
using testing::HasSubstr;

/// Builds go_note with the distribution's packages and without a network.
class NoteInGo : public testing::Test {
 protected:
  void SetUp() override {
    const auto built = run_command({"go", "build", "-o", program(), SIGNET_SOURCE_DIR "/tests/log/go_note/main.go",
                                    SIGNET_SOURCE_DIR "/tests/log/go_note/folder.go"},
                                   {},
                                   {"GO111MODULE=off", "GOPATH=/usr/share/gocode", "GOFLAGS=", "CGO_ENABLED=0",
                                    "GOCACHE=" SIGNET_BIN_DIR "/../go-cache"},
                                   std::chrono::seconds(240));
    ASSERT_EQ(built.status, 0) << "go and golang-golang-x-mod-dev are needed: run ci/install-deps\n" << built.err;
  }

  [[nodiscard]] std::string program() const { return directory_ / "go_note"; }

  /// Gives `note` to note.Open with these keys.
  [[nodiscard]] test::CommandResult open(const std::string& note, const std::vector<std::string>& keys) const {
    std::vector<std::string> command{program(), "open"};
    command.insert(command.end(), keys.begin(), keys.end());
    return run_command(command, note);
  }

  test::TempDirectory directory_;
  std::string origin_ = "ca.example.com/signet/issuing-1";
  std::string text_ = format_checkpoint({origin_, 70'000, sha256(bytes_of("root"))}).value();
};

TEST_F(NoteInGo, OpensWhatWeSignWithTheKeyStringWeWrite) {
  const TestKey key(KeyType::kEd25519);
  const auto opened = open(text_of_note(signed_note(text_, key, origin_)), {key.verifier(origin_).key_string()});
  ASSERT_EQ(opened.status, 0) << opened.err;
  EXPECT_EQ(opened.out, key.verifier(origin_).describe() + "\n\n" + text_);
}

TEST_F(NoteInGo, OpensANoteOfEveryTypeOfSignature) {
  const TestKey ed25519(KeyType::kEd25519);
  const TestKey p256(KeyType::kEcP256);
  const TestKey p384(KeyType::kEcP384);
  const TestKey witness(KeyType::kEd25519);
  Note note{text_, {}};
  std::vector<std::string> keys;
  std::string verified;
  for (const TestKey* const key : {&ed25519, &p256, &p384}) {
    note.signatures.push_back(signed_note(text_, *key, origin_).signatures[0]);
    keys.push_back(key->verifier(origin_).key_string());
    verified += key->verifier(origin_).describe() + "\n";
  }
  note.signatures.push_back(witness.cosign(text_, "witness.example/w1", 1'700'000'000));
  const NoteVerifier cosigner = witness.verifier("witness.example/w1", NoteKeyType::kCosignatureV1);
  keys.push_back(cosigner.key_string());
  const auto opened = open(text_of_note(note), keys);
  ASSERT_EQ(opened.status, 0) << opened.err;
  EXPECT_EQ(opened.out, verified + cosigner.describe() + "\n\n" + text_);
}

TEST_F(NoteInGo, RefusesWhatWeRefuse) {
  const TestKey key(KeyType::kEd25519);
  Note note = signed_note(text_, key, origin_);
  note.signatures[0].signature[5] ^= 1;
  const std::string bad = text_of_note(note);
  EXPECT_FALSE(open_note(bytes_of(bad), std::vector{key.verifier(origin_)}).has_value());
  const auto opened = open(bad, {key.verifier(origin_).key_string()});
  EXPECT_NE(opened.status, 0);
  EXPECT_THAT(opened.err, HasSubstr("invalid signature for key " + key.verifier(origin_).describe()));
}

TEST_F(NoteInGo, SignsWhatWeOpenWithTheKeyStringItWrites) {
  const auto signed_by_go = run_command({program(), "sign", origin_}, text_);
  ASSERT_EQ(signed_by_go.status, 0) << signed_by_go.err;
  const std::size_t end = signed_by_go.out.find('\n');
  const std::string key = signed_by_go.out.substr(0, end);
  const std::string note = signed_by_go.out.substr(end + 1);
  const auto verifier = NoteVerifier::parse(key);
  ASSERT_TRUE(verifier.has_value()) << verifier.error().message;
  EXPECT_EQ(verifier->key_string(), key);
  const auto opened = open_note(bytes_of(note), std::vector{*verifier});
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_EQ(opened->text, text_);
  EXPECT_EQ(text_of_note(parse_note(bytes_of(note)).value()), note);
}

}  // namespace
}  // namespace signet::log
