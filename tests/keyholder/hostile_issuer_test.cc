// Whoever takes over the issuer gets nothing signed that the fence forbids: a program in its place, at the socket of a
// real keyholder.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <regex>
#include <set>

#include "base/rng.h"
#include "keyholder/authority.h"
#include "keyholder/hostile_requests.h"
#include "support/command.h"

namespace signet::test {
namespace {

using log::JournalKind;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<log::JournalRecord> records_of(const std::string& journal) {
  std::vector<log::JournalRecord> records;
  const auto end = log::read_journal(journal, [&](std::uint64_t, const log::JournalRecord& record) -> Result<void> {
    records.push_back(record);
    return {};
  });
  EXPECT_TRUE(end.has_value()) << end.error().message;
  return records;
}

std::size_t signatures_in(const std::string& journal) {
  std::size_t count = 0;
  for (const auto& record : records_of(journal))
    count += record.kind == JournalKind::kStart || log::is_repeat(record.kind) ? 0 : 1;
  return count;
}

std::string field_of(const internal::KeyholderToIssuer& answer) {
  return answer.has_error() ? answer.error().field() : "it was signed";
}

/// A keyholder and whoever stands in the issuer's place.
struct Running {
  explicit Running(const Scenario& scenario) : keyholder(scenario) {
    const auto said = keyholder.started();
    EXPECT_TRUE(said.has_ready()) << said.failed().message();
    channel = keyholder.connect();
  }
  void kill_at_once() {
    kill(keyholder.pid(), SIGKILL);
    EXPECT_TRUE(keyholder.wait().has_value());
  }
  Keyholder keyholder;
  std::unique_ptr<Channel> channel;
};

class HostileIssuer : public testing::Test {
 protected:
  void expect_signed(Running& running, const Question& question, const std::string& what) {
    const std::size_t before = signatures_in(world_.scenario.journal());
    const auto answer = ask(*running.channel, question);
    EXPECT_TRUE(world_.is_signature_of(answer, question)) << what << ": " << answer.error().message();
    EXPECT_EQ(signatures_in(world_.scenario.journal()), before + 1) << what;
  }
  /// Of the structures in flight at once, those that were signed.
  std::set<std::uint64_t> signed_of(Running& running, const std::vector<Question>& questions) {
    for (std::size_t id = 0; id < questions.size(); ++id) send(*running.channel, id, questions[id]);
    std::set<std::uint64_t> was_signed;
    for (std::size_t i = 0; i < questions.size(); ++i) {
      const auto answer = next_answer(*running.channel);
      if (!answer.has_signature()) continue;
      EXPECT_TRUE(world_.is_signature_of(answer, questions[answer.id()]));
      was_signed.insert(answer.id());
    }
    return was_signed;
  }
  Question crl(std::uint64_t number) {
    return {.kind = internal::ARTIFACT_KIND_CRL, .structure = encode_tbs_crl(world_.crl(number)).bytes()};
  }
  Question leaf_with(const SerialNumber& serial) {
    TbsFields fields = world_.leaf();
    fields.serial = serial;
    return {.structure = encode_tbs(fields).bytes()};
  }

  HostileWorld world_;
};

TEST_F(HostileIssuer, GetsNothingSignedThatARuleForbidsAndAllThatItAllows) {
  {
    Running running(world_.scenario);
    for (const Question& question : world_.before()) expect_signed(running, question, "to begin with");
    running.kill_at_once();
  }
  const std::vector<Hostile> table = world_.table();
  {
    // A module that ends its process at the first signature behind the self-tests of the three keys.
    world_.scenario.use_fault_module("C_Sign", "crash", 3);
    Running running(world_.scenario);
    const std::size_t before = records_of(world_.scenario.journal()).size();
    for (const Hostile& hostile : table) {
      const auto answer = ask(*running.channel, hostile.refused);
      EXPECT_EQ(field_of(answer), hostile.field) << hostile.what << ": " << answer.error().message();
      EXPECT_FALSE(answer.error().retryable()) << hostile.what;
    }
    EXPECT_EQ(records_of(world_.scenario.journal()).size(), before) << "a refusal leaves no trace in the journal";
    send(*running.channel, 1, table.front().near_miss);
    const auto status = running.keyholder.wait();
    EXPECT_TRUE(status && WIFSIGNALED(*status)) << "nothing had reached the token, and this one does";
  }
  // What died unsigned is on record, and its number is used up.
  world_.scenario.use_softhsm_itself();
  Running running(world_.scenario);
  for (std::size_t i = 1; i < table.size(); ++i) expect_signed(running, table[i].near_miss, table[i].what);
}

TEST_F(HostileIssuer, IsTriedAtEveryRuleThatTheManualHas) {
  const std::string manual = slurp(std::string(SIGNET_SOURCE_DIR) + "/docs/fence.md");
  std::set<std::string> documented;
  const std::regex rule("\n\\| `(fence\\.[a-z_]+)` ");
  for (std::sregex_iterator found(manual.begin(), manual.end(), rule); found != std::sregex_iterator(); ++found)
    documented.insert((*found)[1]);
  std::set<std::string> tried{"fence.serial"};  // below
  for (const Hostile& hostile : world_.table()) {
    if (hostile.field.starts_with("fence.")) tried.insert(hostile.field);
  }
  EXPECT_EQ(tried, documented);
}

// ---- a serial number is signed once ------------------------------------------------------------------------------

TEST_F(HostileIssuer, GetsASerialNumberSignedOnce) {
  const TbsFields fields = world_.leaf();
  const Question first = leaf_with(fields.serial);
  {
    Running running(world_.scenario);
    expect_signed(running, first, "the first");
    const auto replayed = ask(*running.channel, first);
    EXPECT_EQ(field_of(replayed), "fence.serial") << "the very same bytes";
    EXPECT_EQ(static_cast<ErrorCode>(replayed.error().code()), ErrorCode::kAlreadyExists)
        << "not PERMISSION_DENIED, which would say that there is no signature";
    EXPECT_THAT(replayed.error().message(), HasSubstr(fields.serial.hex()));
    EXPECT_EQ(field_of(ask(*running.channel, leaf_with(fields.serial))), "fence.serial") << "another certificate";
    TbsFields of_another_ca = world_.sub_ca();
    of_another_ca.serial = fields.serial;
    const Question other{
        .key = "upper", .kind = internal::ARTIFACT_KIND_CA_CERTIFICATE, .structure = encode_tbs(of_another_ca).bytes()};
    expect_signed(running, other, "each CA has serial numbers of its own");
    running.kill_at_once();
  }
  Running again(world_.scenario);
  EXPECT_EQ(field_of(ask(*again.channel, leaf_with(fields.serial))), "fence.serial") << "it remembers";
  EXPECT_EQ(signatures_in(world_.scenario.journal()), 2U);
  expect_signed(again, leaf_with(world_.leaf().serial), "another serial number");
}

TEST_F(HostileIssuer, GetsOneOfManyCertificatesWithOneSerialNumberAskedForAtOnce) {
  Running running(world_.scenario);
  for (int round = 0; round < 20; ++round) {
    const SerialNumber serial = world_.leaf().serial;
    std::vector<Question> questions;
    for (int i = 0; i < 8; ++i) questions.push_back(leaf_with(serial));
    EXPECT_EQ(signed_of(running, questions).size(), 1U);
  }
}

TEST_F(HostileIssuer, LeavesTheSerialNumberInTheJournal) {
  TbsFields fields = world_.leaf();
  fields.serial = SerialNumber::from_der_contents(Bytes{0x00, 0x81, 0x23}).value();
  Running running(world_.scenario);
  expect_signed(running, {.structure = encode_tbs(fields).bytes()}, "a short one");
  log::JournalNumber expected{};
  expected[18] = 0x81;
  expected[19] = 0x23;
  EXPECT_EQ(records_of(world_.scenario.journal()).back().number, expected);
}

// ---- CRLs --------------------------------------------------------------------------------------------------------

TEST_F(HostileIssuer, GetsNoOlderCrlFromAKeyholderThatWasKilled) {
  for (std::uint64_t number = 10; number <= 30; number += 10) {
    Running running(world_.scenario);
    expect_signed(running, crl(number), "a newer one");
    running.kill_at_once();
    Running again(world_.scenario);
    EXPECT_EQ(field_of(ask(*again.channel, crl(number))), "fence.crl_number");
    EXPECT_EQ(field_of(ask(*again.channel, crl(number - 1))), "fence.crl_number");
    again.kill_at_once();
  }
}

TEST_F(HostileIssuer, GetsNoSecondCrlOfANumberWhoseSignatureNobodySaw) {
  world_.scenario.use_fault_module("C_Sign", "crash", 3);
  {
    Running running(world_.scenario);
    send(*running.channel, 1, crl(5));
    const auto status = running.keyholder.wait();
    ASSERT_TRUE(status && WIFSIGNALED(*status));
  }
  const auto records = records_of(world_.scenario.journal());
  EXPECT_EQ(records.back().kind, JournalKind::kCrl) << "it was on the disk before the token was asked";
  EXPECT_EQ(records.back().number, CrlNumber(5).padded());
  world_.scenario.use_softhsm_itself();
  Running running(world_.scenario);
  EXPECT_EQ(field_of(ask(*running.channel, crl(5))), "fence.crl_number");
  expect_signed(running, crl(6), "the next one");
}

TEST_F(HostileIssuer, GetsOneOfManyCrlsWithOneNumberAskedForAtOnce) {
  Running running(world_.scenario);
  for (std::uint64_t number = 1; number <= 20; ++number) {
    std::vector<Question> questions;
    for (int i = 0; i < 8; ++i) questions.push_back(crl(number));
    EXPECT_EQ(signed_of(running, questions).size(), 1U) << number;
  }
}

TEST_F(HostileIssuer, IsToldTheNumberOfTheLastCrl) {
  Running running(world_.scenario);
  const auto number_of = [&](const std::string& name) {
    const internal::TokenDescription description = ask_description(*running.channel);
    for (const auto& key : description.keys()) {
      if (key.name() == name) return to_hex(bytes_of(key.last_crl_number()));
    }
    return std::string("no such key");
  };
  EXPECT_EQ(number_of("issuing-1"), "");
  expect_signed(running, crl(258), "the first");
  EXPECT_EQ(number_of("issuing-1"), to_hex(CrlNumber(258).padded()));
  EXPECT_EQ(number_of("upper"), "");
}

TEST_F(HostileIssuer, GetsCrlsOfAKeyOnTwoTokensFromTheFirstOneOnly) {
  world_.scenario.key_tokens = "tokens = [\"soft\", \"elsewhere\"]";
  {
    Running first(world_.scenario);
    expect_signed(first, crl(1), "of the first token");
    first.kill_at_once();
  }
  world_.scenario.key_tokens = "tokens = [\"elsewhere\", \"soft\"]";
  const std::size_t before = signatures_in(world_.scenario.journal());
  Running second(world_.scenario);
  const internal::KeyholderToIssuer refused = ask(*second.channel, crl(2));
  EXPECT_EQ(field_of(refused), "fence.kind");
  EXPECT_EQ(static_cast<ErrorCode>(refused.error().code()), ErrorCode::kPermissionDenied);
  EXPECT_EQ(refused.error().message(),
            "the keyholder's fence refuses: of the tokens that hold key 'issuing-1' only the first one signs CRLs, "
            "because one keyholder has to remember the last number; ask token 'elsewhere'");
  EXPECT_EQ(signatures_in(world_.scenario.journal()), before);
  expect_signed(second, {.structure = encode_tbs(world_.leaf()).bytes()}, "certificates are signed by each");
}

TEST_F(HostileIssuer, IsToldOfAKeyThatSignsNoCrlsThatItsFenceDoesNotNameThem) {
  world_.scenario.fence = "may_sign = [\"end-entity-certificate\"]\nlongest_validity = \"100d\"\n";
  world_.scenario.key_tokens = "tokens = [\"elsewhere\", \"soft\"]";
  Running second(world_.scenario);
  const internal::KeyholderToIssuer refused = ask(*second.channel, crl(2));
  EXPECT_EQ(field_of(refused), "fence.kind");
  EXPECT_THAT(refused.error().message(), HasSubstr("may_sign does not name crl"));
}

TEST_F(HostileIssuer, GetsALongCrlSigned) {
  CrlFields fields = world_.crl(1);
  fields.revoked.clear();
  for (int i = 0; i < 30'000; ++i)
    fields.revoked.push_back({.serial = SerialNumber::random(system_rng()).value(), .revoked = fields.this_update});
  Running running(world_.scenario);
  expect_signed(running, {.kind = internal::ARTIFACT_KIND_CRL, .structure = encode_tbs_crl(fields).bytes()}, "long");
}

TEST_F(HostileIssuer, MeetsNoKeyholderThatSignsCrlsForACaWithoutCrlSign) {
  Scenario scenario;
  TbsFields fields = scenario.ca->fields();
  fields.key_usage = kKeyCertSign;
  scenario.fence = "may_sign = [\"crl\"]\nlongest_crl_period = \"1d\"\n";
  scenario.certificate_file = scenario.softhsm.directory().write(
      "no-crl.pem", encode_pem("CERTIFICATE", unsigned_certificate(fields).der().view()));
  Keyholder keyholder(scenario);
  const auto failure = keyholder.failure();
  EXPECT_EQ(failure.field(), "key.issuing-1.certificate");
  EXPECT_THAT(failure.message(), HasSubstr("has no cRLSign"));
}

TEST_F(HostileIssuer, MeetsNoKeyholderWhoseLogKeyIsTheOneOfACa) {
  Scenario scenario;
  const PublicKey key = scenario.add_log_key(KeyType::kEcP256);
  const Certificate ca = unsigned_certificate(ca_fields(key, "Issuing CA", system_clock().now()));
  scenario.uri = "pkcs11:token=signet-test;object=log-1;type=private";
  scenario.certificate_file =
      scenario.softhsm.directory().write("log-1.pem", encode_pem("CERTIFICATE", ca.der().view()));
  Keyholder keyholder(scenario);
  const auto failure = keyholder.failure();
  EXPECT_EQ(failure.field(), "key.log-1.uri");
  EXPECT_THAT(failure.message(), HasSubstr("give the log a key of its own"));
}

// ---- frames that are none ----------------------------------------------------------------------------------------

TEST_F(HostileIssuer, IsCutOffForAFrameThatIsNoneAndTheNextOneIsServed) {
  const std::vector<Bytes> frames = {
      {0, 0, 0, 0},                                     // no body
      {0xFF, 0xFF, 0xFF, 0xFF},                         // 4 GiB
      {0, 0, 0, 3, 0xFF, 0xFF, 0xFF},                   // no protobuf
      {0, 0, 0, 2, 0x08, 0x01},                         // a message that asks nothing
      {0, 0, 0, 4, 0x08, 0x01, 0x98, 0x06},             // a field that is cut off
      {0, 0, 0, 5, 0x08, 0x01, 0x98, 0x06, 0x01},       // a field that nobody knows
      {0, 0, 0, 6, 0x08, 0x01, 0x12, 0x02, 0x0A, 0x7F}  // a string longer than its message
  };
  Keyholder keyholder(world_.scenario);
  ASSERT_TRUE(keyholder.started().has_ready());
  std::uint64_t generation = 0;
  for (const Bytes& frame : frames) {
    SCOPED_TRACE(to_hex(frame));
    const auto channel = keyholder.connect(++generation);
    ASSERT_EQ(write(channel->fd(), frame.data(), frame.size()), static_cast<ssize_t>(frame.size()));
    EXPECT_THROW(static_cast<void>(next_answer(*channel)), std::runtime_error) << "its channel is closed";
  }
  EXPECT_EQ(signatures_in(world_.scenario.journal()), 0U);
  const auto channel = keyholder.connect(++generation);
  const Question question = leaf_with(world_.leaf().serial);
  EXPECT_TRUE(world_.is_signature_of(ask(*channel, question), question));
}

}  // namespace
}  // namespace signet::test
