// A witness that is not ours (sigsum-witness of the package sigsum-go, see ci/install-deps): takes the checkpoints of a
// log whose key is on a token, and notices a rollback and a fork.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

#include "fault/http_post.h"
#include "integration/daemon.h"
#include "log/checkpoint_file.h"
#include "log/log_fixture.h"
#include "log/publisher.h"
#include "support/command.h"
#include "token/softhsm_fixture.h"

namespace signet::test {
namespace {

using log::TreeHead;

/// The log's key on its token, without a fence.
class KeyOnToken {
 public:
  explicit KeyOnToken(Pkcs11Session session)
      : session_(std::move(session)),
        public_key_(generate_key(session_, {.type = KeyType::kEd25519, .label = "log-1"}).value()),
        key_(TokenKey::find(session_, uri_of("pkcs11:object=log-1;type=private")).value()) {}

  [[nodiscard]] const PublicKey& public_key() const { return public_key_; }
  Result<Bytes> sign(std::string_view text) {
    SIGNET_TRY(const SignatureValue value, key_.sign(session_, SignatureAlgorithm::kEd25519, bytes_of(text)));
    return value.bytes();
  }

 private:
  Pkcs11Session session_;
  PublicKey public_key_;
  TokenKey key_;
};

/// What a taken-over keyholder would be: it signs for every log, and tells each only what it signed of that one.
class KeeperOfOneLog : public log::CheckpointKey {
 public:
  explicit KeeperOfOneLog(KeyOnToken& key) : key_(key) {}
  Result<std::optional<TreeHead>> last_signed() override { return last_; }
  Result<Bytes> sign(std::string_view text, std::uint64_t, const log::Proof&) override {
    SIGNET_TRY(const log::Checkpoint checkpoint, log::parse_checkpoint(text));
    last_ = TreeHead{.size = checkpoint.size, .root = checkpoint.root};
    return key_.sign(text);
  }

 private:
  KeyOnToken& key_;
  std::optional<TreeHead> last_;
};

/// A log that publishes at once.
class PublishedLog {
 public:
  PublishedLog(const std::string& directory, const log::NoteVerifier& verifier, KeyOnToken& key)
      : keeper_(key),
        log_(log::EntryLog::open(directory, system_clock()).value()),
        publisher_(log::Publisher::open(
                       {.directory = directory, .verifier = verifier, .interval = std::chrono::milliseconds(100)},
                       *log_, system_clock())
                       .value()) {
    EXPECT_TRUE(log_->start(recorder_).has_value());
    EXPECT_TRUE(publisher_->start(keeper_).has_value());
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
  KeeperOfOneLog keeper_;
  log::Recorder recorder_;
  std::unique_ptr<log::EntryLog> log_;
  std::unique_ptr<log::Publisher> publisher_;
};

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// sigsum-witness beside a log, whose key it knows.
class WitnessProcess {
 public:
  /// `raw_key`: the 32 bytes of the log's Ed25519 key.
  WitnessProcess(const TempDirectory& directory, const Bytes& raw_key) : directory_(directory) {
    run_ok({"sigsum-key", "generate", "-o", directory_ / "witness.key"});
    directory_.write("log.pub", run_ok({"sigsum-key", "from-hex"}, to_hex(raw_key)));
    // Go's newer request routing does not know the pattern this version registers.
    process_ = std::make_unique<BackgroundProcess>(
        std::vector<std::string>{"env", "GODEBUG=httpmuxgo121=0", "sigsum-witness", "-k", directory_ / "witness.key",
                                 "--log-key", directory_ / "log.pub", "--state-file", directory_ / "witness.state",
                                 "127.0.0.1:0"},
        directory_ / "witness.log");
    const bool listens =
        eventually([&] { return (port_ = listening_port(process_->pid())) != 0 || !process_->running(); });
    if (!listens || !process_->running()) throw std::runtime_error("no witness: " + log_text());
  }

  /// Gives it a checkpoint with the proof from the one of `old_size` that it has.
  [[nodiscard]] HttpAnswer add(std::uint64_t old_size, const log::Proof& proof, ByteView checkpoint) const {
    std::string body = "old " + std::to_string(old_size) + "\n";
    for (const Sha256& hash : proof) body += to_base64(hash) + "\n";
    body += "\n";
    body += text_of(checkpoint);
    return http_post(port_, "/add-checkpoint", body);
  }

  /// The checkpoint with what the witness answered behind it, opened by the log's and by the witness's key.
  [[nodiscard]] Result<log::OpenedNote> cosigned(ByteView checkpoint, const HttpAnswer& answer,
                                                 const log::NoteVerifier& log) const {
    Bytes note = copy_of(checkpoint);
    append(note, bytes_of(answer.body));
    const std::string name = answer.body.substr(4, answer.body.find(' ', 4) - 4);  // behind the dash and a space
    const std::string key =
        run_ok({"sigsum-key", "to-vkey", "-k", directory_ / "witness.key.pub", "-t", "cosignature/v1", "-n", name});
    SIGNET_TRY(const log::NoteVerifier witness, log::NoteVerifier::parse(first_line(key)));
    return log::open_note(note, std::vector{log, witness});
  }
  [[nodiscard]] std::string log_text() const { return slurp(directory_ / "witness.log"); }

 private:
  const TempDirectory& directory_;
  std::unique_ptr<BackgroundProcess> process_;
  std::uint16_t port_ = 0;
};

/// The last 32 bytes of an Ed25519 key's SubjectPublicKeyInfo (RFC 8410).
Bytes raw_key_of(const PublicKey& key) {
  const ByteView spki = key.spki();
  return copy_of(spki.last(32));
}

/// How sigsum names a log.
std::string sigsum_origin(const Bytes& raw_key) { return "sigsum.org/v1/tree/" + to_hex(sha256(raw_key)); }

log::Proof hashes_of(const std::vector<ByteVector>& hashes) {
  log::Proof proof(hashes.size());
  for (std::size_t i = 0; i < hashes.size(); ++i) std::ranges::copy(hashes[i], proof[i].begin());
  return proof;
}

class Witness : public SoftHsmTest {
 protected:
  void SetUp() override {
    SoftHsmTest::SetUp();
    key_ = std::make_unique<KeyOnToken>(logged_in());
    const Bytes raw = raw_key_of(key_->public_key());
    verifier_ = log::NoteVerifier::make(sigsum_origin(raw), log::NoteKeyType::kEd25519, key_->public_key()).value();
    log_ = std::make_unique<PublishedLog>(directory_ / "log", *verifier_, *key_);
    witness_ = std::make_unique<WitnessProcess>(directory_, raw);
  }

  /// Sends the newest checkpoint to a witness that has one of `old_size`.
  [[nodiscard]] HttpAnswer add_newest(std::uint64_t old_size) const {
    const log::Published newest = log_->publisher().newest();
    return witness_->add(old_size, log_->publisher().prove_consistency(old_size, newest).value(), newest.note);
  }

  TempDirectory directory_;
  std::unique_ptr<KeyOnToken> key_;
  std::optional<log::NoteVerifier> verifier_;
  std::unique_ptr<PublishedLog> log_;
  std::unique_ptr<WitnessProcess> witness_;
};

TEST_F(Witness, CosignsEachNewCheckpointAndItsCosignatureVerifies) {
  log::Published newest = log_->grow(3, "first");
  const HttpAnswer first = add_newest(0);
  ASSERT_EQ(first.status, 200) << first.head << first.body << witness_->log_text();
  log::Published before = newest;
  newest = log_->grow(300, "more");
  const HttpAnswer second = add_newest(before.size);
  ASSERT_EQ(second.status, 200) << second.head << second.body;
  const auto opened = witness_->cosigned(newest.note, second, *verifier_);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  ASSERT_EQ(opened->signatures.size(), 2U);
  EXPECT_EQ(opened->signatures[0].verifier, *verifier_);
  EXPECT_EQ(opened->signatures[1].verifier.type(), log::NoteKeyType::kCosignatureV1);
  ASSERT_TRUE(opened->signatures[1].time.has_value());
  const auto age = system_clock().now() - *opened->signatures[1].time;
  EXPECT_LT(std::chrono::abs(age), std::chrono::minutes(1));
  EXPECT_FALSE(witness_->cosigned(before.note, second, *verifier_).has_value())
      << "a cosignature of another checkpoint";
}

TEST_F(Witness, RefusesARollbackWithTheSizeItKnows) {
  const log::Published old = log_->grow(3, "first");
  ASSERT_EQ(add_newest(0).status, 200);
  const log::Published newest = log_->grow(5, "more");
  ASSERT_EQ(add_newest(old.size).status, 200);
  const HttpAnswer answer = witness_->add(0, {}, old.note);
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
      witness_->add(honest.size, fork.publisher().prove_consistency(honest.size, forked).value(), forked.note);
  EXPECT_EQ(answer.status, 422) << answer.head << answer.body;
  static_cast<void>(log_->grow(5, "more"));
  EXPECT_EQ(add_newest(honest.size).status, 200) << "and goes on with the log it knows";
}

TEST_F(Witness, RefusesACheckpointThatTheLogsKeyDidNotSign) {
  log::Published checkpoint = log_->grow(3, "first");
  log::Note note = log::parse_note(checkpoint.note).value();
  note.signatures[0].signature[0] ^= 1U;
  EXPECT_EQ(witness_->add(0, {}, log::format_note(note).value()).status, 403);
}

/// The whole daemon with a log of such a name: its checkpoints, as a client gets them.
TEST(WitnessOfTheDaemon, CosignsTheCheckpointsThatItsClientsGet) {
  const Installation ca;
  const TempDirectory directory;
  const PublicKey key = log::NoteVerifier::parse(first_line(slurp(ca.log_key()))).value().key();
  const std::string origin = sigsum_origin(raw_key_of(key));
  const auto verifier = log::NoteVerifier::make(origin, log::NoteKeyType::kEd25519, key).value();
  ca.edit("signet.toml", "[log]\n", "[log]\norigin = \"" + origin + "\"\n");
  Daemon daemon(ca);
  const WitnessProcess witness(directory, raw_key_of(key));
  const auto auditor = daemon.client("payments");
  std::uint64_t known = 0;
  for (int i = 0; i < 3; ++i) {
    const auto order =
        IssueOptions{.profile = "tls-server", .csr = ca.make_csr("DNS:a.plain.example"), .wait_for_proof = true};
    ASSERT_TRUE(daemon.client("plain")->issue(order).has_value()) << daemon.stderr_text();
    const auto checkpoint = auditor->log_checkpoint(known).value();
    const HttpAnswer answer = witness.add(known, hashes_of(checkpoint.consistency), checkpoint.note);
    ASSERT_EQ(answer.status, 200) << answer.head << answer.body << witness.log_text();
    const auto opened = witness.cosigned(checkpoint.note, answer, verifier);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    EXPECT_EQ(opened->signatures.size(), 2U);
    known = log::parse_checkpoint(opened->text).value().size;
  }
  EXPECT_EQ(daemon.stop(), 0) << daemon.stderr_text();
  const std::string own_key = directory.write("log.vkey", verifier.key_string() + "\n");
  const auto audit = run_command({program("signet-audit"), "verify", "--log-key", own_key, "--issuer", ca.issuing(),
                                  "--journal", ca.path("state/keyholder-soft/journal"), ca.path("state/log")});
  EXPECT_EQ(audit.status, 0) << audit.out << audit.err;
}

}  // namespace
}  // namespace signet::test
