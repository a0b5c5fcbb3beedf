// The keyholder's process, asked for checkpoints over its socket.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "base/clock.h"
#include "keyholder/authority.h"
#include "keyholder/grown_log.h"
#include "keyholder/process_harness.h"
#include "log/note_verifier.h"
#include "support/command.h"

namespace signet::test {
namespace {

using log::JournalKind;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

std::vector<log::JournalRecord> records_of(const std::string& journal) {
  std::vector<log::JournalRecord> records;
  const auto end = log::read_journal(journal, [&](std::uint64_t, const log::JournalRecord& record) -> Result<void> {
    records.push_back(record);
    return {};
  });
  EXPECT_TRUE(end.has_value()) << end.error().message;
  return records;
}

std::vector<JournalKind> kinds_of(const std::vector<log::JournalRecord>& records) {
  std::vector<JournalKind> kinds;
  for (const auto& record : records) kinds.push_back(record.kind);
  return kinds;
}

TbsDer leaf_of(const Scenario& scenario) { return encode_tbs(leaf_fields(*scenario.ca, system_clock().now())); }

/// Whoever has the public key takes it for a signed note's.
bool is_signed(const internal::KeyholderToIssuer& answer, const PublicKey& key, const std::string& text) {
  const bool ed25519 = key.type() == KeyType::kEd25519;
  const auto verifier = log::NoteVerifier::make(text.substr(0, text.find('\n')),
                                                ed25519 ? log::NoteKeyType::kEd25519 : log::NoteKeyType::kEcdsa, key);
  return answer.has_signature() && verifier->verify(text, bytes_of(answer.signature())).has_value();
}

std::string rule_of(const internal::KeyholderToIssuer& answer) {
  if (!answer.has_error()) return "it was signed";
  EXPECT_FALSE(answer.error().retryable());
  return answer.error().field();
}

const internal::KeyDescription& key_in(const internal::TokenDescription& description, const std::string& name) {
  for (const auto& key : description.keys()) {
    if (key.name() == name) return key;
  }
  throw std::runtime_error("the keyholder describes no key " + name);
}

std::optional<log::TreeHead> last_of(Channel& channel, const std::string& name = "log-1") {
  const internal::TokenDescription description = ask_description(channel);
  const internal::KeyDescription& key = key_in(description, name);
  if (!key.has_last_checkpoint()) return {};
  log::TreeHead head{.size = key.last_checkpoint().size()};
  EXPECT_EQ(key.last_checkpoint().root().size(), head.root.size());
  std::ranges::copy(bytes_of(key.last_checkpoint().root()), head.root.begin());
  return head;
}

/// A keyholder with the CA's key and the log's, and an issuer.
class CheckpointTest : public testing::Test {
 protected:
  void start() {
    channel_.reset();
    keyholder_.reset();
    keyholder_ = std::make_unique<Keyholder>(scenario_);
    attach();
  }
  void start_with_file_limit(std::uint64_t bytes) {
    keyholder_ = std::make_unique<Keyholder>(scenario_, bytes);
    attach();
  }
  void kill_at_once() {
    kill(keyholder_->pid(), SIGKILL);
    ASSERT_TRUE(keyholder_->wait().has_value());
  }
  /// Asks for one checkpoint after the other, an entry more each time, until one is not signed: how many were.
  std::size_t sign_until_refused() {
    for (std::size_t size = 0;; ++size) {
      if (!try_to_ask([&] { return sign(size, size + 1); })) return size;
    }
  }
  /// Asks for certificates, likewise.
  std::size_t certify_until_refused() {
    for (std::size_t count = 0;; ++count) {
      const TbsDer tbs = encode_tbs(leaf_fields(*scenario_.ca, system_clock().now()));
      if (!try_to_ask([&] { return ask(*channel_, tbs.view()); })) return count;
    }
  }
  bool left_to_be_restarted() {
    const auto status = keyholder_->wait();
    return status && WIFEXITED(*status) && WEXITSTATUS(*status) == 1;
  }
  internal::KeyholderToIssuer sign(std::size_t old_size, std::size_t size) {
    return ask_checkpoint(*channel_, log_.text(size), old_size, log_.proof(old_size, size));
  }
  bool signs(std::size_t old_size, std::size_t size) {
    const auto answer = sign(old_size, size);
    EXPECT_FALSE(answer.has_error()) << answer.error().message();
    return is_signed(answer, *key_, log_.text(size));
  }

  Scenario scenario_;
  std::optional<PublicKey> key_ = scenario_.add_log_key();
  GrownLog log_;
  GrownLog fork_{"ca.example/test", "another entry"};
  std::unique_ptr<Keyholder> keyholder_;
  std::unique_ptr<Channel> channel_;

 private:
  /// Whether there was a signature. Where there was none, it was said why; or the process had gone already, because the
  /// thread that syncs the journal noticed first.
  template <class Ask>
  bool try_to_ask(Ask&& ask_once) {
    try {
      const internal::KeyholderToIssuer answer = ask_once();
      if (answer.has_signature()) return true;
      EXPECT_TRUE(answer.error().retryable());
      EXPECT_EQ(static_cast<ErrorCode>(answer.error().code()), ErrorCode::kUnavailable);
      EXPECT_THAT(answer.error().message(), AllOf(HasSubstr("signs nothing"), HasSubstr(scenario_.journal())));
    } catch (const std::runtime_error&) {
    }
    return false;
  }
  void attach() {
    const auto said = keyholder_->started();
    ASSERT_TRUE(said.has_ready()) << said.failed().message();
    channel_ = keyholder_->connect();
  }
};

TEST_F(CheckpointTest, SignsALogThatGrows) {
  start();
  EXPECT_TRUE(signs(0, 1));
  EXPECT_TRUE(signs(1, 5));
  EXPECT_TRUE(signs(5, 5)) << "the same once more";
  EXPECT_TRUE(signs(5, 64));
  EXPECT_TRUE(signs(64, 200));
}

TEST_F(CheckpointTest, SignsWithAnEcdsaKey) {
  Scenario scenario;
  const PublicKey key = scenario.add_log_key(KeyType::kEcP256);
  Keyholder keyholder(scenario);
  ASSERT_TRUE(keyholder.started().has_ready());
  const auto channel = keyholder.connect();
  const auto answer = ask_checkpoint(*channel, log_.text(3));
  EXPECT_TRUE(is_signed(answer, key, log_.text(3))) << answer.error().message();
  EXPECT_EQ(bytes_of(answer.signature())[0], 0x30) << "DER ECDSA-Sig-Value";
}

TEST_F(CheckpointTest, RefusesARollbackAForkAndAWrongProofAndGoesOn) {
  start();
  ASSERT_TRUE(signs(0, 8));
  EXPECT_EQ(rule_of(sign(8, 7)), "fence.size");
  EXPECT_EQ(rule_of(sign(0, 7)), "fence.size");
  EXPECT_EQ(rule_of(ask_checkpoint(*channel_, fork_.text(8), 8)), "fence.size");
  EXPECT_EQ(rule_of(ask_checkpoint(*channel_, fork_.text(13), 8, fork_.proof(8, 13))), "fence.consistency");
  EXPECT_EQ(rule_of(ask_checkpoint(*channel_, log_.text(13), 8, fork_.proof(8, 13))), "fence.consistency");
  EXPECT_EQ(rule_of(ask_checkpoint(*channel_, log_.text(13), 8)), "fence.consistency");
  EXPECT_EQ(rule_of(ask_checkpoint(*channel_, log_.text(13), 0)), "fence.consistency");
  EXPECT_EQ(rule_of(ask_checkpoint(*channel_, log_.text(13), 4, log_.proof(4, 13))), "fence.consistency");
  EXPECT_EQ(last_of(*channel_), log_.head(8)) << "a refusal moves nothing";
  EXPECT_TRUE(signs(8, 13));
}

TEST_F(CheckpointTest, RefusesAHashOfAnotherLength) {
  start();
  ASSERT_TRUE(signs(0, 8));
  internal::IssuerToKeyholder question;
  question.set_id(7);
  question.mutable_sign()->set_key("log-1");
  question.mutable_sign()->set_kind(internal::ARTIFACT_KIND_LOG_CHECKPOINT);
  question.mutable_sign()->set_structure(log_.text(9));
  question.mutable_sign()->mutable_consistency()->set_old_size(8);
  question.mutable_sign()->mutable_consistency()->add_hashes(std::string(31, 'x'));
  ASSERT_TRUE(channel_->send(question).has_value());
  EXPECT_EQ(rule_of(next_answer(*channel_)), "fence.consistency");
}

TEST_F(CheckpointTest, RefusesAnotherOriginAndForeignText) {
  start();
  GrownLog other("ca.example/other");
  EXPECT_EQ(rule_of(ask_checkpoint(*channel_, other.text(3))), "fence.origin");
  EXPECT_EQ(rule_of(ask_checkpoint(*channel_, "I owe you a house.\n")), "fence.structure");
  EXPECT_EQ(rule_of(ask_checkpoint(*channel_, log_.text(3) + "extension\n")), "fence.structure");
  EXPECT_EQ(rule_of(ask_checkpoint(*channel_, "")), "fence.structure");
  EXPECT_EQ(last_of(*channel_), std::nullopt);
}

TEST_F(CheckpointTest, TakesNoStructureForOneOfAnotherKind) {
  start();
  const TbsDer tbs = leaf_of(scenario_);
  constexpr auto kCertificate = internal::ARTIFACT_KIND_END_ENTITY_CERTIFICATE;
  EXPECT_EQ(rule_of(ask_checkpoint(*channel_, text_of(tbs.view()))), "fence.structure");
  EXPECT_EQ(rule_of(ask(*channel_, tbs.view(), "log-1", kCertificate)), "fence.kind");
  EXPECT_EQ(rule_of(ask(*channel_, bytes_of(log_.text(3)), "log-1", kCertificate)), "fence.kind");
  EXPECT_EQ(rule_of(ask(*channel_, bytes_of(log_.text(3)), "issuing-1", kCertificate)), "fence.structure");
  EXPECT_EQ(rule_of(ask_checkpoint(*channel_, log_.text(3), 0, {}, "issuing-1")), "fence.kind");
  EXPECT_EQ(rule_of(ask_checkpoint(*channel_, text_of(tbs.view()), 0, {}, "issuing-1")), "fence.kind");
  EXPECT_THAT(kinds_of(records_of(scenario_.journal())),
              ElementsAre(JournalKind::kStart, JournalKind::kLastCheckpoint));
}

TEST_F(CheckpointTest, TakesNoProofBesideACertificate) {
  start();
  internal::IssuerToKeyholder question;
  question.set_id(7);
  question.mutable_sign()->set_key("issuing-1");
  question.mutable_sign()->set_kind(internal::ARTIFACT_KIND_END_ENTITY_CERTIFICATE);
  question.mutable_sign()->set_structure(std::string(text_of(leaf_of(scenario_).view())));
  question.mutable_sign()->mutable_consistency();
  ASSERT_TRUE(channel_->send(question).has_value());
  EXPECT_EQ(rule_of(next_answer(*channel_)), "consistency");
}

TEST_F(CheckpointTest, APredecessorsKeySignsThePredecessorOnly) {
  const PublicKey old_key = scenario_.add_predecessor("ca.example/old");
  GrownLog old_log("ca.example/old");
  start();
  EXPECT_TRUE(is_signed(ask_checkpoint(*channel_, old_log.text(9), 0, {}, "log-0"), old_key, old_log.text(9)));
  EXPECT_TRUE(signs(0, 2));
  EXPECT_EQ(rule_of(ask_checkpoint(*channel_, old_log.text(9), 2, {}, "log-1")), "fence.origin");
  EXPECT_EQ(rule_of(ask_checkpoint(*channel_, log_.text(9), 9, {}, "log-0")), "fence.origin");
  start();
  EXPECT_EQ(last_of(*channel_, "log-0"), old_log.head(9)) << "each has a memory of its own";
  EXPECT_EQ(last_of(*channel_, "log-1"), log_.head(2));
}

// ---- memory --------------------------------------------------------------------------------------------------------

TEST_F(CheckpointTest, RemembersAfterBeingKilledRightAfterTheSignature) {
  for (const std::size_t size : {3U, 8U, 21U}) {
    start();
    const std::size_t before = last_of(*channel_).value_or(log::TreeHead{}).size;
    ASSERT_TRUE(signs(before, size));
    kill_at_once();
    start();
    EXPECT_EQ(last_of(*channel_), log_.head(size));
    EXPECT_EQ(rule_of(sign(before, size - 1)), "fence.size");
    EXPECT_EQ(rule_of(ask_checkpoint(*channel_, fork_.text(size), size)), "fence.size");
    EXPECT_TRUE(signs(size, size)) << "the issuer may have missed the answer";
    kill_at_once();
  }
}

TEST_F(CheckpointTest, RemembersACheckpointWhoseSignatureNobodySaw) {
  start();
  ASSERT_TRUE(signs(0, 5));
  kill_at_once();
  scenario_.use_fault_module("C_Sign", "crash", 2);  // the first two are the self-tests of the two keys
  start();
  request_checkpoint(*channel_, 1, log_.text(8), 5, log_.proof(5, 8));
  const auto status = keyholder_->wait();
  ASSERT_TRUE(status && WIFSIGNALED(*status));
  EXPECT_EQ(records_of(scenario_.journal()).back().size, 8U) << "it was on the disk before the token was asked";
}

TEST_F(CheckpointTest, JournalHoldsExactlyWhatWasSigned) {
  start();
  const TbsDer first = leaf_of(scenario_);
  const TbsDer second = leaf_of(scenario_);
  TbsFields sub_ca = leaf_fields(*scenario_.ca, system_clock().now());
  sub_ca.basic_constraints = BasicConstraints{.ca = true, .path_length = {}};
  const Time before = system_clock().now();
  ASSERT_TRUE(ask(*channel_, first.view()).has_signature());
  ASSERT_TRUE(signs(0, 3));
  ASSERT_FALSE(ask(*channel_, encode_tbs(sub_ca).view()).has_signature());
  ASSERT_FALSE(sign(3, 2).has_signature());
  ASSERT_TRUE(ask(*channel_, second.view()).has_signature());
  ASSERT_TRUE(signs(3, 7));

  const auto records = records_of(scenario_.journal());
  EXPECT_THAT(kinds_of(records), ElementsAre(JournalKind::kStart, JournalKind::kLastCheckpoint,
                                             JournalKind::kEndEntityCertificate, JournalKind::kLogCheckpoint,
                                             JournalKind::kEndEntityCertificate, JournalKind::kLogCheckpoint));
  ASSERT_EQ(records.size(), 6U);
  EXPECT_EQ(records[1].key, key_->spki_sha256());
  EXPECT_EQ(records[1].structure, Sha256{}) << "it signed none yet";
  EXPECT_EQ(records[2].structure, sha256(first.view()));
  EXPECT_EQ(records[2].key, scenario_.ca->public_key().spki_sha256());
  EXPECT_EQ(records[3].structure, sha256(bytes_of(log_.text(3))));
  EXPECT_EQ(records[3].key, key_->spki_sha256());
  EXPECT_EQ(records[3].size, 3U);
  EXPECT_EQ(records[3].root, log_.root(3));
  EXPECT_EQ(records[4].structure, sha256(second.view()));
  EXPECT_EQ(records[5].size, 7U);
  for (std::size_t i = 2; i < records.size(); ++i) {
    EXPECT_GE(records[i].time, before);
    EXPECT_LE(records[i].time, system_clock().now());
  }
}

TEST_F(CheckpointTest, JournalGoesOnWhereTheLastKeyholderLeftIt) {
  start();
  ASSERT_TRUE(ask(*channel_, leaf_of(scenario_).view()).has_signature());
  kill_at_once();
  start();
  ASSERT_TRUE(signs(0, 2));
  internal::SupervisorToChild drain;
  drain.mutable_drain();
  keyholder_->send(drain);
  const auto status = keyholder_->wait();
  EXPECT_TRUE(status && WIFEXITED(*status) && WEXITSTATUS(*status) == 0);
  EXPECT_THAT(kinds_of(records_of(scenario_.journal())),
              ElementsAre(JournalKind::kStart, JournalKind::kLastCheckpoint, JournalKind::kEndEntityCertificate,
                          JournalKind::kStart, JournalKind::kLastCheckpoint, JournalKind::kLogCheckpoint));
}

TEST_F(CheckpointTest, KeepsItsJournalFromOthers) {
  scenario_.state_directory = scenario_.softhsm.directory() / "not-there-yet";
  start();
  struct stat status{};
  ASSERT_EQ(stat(scenario_.journal().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  ASSERT_EQ(stat((scenario_.state_directory + "/keyholder-soft").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0700U);
}

// ---- two at a time -------------------------------------------------------------------------------------------------

TEST_F(CheckpointTest, NeverSignsTwoForksThatAreAskedForAtOnce) {
  scenario_.sessions = 8;
  start();
  // Round by round two histories go on from what was signed; whichever is first shuts the other out.
  for (std::size_t size = 0; size < 30; ++size) {
    constexpr std::uint64_t kRequests = 8;
    GrownLog histories[] = {log_, log_.forked_at(size)};
    for (std::uint64_t id = 0; id < kRequests; ++id) {
      GrownLog& history = histories[id % 2];
      request_checkpoint(*channel_, id, history.text(size + 1), size, history.proof(size, size + 1));
    }
    std::set<std::uint64_t> was_signed;
    for (std::uint64_t i = 0; i < kRequests; ++i) {
      const auto answer = next_answer(*channel_);
      if (answer.has_signature()) was_signed.insert(answer.id() % 2);
    }
    ASSERT_EQ(was_signed.size(), 1U) << "of size " << size + 1;
    log_ = histories[*was_signed.begin()];
  }
}

TEST_F(CheckpointTest, OfTwoLaterTreesAtOnceItSignsNoneThatGoesBack) {
  scenario_.sessions = 4;
  start();
  std::size_t size = 1;
  ASSERT_TRUE(signs(0, size));
  for (int round = 0; round < 30; ++round) {
    request_checkpoint(*channel_, 1, log_.text(size + 1), size, log_.proof(size, size + 1));
    request_checkpoint(*channel_, 2, log_.text(size + 2), size, log_.proof(size, size + 2));
    std::vector<std::uint64_t> signed_ids;
    for (int i = 0; i < 2; ++i) {
      const auto answer = next_answer(*channel_);
      if (answer.has_signature()) signed_ids.push_back(answer.id());
    }
    ASSERT_EQ(signed_ids.size(), 1U) << "both start from the same memory, and only one of them can be next";
    size += signed_ids.front();
    ASSERT_EQ(last_of(*channel_), log_.head(size));
  }
}

// ---- what is told --------------------------------------------------------------------------------------------------

TEST_F(CheckpointTest, DescribesTokenAndKeys) {
  start();
  const internal::TokenDescription token = ask_description(*channel_);
  EXPECT_EQ(token.label(), "signet-test");
  EXPECT_EQ(token.manufacturer(), "SoftHSM project");
  EXPECT_EQ(token.model(), "SoftHSM v2");
  EXPECT_EQ(token.serial().size(), 16U);
  EXPECT_THAT(token.firmware(), testing::MatchesRegex("[0-9]+\\.[0-9]+"));
  EXPECT_THAT(token.module(), HasSubstr("SoftHSM"));
  ASSERT_EQ(token.keys_size(), 2);
  const internal::KeyDescription& log_key = key_in(token, "log-1");
  EXPECT_EQ(log_key.uri(), "pkcs11:token=signet-test;object=log-1;type=private");
  EXPECT_TRUE(equal(bytes_of(log_key.spki()), key_->spki()));
  const std::map<std::string, bool> attributes(log_key.attributes().begin(), log_key.attributes().end());
  EXPECT_THAT(attributes, UnorderedElementsAre(Pair("CKA_SENSITIVE", true), Pair("CKA_EXTRACTABLE", false),
                                               Pair("CKA_ALWAYS_SENSITIVE", true), Pair("CKA_NEVER_EXTRACTABLE", true),
                                               Pair("CKA_LOCAL", true)));
  EXPECT_TRUE(equal(bytes_of(key_in(token, "issuing-1").spki()), scenario_.ca->public_key().spki()));
  EXPECT_FALSE(key_in(token, "issuing-1").has_last_checkpoint());
  EXPECT_EQ(last_of(*channel_), std::nullopt);
  ASSERT_TRUE(signs(0, 4));
  EXPECT_EQ(last_of(*channel_), log_.head(4));
}

TEST_F(CheckpointTest, DescribesWhileAModuleHangs) {
  scenario_.sessions = 1;
  scenario_.use_fault_module("C_Sign", "hang", 2);
  start();
  request_checkpoint(*channel_, 1, log_.text(4));
  ASSERT_TRUE(eventually([&] { return last_of(*channel_) == log_.head(4); }));
}

TEST_F(CheckpointTest, EndsAConnectionThatAsksNothing) {
  start();
  internal::IssuerToKeyholder nothing;
  nothing.set_id(1);
  ASSERT_TRUE(channel_->send(nothing).has_value());
  EXPECT_THROW(static_cast<void>(next_answer(*channel_)), std::runtime_error);
  channel_ = keyholder_->connect(2);
  EXPECT_TRUE(signs(0, 1));
}

// ---- a journal that cannot be kept
// -----------------------------------------------------------------------------------

constexpr std::size_t kRoom = 64;         // records that fit into a full journal
constexpr std::size_t kStartRecords = 2;  // of them: the start's, and that the log's key signed nothing yet

TEST_F(CheckpointTest, LeavesWhenItsJournalIsFullAndTheNextOneRemembersAll) {
  start_with_file_limit(kRoom * log::kJournalRecordBytes + 60);
  const std::size_t size = sign_until_refused();
  EXPECT_EQ(size, kRoom - kStartRecords);
  EXPECT_TRUE(left_to_be_restarted());
  EXPECT_EQ(std::filesystem::file_size(scenario_.journal()), kRoom * log::kJournalRecordBytes + 60);

  start();
  EXPECT_EQ(last_of(*channel_), log_.head(size)) << "what was cut off was never signed";
  EXPECT_TRUE(signs(size, size + 2));
  EXPECT_EQ(records_of(scenario_.journal()).size(), kRoom + kStartRecords + 1);
}

TEST_F(CheckpointTest, SignsNoCertificateThatItCannotNote) {
  start_with_file_limit(kRoom * log::kJournalRecordBytes);
  EXPECT_EQ(certify_until_refused(), kRoom - kStartRecords);
  EXPECT_TRUE(left_to_be_restarted());
}

TEST_F(CheckpointTest, StartsOnlyWhereItsJournalCanBe) {
  scenario_.state_directory = "/proc/nowhere";
  Keyholder nowhere(scenario_);
  EXPECT_THAT(nowhere.failure().message(),
              AllOf(HasSubstr("token.soft: the keyholder's journal"), HasSubstr("/proc/nowhere")));
  ASSERT_TRUE(nowhere.wait().has_value());

  scenario_.state_directory = scenario_.softhsm.directory().write("a-file", "x");
  Keyholder no_folder(scenario_);
  const auto failure = no_folder.failure();
  EXPECT_THAT(failure.message(), HasSubstr("a-file"));
  EXPECT_EQ(failure.field(), "state.directory");
}

TEST_F(CheckpointTest, StartsOnlyWithAJournalOfItsOwn) {
  start();
  kill_at_once();
  const auto lock = lock_file(scenario_.journal());
  ASSERT_TRUE(lock.has_value());
  Keyholder second(scenario_);
  const auto failure = second.failure();
  EXPECT_EQ(static_cast<ErrorCode>(failure.code()), ErrorCode::kFailedPrecondition);
  EXPECT_THAT(failure.message(), HasSubstr(scenario_.journal()));
}

TEST_F(CheckpointTest, DoesNotStartWithAJournalThatIsDamagedWhereItsMemoryIs) {
  start();
  ASSERT_TRUE(signs(0, 5));
  // So many that no write cut off at the end explains what stands in front of them.
  constexpr std::size_t kMany = log::kMaxUnsyncedBytes / log::kJournalRecordBytes + 10;
  for (std::size_t i = 0; i < kMany; ++i) ASSERT_TRUE(ask(*channel_, leaf_of(scenario_).view()).has_signature());
  kill_at_once();
  std::fstream(scenario_.journal(), std::ios::binary | std::ios::in | std::ios::out)
      .seekp(3 * log::kJournalRecordBytes + 50)
      .put('x');
  Keyholder keyholder(scenario_);
  const auto failure = keyholder.failure();
  EXPECT_EQ(static_cast<ErrorCode>(failure.code()), ErrorCode::kDataLoss);
  EXPECT_THAT(failure.message(), HasSubstr(scenario_.journal()));
}

// ---- the log's public key
// --------------------------------------------------------------------------------------------

TEST_F(CheckpointTest, RefusesAPublicKeyFileOfAnotherKeyAndNamesBoth) {
  const PublicKey other = PublicKey::from_spki(fresh_spki()).value();
  scenario_.log_public_key = scenario_.softhsm.directory().write("other.pem", encode_pem("PUBLIC KEY", other.spki()));
  Keyholder keyholder(scenario_);
  const auto failure = keyholder.failure();
  EXPECT_EQ(failure.field(), "key.log-1.public_key");
  EXPECT_THAT(failure.message(), AllOf(HasSubstr("public key"), HasSubstr("other.pem"), HasSubstr("object=log-1"),
                                       HasSubstr(to_hex(other.key_id())), HasSubstr(to_hex(key_->key_id()))));
}

TEST_F(CheckpointTest, RefusesAPublicKeyFileThatIsNone) {
  const TempDirectory& directory = scenario_.softhsm.directory();
  const std::string pem = encode_pem("PUBLIC KEY", key_->spki());
  const std::pair<std::string, const char*> cases[] = {
      {directory.write("empty.pem", ""), "no PEM block"},
      {directory.write("two.pem", pem + pem), "holds 2 public keys"},
      {directory.write("bad.pem", encode_pem("PUBLIC KEY", Bytes{0x30, 0x00})), "key.log-1.public_key: "},
      {scenario_.certificate_file, "no PEM block"},
      {directory / "nowhere.pem", "nowhere.pem"},
  };
  for (const auto& [file, message] : cases) {
    scenario_.log_public_key = file;
    Keyholder keyholder(scenario_);
    EXPECT_THAT(keyholder.failure().message(), HasSubstr(message)) << file;
    ASSERT_TRUE(keyholder.wait().has_value());
  }
}

TEST(LogKeyStart, RefusesAKeyThatNotesHaveNoSignatureTypeFor) {
  for (const KeyType type : {KeyType::kEcP384, KeyType::kRsa}) {
    Scenario scenario;
    const PublicKey key = scenario.add_log_key(type);
    Keyholder keyholder(scenario);
    const auto failure = keyholder.failure();
    EXPECT_EQ(failure.field(), "key.log-1.public_key");
    EXPECT_THAT(failure.message(), AllOf(HasSubstr(key.describe()), HasSubstr("ed25519 or ec-p256")));
  }
}

}  // namespace
}  // namespace signet::test
