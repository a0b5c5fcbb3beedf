// A witness that is not ours (sigsum-witness of the package sigsum-go, see ci/install-deps): takes the checkpoints of a
// log whose key is on a token, and notices a rollback and a fork.
#include <gmock/gmock.h>

#include <filesystem>

#include "fault/http_post.h"
#include "log/checkpoint_file.h"
#include "log/log_fixture.h"
#include "log/publisher.h"
#include "support/command.h"
#include "token/softhsm_fixture.h"

namespace signet::test {
namespace {

using log::TreeHead;

/// The log's key on its token, without a fence: what a taken-over keyholder would be.
class KeyOnToken : public log::CheckpointKey {
 public:
  explicit KeyOnToken(Pkcs11Session session)
      : session_(std::move(session)),
        public_key_(generate_key(session_, {.type = KeyType::kEd25519, .label = "log-1"}).value()),
        key_(TokenKey::find(session_, uri_of("pkcs11:object=log-1;type=private")).value()) {}

  [[nodiscard]] const PublicKey& public_key() const { return public_key_; }
  Result<std::optional<TreeHead>> last_signed() override { return std::nullopt; }
  Result<Bytes> sign(std::string_view text, std::uint64_t, const log::Proof&) override {
    SIGNET_TRY(const SignatureValue value, key_.sign(session_, SignatureAlgorithm::kEd25519, bytes_of(text)));
    return value.bytes();
  }

 private:
  Pkcs11Session session_;
  PublicKey public_key_;
  TokenKey key_;
};

/// A log that publishes at once.
class PublishedLog {
 public:
  PublishedLog(const std::string& directory, const log::NoteVerifier& verifier, log::CheckpointKey& key)
      : log_(log::EntryLog::open(directory, system_clock()).value()),
        publisher_(log::Publisher::open(
                       {.directory = directory, .verifier = verifier, .interval = std::chrono::milliseconds(100)},
                       *log_, system_clock())
                       .value()) {
    EXPECT_TRUE(log_->start(recorder_).has_value());
    EXPECT_TRUE(publisher_->start(key).has_value());
  }
  ~PublishedLog() { publisher_->stop(); }
  PublishedLog(const PublishedLog&) = delete;
  PublishedLog& operator=(const PublishedLog&) = delete;

  /// Appends so many entries and returns the checkpoint that covers them.
  log::Published grow(std::size_t entries, const std::string& text) {
    std::uint64_t last = 0;
    for (std::size_t i = 0; i < entries; ++i) last = log_->append(log::note(text)).value();
    EXPECT_TRUE(publisher_->wait_for(last, std::chrono::seconds(20)));
    return publisher_->newest();
  }
  [[nodiscard]] const log::Publisher& publisher() const { return *publisher_; }

 private:
  log::Recorder recorder_;
  std::unique_ptr<log::EntryLog> log_;
  std::unique_ptr<log::Publisher> publisher_;
};

class Witness : public SoftHsmTest {
 protected:
  void SetUp() override {
    SoftHsmTest::SetUp();
    key_ = std::make_unique<KeyOnToken>(logged_in());
    const Bytes raw = raw_key();
    verifier_ = log::NoteVerifier::make("sigsum.org/v1/tree/" + to_hex(sha256(raw)), log::NoteKeyType::kEd25519,
                                        key_->public_key())
                    .value();
    log_ = std::make_unique<PublishedLog>(directory_ / "log", *verifier_, *key_);
    start_witness(raw);
  }

  /// The last 32 bytes of an Ed25519 key's SubjectPublicKeyInfo (RFC 8410).
  [[nodiscard]] Bytes raw_key() const {
    const ByteView spki = key_->public_key().spki();
    return copy_of(spki.last(32));
  }

  void start_witness(const Bytes& log_key) {
    run_ok({"sigsum-key", "generate", "-o", directory_ / "witness.key"});
    directory_.write("log.pub", run_ok({"sigsum-key", "from-hex"}, to_hex(log_key)));
    // Go's newer request routing does not know the pattern this version registers.
    witness_ = std::make_unique<BackgroundProcess>(
        std::vector<std::string>{"env", "GODEBUG=httpmuxgo121=0", "sigsum-witness", "-k", directory_ / "witness.key",
                                 "--log-key", directory_ / "log.pub", "--state-file", directory_ / "witness.state",
                                 "127.0.0.1:0"},
        directory_ / "witness.log");
    ASSERT_TRUE(eventually([&] { return (port_ = listening_port(witness_->pid())) != 0 || !witness_->running(); }));
    ASSERT_TRUE(witness_->running()) << slurp(directory_ / "witness.log");
  }

  [[nodiscard]] HttpAnswer add(std::uint64_t old_size, const log::Proof& proof, ByteView checkpoint) const {
    std::string body = "old " + std::to_string(old_size) + "\n";
    for (const Sha256& hash : proof) body += to_base64(hash) + "\n";
    body += "\n";
    body += text_of(checkpoint);
    return http_post(port_, "/add-checkpoint", body);
  }

  /// Sends the newest checkpoint to a witness that has one of `old_size`.
  [[nodiscard]] HttpAnswer add_newest(std::uint64_t old_size) const {
    const log::Published newest = log_->publisher().newest();
    return add(old_size, log_->publisher().prove_consistency(old_size, newest).value(), newest.note);
  }

  /// The checkpoint with what the witness answered behind it, opened by the log's and by the witness's key.
  [[nodiscard]] Result<log::OpenedNote> cosigned(const log::Published& checkpoint, const HttpAnswer& answer) const {
    Bytes note = copy_of(checkpoint.note);
    append(note, bytes_of(answer.body));
    const std::string name = answer.body.substr(4, answer.body.find(' ', 4) - 4);  // behind the dash and a space
    std::string key =
        run_ok({"sigsum-key", "to-vkey", "-k", directory_ / "witness.key.pub", "-t", "cosignature/v1", "-n", name});
    key.erase(key.find_last_not_of('\n') + 1);
    SIGNET_TRY(const log::NoteVerifier witness, log::NoteVerifier::parse(key));
    return log::open_note(note, std::vector{*verifier_, witness});
  }

  TempDirectory directory_;
  std::unique_ptr<KeyOnToken> key_;
  std::optional<log::NoteVerifier> verifier_;
  std::unique_ptr<PublishedLog> log_;
  std::unique_ptr<BackgroundProcess> witness_;
  std::uint16_t port_ = 0;
};

TEST_F(Witness, CosignsEachNewCheckpointAndItsCosignatureVerifies) {
  log::Published newest = log_->grow(3, "first");
  const HttpAnswer first = add_newest(0);
  ASSERT_EQ(first.status, 200) << first.head << first.body << slurp(directory_ / "witness.log");
  log::Published before = newest;
  newest = log_->grow(300, "more");
  const HttpAnswer second = add_newest(before.size);
  ASSERT_EQ(second.status, 200) << second.head << second.body;
  const auto opened = cosigned(newest, second);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  ASSERT_EQ(opened->signatures.size(), 2U);
  EXPECT_EQ(opened->signatures[0].verifier, *verifier_);
  EXPECT_EQ(opened->signatures[1].verifier.type(), log::NoteKeyType::kCosignatureV1);
  ASSERT_TRUE(opened->signatures[1].time.has_value());
  const auto age = system_clock().now() - *opened->signatures[1].time;
  EXPECT_LT(std::chrono::abs(age), std::chrono::minutes(1));
  EXPECT_FALSE(cosigned(before, second).has_value()) << "a cosignature of another checkpoint";
}

TEST_F(Witness, RefusesARollbackWithTheSizeItKnows) {
  const log::Published old = log_->grow(3, "first");
  ASSERT_EQ(add_newest(0).status, 200);
  const log::Published newest = log_->grow(5, "more");
  ASSERT_EQ(add_newest(old.size).status, 200);
  const HttpAnswer answer = add(0, {}, old.note);
  EXPECT_EQ(answer.status, 409) << answer.head;
  EXPECT_THAT(answer.head, testing::HasSubstr("text/x.tlog.size"));
  EXPECT_EQ(answer.body, std::to_string(newest.size) + "\n");
}

TEST_F(Witness, RefusesAForkThatTheLogsOwnKeySigned) {
  const log::Published honest = log_->grow(3, "first");
  ASSERT_EQ(add_newest(0).status, 200);
  PublishedLog fork(directory_ / "fork", *verifier_, *key_);
  const log::Published forked = fork.grow(7, "another history");
  const HttpAnswer answer =
      add(honest.size, fork.publisher().prove_consistency(honest.size, forked).value(), forked.note);
  EXPECT_EQ(answer.status, 422) << answer.head << answer.body;
  static_cast<void>(log_->grow(5, "more"));
  EXPECT_EQ(add_newest(honest.size).status, 200) << "and goes on with the log it knows";
}

TEST_F(Witness, RefusesACheckpointThatTheLogsKeyDidNotSign) {
  log::Published checkpoint = log_->grow(3, "first");
  log::Note note = log::parse_note(checkpoint.note).value();
  note.signatures[0].signature[0] ^= 1U;
  EXPECT_EQ(add(0, {}, log::format_note(note).value()).status, 403);
}

}  // namespace
}  // namespace signet::test
