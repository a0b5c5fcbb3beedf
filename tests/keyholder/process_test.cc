#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "base/clock.h"
#include "base/secret.h"
#include "fault/token_faults.h"
#include "keyholder/authority.h"
#include "keyholder/process_harness.h"
#include "token/key_generation.h"
#include "token/pkcs11_object.h"

namespace signet::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TbsDer leaf_of(const Scenario& scenario) { return encode_tbs(leaf_fields(*scenario.ca, system_clock().now())); }

bool is_good(const internal::KeyholderToIssuer& answer, const Scenario& scenario, const TbsDer& tbs) {
  const PublicKey& key = scenario.ca->public_key();
  return !answer.has_error() &&
         key.verify(default_algorithm(key.type()), tbs.view(), bytes_of(answer.signature())).has_value();
}

/// Asks for a certificate of its own and gets it: a serial number is signed once.
bool signs_another(Channel& channel, const Scenario& scenario) {
  const TbsDer tbs = leaf_of(scenario);
  return is_good(ask(channel, tbs.view()), scenario, tbs);
}

ErrorCode code_of(const internal::KeyholderToIssuer& answer) { return static_cast<ErrorCode>(answer.error().code()); }
ErrorCode code_of(const internal::Failure& failure) { return static_cast<ErrorCode>(failure.code()); }

bool exited_with(std::optional<int> status, int code) {
  return status && WIFEXITED(*status) && WEXITSTATUS(*status) == code;
}

/// What it says before it leaves: signetd takes the token for away where this is retryable.
void expect_last_words(Keyholder& keyholder, ErrorCode code, const std::string& why) {
  internal::ChildToSupervisor said;
  while (!said.has_failed()) said = keyholder.said();
  EXPECT_EQ(code_of(said.failed()), code);
  EXPECT_EQ(said.failed().retryable(), code == ErrorCode::kUnavailable);
  EXPECT_THAT(said.failed().message(), HasSubstr(why));
  EXPECT_TRUE(exited_with(keyholder.wait(), 1));
}

/// The value of a line of a /proc/*/status file.
std::string status_line(const std::filesystem::path& file, const std::string& name) {
  std::ifstream status(file);
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
  }
  return "absent";
}

struct Kind {
  KeyType type;
  unsigned rsa_bits;
};
class EveryKindOfKey : public testing::TestWithParam<Kind> {};

TEST_P(EveryKindOfKey, SignsInsideTheSandbox) {
  const Scenario scenario(GetParam().type, GetParam().rsa_bits);
  Keyholder keyholder(scenario);
  ASSERT_TRUE(keyholder.started().has_ready());
  const auto channel = keyholder.connect();
  const TbsDer tbs = leaf_of(scenario);
  EXPECT_TRUE(is_good(ask(*channel, tbs.view()), scenario, tbs));
}

INSTANTIATE_TEST_SUITE_P(KeyholderProcess, EveryKindOfKey,
                         testing::Values(Kind{KeyType::kEcP256, 0}, Kind{KeyType::kEcP384, 0},
                                         Kind{KeyType::kEd25519, 0}, Kind{KeyType::kRsa, 2048}),
                         [](const auto& kind) {
                           std::string name(name_of(kind.param.type));
                           std::erase(name, '-');
                           return name;
                         });

TEST(KeyholderProcess, HasTakenItsPrivilegesAwayWhenItIsReady) {
  const Scenario scenario;
  Keyholder keyholder(scenario);
  ASSERT_TRUE(keyholder.started().has_ready());
  const std::filesystem::path process = "/proc/" + std::to_string(keyholder.pid());
  EXPECT_EQ(status_line(process / "status", "NoNewPrivs"), "1");
  int threads = 0;
  for (const auto& thread : std::filesystem::directory_iterator(process / "task")) {
    EXPECT_EQ(status_line(thread.path() / "status", "Seccomp"), "2") << thread.path();
    ++threads;
  }
  EXPECT_GE(threads, 3);
}

TEST(KeyholderProcess, AnswersEveryOneOfManyRequestsInFlight) {
  Scenario scenario;
  scenario.sessions = 4;
  Keyholder keyholder(scenario);
  ASSERT_TRUE(keyholder.started().has_ready());
  const auto channel = keyholder.connect();
  constexpr std::uint64_t kRequests = 200;
  std::vector<TbsDer> asked;
  for (std::uint64_t id = 0; id < kRequests; ++id) request(*channel, id, asked.emplace_back(leaf_of(scenario)).view());
  std::set<std::uint64_t> answered;
  for (std::uint64_t i = 0; i < kRequests; ++i) {
    const auto answer = next_answer(*channel);
    EXPECT_TRUE(is_good(answer, scenario, asked.at(answer.id()))) << answer.error().message();
    answered.insert(answer.id());
  }
  EXPECT_EQ(answered.size(), kRequests);
}

TEST(KeyholderProcess, SignsNothingThatTheFenceRefusesAndGoesOn) {
  const Scenario scenario;
  Keyholder keyholder(scenario);
  ASSERT_TRUE(keyholder.started().has_ready());
  const auto channel = keyholder.connect();

  TbsFields sub_ca = leaf_fields(*scenario.ca, system_clock().now());
  sub_ca.basic_constraints = BasicConstraints{.ca = true, .path_length = {}};
  const auto refused = ask(*channel, encode_tbs(sub_ca).view());
  EXPECT_TRUE(refused.signature().empty());
  EXPECT_EQ(code_of(refused), ErrorCode::kPermissionDenied);
  EXPECT_EQ(refused.error().field(), "fence.basic_constraints");
  EXPECT_FALSE(refused.error().retryable());

  const TbsDer tbs = leaf_of(scenario);
  const auto digest = ask(*channel, sha256(tbs.view()));
  EXPECT_TRUE(digest.signature().empty());
  EXPECT_EQ(digest.error().field(), "fence.structure");
  EXPECT_EQ(code_of(ask(*channel, {})), ErrorCode::kPermissionDenied);
  EXPECT_EQ(code_of(ask(*channel, tbs.view(), "other-key")), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(ask(*channel, tbs.view(), "issuing-1", internal::ARTIFACT_KIND_UNSPECIFIED)),
            ErrorCode::kInvalidArgument);

  EXPECT_TRUE(is_good(ask(*channel, tbs.view()), scenario, tbs));
}

TEST(KeyholderProcess, LeavesWhenTheSupervisorHasGone) {
  const Scenario scenario;
  Keyholder keyholder(scenario);
  ASSERT_TRUE(keyholder.started().has_ready());
  keyholder.close_control();
  EXPECT_TRUE(exited_with(keyholder.wait(), 0));
}

TEST(KeyholderProcess, LeavesWhenTheSupervisorHasGoneWhileAModuleHangsInASignature) {
  Scenario scenario;
  scenario.use_fault_module("C_Sign", "hang", 1);  // the first one is the self-test
  Keyholder keyholder(scenario);
  ASSERT_TRUE(keyholder.started().has_ready());
  const auto channel = keyholder.connect();
  for (std::uint64_t id = 0; id < 8; ++id) request(*channel, id, leaf_of(scenario).view());
  EXPECT_EQ(keyholder.wait(std::chrono::milliseconds(300)), std::nullopt);
  keyholder.close_control();
  EXPECT_TRUE(exited_with(keyholder.wait(), 0));
}

TEST(KeyholderProcess, LeavesToBeRestartedWhenAModuleHangsBeyondTheDeadline) {
  Scenario scenario;
  scenario.sign_deadline = "1s";
  scenario.use_fault_module("C_Sign", "hang", 1);  // the first one is the self-test
  Keyholder keyholder(scenario);
  ASSERT_TRUE(keyholder.started().has_ready());
  const auto channel = keyholder.connect();
  request(*channel, 1, leaf_of(scenario).view());
  expect_last_words(keyholder, ErrorCode::kUnavailable, "1 of its 2 sessions hang");
}

TEST(KeyholderProcess, LeavesWhenTheSupervisorHasGoneWhileAModuleHangsAtTheStart) {
  Scenario scenario;
  scenario.use_fault_module("C_Initialize", "hang");
  Keyholder keyholder(scenario);
  EXPECT_EQ(keyholder.wait(std::chrono::milliseconds(300)), std::nullopt);
  keyholder.close_control();
  EXPECT_TRUE(exited_with(keyholder.wait(), 0));
}

TEST(KeyholderProcess, IgnoresSignalsThatAreMeantForTheSupervisor) {
  const Scenario scenario;
  Keyholder keyholder(scenario);
  ASSERT_TRUE(keyholder.started().has_ready());
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) kill(keyholder.pid(), number);
  const auto channel = keyholder.connect();
  const TbsDer tbs = leaf_of(scenario);
  EXPECT_TRUE(is_good(ask(*channel, tbs.view()), scenario, tbs));
}

TEST(KeyholderProcess, FinishesWhatIsInFlightWhenItIsDrained) {
  const Scenario scenario;
  Keyholder keyholder(scenario);
  ASSERT_TRUE(keyholder.started().has_ready());
  const auto channel = keyholder.connect();
  EXPECT_TRUE(signs_another(*channel, scenario));
  constexpr std::uint64_t kRequests = 50;
  std::vector<TbsDer> asked;
  for (std::uint64_t id = 0; id < kRequests; ++id) request(*channel, id, asked.emplace_back(leaf_of(scenario)).view());
  const auto first = next_answer(*channel);
  EXPECT_TRUE(is_good(first, scenario, asked.at(first.id())));
  internal::SupervisorToChild drain;
  drain.mutable_drain();
  keyholder.send(drain);
  // What was read before is signed, what comes behind is refused; nothing hangs in between.
  for (std::uint64_t i = 1; i < kRequests; ++i) {
    const auto answer = next_answer(*channel);
    EXPECT_TRUE(is_good(answer, scenario, asked.at(answer.id())) || code_of(answer) == ErrorCode::kResourceExhausted);
  }
  EXPECT_TRUE(exited_with(keyholder.wait(), 0));
}

TEST(KeyholderProcess, ANewIssuerReplacesTheOldOne) {
  const Scenario scenario;
  Keyholder keyholder(scenario);
  ASSERT_TRUE(keyholder.started().has_ready());
  const auto first = keyholder.connect(1);
  EXPECT_TRUE(signs_another(*first, scenario));
  const auto second = keyholder.connect(2);
  EXPECT_TRUE(signs_another(*second, scenario));
  EXPECT_THROW(static_cast<void>(next_answer(*first)), std::runtime_error) << "its channel was closed";
  const auto late = keyholder.connect(1);
  EXPECT_THROW(static_cast<void>(next_answer(*late)), std::runtime_error) << "an older generation is dropped";
  EXPECT_TRUE(signs_another(*second, scenario));
}

TEST(KeyholderProcess, DropsRequestsOfAnIssuerThatWasReplaced) {
  Scenario scenario;
  scenario.sessions = 1;
  scenario.sign_deadline = "9s";
  scenario.use_fault_module("C_Sign", "slow", 1);
  Keyholder keyholder(scenario);
  ASSERT_TRUE(keyholder.started().has_ready());
  const auto first = keyholder.connect(1);
  for (std::uint64_t id = 0; id < 8; ++id) request(*first, id, leaf_of(scenario).view());
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // they are in the queue: 12 s of signing
  const auto second = keyholder.connect(2);
  EXPECT_TRUE(signs_another(*second, scenario)) << "it waited longer than sign_deadline, 9 s";
}

TEST(KeyholderProcess, GoesOnAfterALostSessionWithoutTheIssuerNoticing) {
  Scenario scenario;
  scenario.use_fault_module("C_SignInit", "0xB3", 1, 1);  // CKR_SESSION_HANDLE_INVALID
  Keyholder keyholder(scenario);
  ASSERT_TRUE(keyholder.started().has_ready());
  const auto channel = keyholder.connect();
  const TbsDer tbs = leaf_of(scenario);
  EXPECT_TRUE(is_good(ask(*channel, tbs.view()), scenario, tbs));
}

TEST(KeyholderProcess, DoesNotSignAgainAfterAnErrorThatMayHaveSigned) {
  Scenario scenario;
  scenario.use_fault_module("C_Sign", "0x06", 1, 1);  // CKR_FUNCTION_FAILED
  Keyholder keyholder(scenario);
  ASSERT_TRUE(keyholder.started().has_ready());
  const auto channel = keyholder.connect();
  const TbsDer tbs = leaf_of(scenario);
  const auto failed = ask(*channel, tbs.view());
  EXPECT_EQ(code_of(failed), ErrorCode::kUnavailable);
  EXPECT_TRUE(failed.error().retryable());
  EXPECT_EQ(failed.error().native(), 0x06);
  EXPECT_TRUE(signs_another(*channel, scenario)) << "with a new session";
}

TEST(KeyholderProcess, DoesNotSignAgainWhereTheSignatureItselfFoundNoSession) {
  Scenario scenario;
  scenario.use_fault_module("C_Sign", "0xB1", 1, 1);  // CKR_SESSION_COUNT
  Keyholder keyholder(scenario);
  ASSERT_TRUE(keyholder.started().has_ready());
  const auto channel = keyholder.connect();
  const auto failed = ask(*channel, leaf_of(scenario).view());
  EXPECT_TRUE(failed.signature().empty()) << "it may have signed: this serial number would have two signatures";
  EXPECT_EQ(code_of(failed), ErrorCode::kUnavailable);
  EXPECT_EQ(failed.error().native(), 0xB1);
  EXPECT_TRUE(signs_another(*channel, scenario));
}

TEST(KeyholderProcess, ASessionWhoseSignatureDoesNotVerifyIsNotUsedAgain) {
  TokenFaults faults;
  Scenario scenario;
  scenario.sessions = 1;
  scenario.use_fault_control(faults.file());
  Keyholder keyholder(scenario);
  ASSERT_TRUE(keyholder.started().has_ready());
  const auto channel = keyholder.connect();
  faults.set("C_Sign corrupt times 1\nC_OpenSession return 0x06 times 1");
  const auto failed = ask(*channel, leaf_of(scenario).view());
  EXPECT_THAT(failed.error().message(), HasSubstr("does not verify"));
  EXPECT_EQ(faults.struck(), 1U) << "no session was opened so far";
  const auto next = ask(*channel, leaf_of(scenario).view());
  EXPECT_THAT(next.error().message(), HasSubstr("C_OpenSession")) << "it wants a new one";
  EXPECT_EQ(next.error().native(), 0x06);
  EXPECT_TRUE(signs_another(*channel, scenario));
}

TEST(KeyholderProcess, NeverGivesOutASignatureThatDoesNotVerify) {
  Scenario scenario;
  scenario.use_fault_module("C_Sign", "wrong-signature", 1, 1);
  Keyholder keyholder(scenario);
  ASSERT_TRUE(keyholder.started().has_ready());
  const auto channel = keyholder.connect();
  const TbsDer tbs = leaf_of(scenario);
  const auto failed = ask(*channel, tbs.view());
  EXPECT_TRUE(failed.signature().empty());
  EXPECT_EQ(code_of(failed), ErrorCode::kInternal);
  EXPECT_THAT(failed.error().message(), HasSubstr("does not verify"));
  EXPECT_TRUE(signs_another(*channel, scenario));
}

TEST(KeyholderProcess, LeavesToBeRestartedWhenTheLoginIsLost) {
  Scenario scenario;
  scenario.use_fault_module("C_SignInit", "0x101", 1);  // CKR_USER_NOT_LOGGED_IN
  Keyholder keyholder(scenario);
  ASSERT_TRUE(keyholder.started().has_ready());
  const auto channel = keyholder.connect();
  const auto failed = ask(*channel, leaf_of(scenario).view());
  EXPECT_EQ(code_of(failed), ErrorCode::kUnavailable);
  EXPECT_TRUE(failed.error().retryable());
  expect_last_words(keyholder, ErrorCode::kUnavailable, "CKR_USER_NOT_LOGGED_IN");
}

TEST(KeyholderProcess, SaysThatTheJournalAndNotTheTokenIsWhyItLeaves) {
  const Scenario scenario;
  Keyholder keyholder(scenario, 4096);
  ASSERT_TRUE(keyholder.started().has_ready());
  const auto channel = keyholder.connect();
  const auto sign_until_it_leaves = [&] {
    while (signs_another(*channel, scenario)) continue;
  };
  try {
    sign_until_it_leaves();
  } catch (const std::runtime_error&) {  // the thread that syncs the journal was first
  }
  expect_last_words(keyholder, ErrorCode::kFailedPrecondition, "cannot note what it is about to sign");
}

TEST(KeyholderProcess, LeavesToBeRestartedWhenTheTokensFolderIsGone) {
  const Scenario scenario;
  Keyholder keyholder(scenario);
  ASSERT_TRUE(keyholder.started().has_ready());
  const auto channel = keyholder.connect();
  std::filesystem::remove_all(scenario.softhsm.tokens_directory());
  const auto failed = ask(*channel, leaf_of(scenario).view());
  EXPECT_EQ(code_of(failed), ErrorCode::kUnavailable) << failed.error().message();
  EXPECT_TRUE(failed.error().retryable());
  EXPECT_TRUE(exited_with(keyholder.wait(), 1));
}

TEST(KeyholderProcess, DoesNotSignWhatWaitedTooLong) {
  Scenario scenario;
  scenario.sessions = 1;
  scenario.sign_deadline = "1s";
  scenario.use_fault_module("C_Sign", "latency 700ms", 1);
  Keyholder keyholder(scenario);
  ASSERT_TRUE(keyholder.started().has_ready());
  const auto channel = keyholder.connect();
  const TbsDer tbs = leaf_of(scenario);
  request(*channel, 1, tbs.view());
  std::this_thread::sleep_for(
      std::chrono::milliseconds(200));  // it is at the token; of two at once either may be first
  for (std::uint64_t id = 2; id <= 4; ++id) request(*channel, id, leaf_of(scenario).view());
  EXPECT_TRUE(is_good(next_answer(*channel), scenario, tbs));
  std::size_t unsigned_ones = 0;
  for (int i = 0; i < 3; ++i) {  // one of them is at the token when its time is over, the others wait
    const auto late = next_answer(*channel);
    EXPECT_EQ(code_of(late), ErrorCode::kDeadlineExceeded);
    EXPECT_TRUE(late.error().retryable());
    if (late.error().message().find("nothing was signed") != std::string::npos) ++unsigned_ones;
  }
  EXPECT_GE(unsigned_ones, 1U);
  EXPECT_EQ(keyholder.wait(std::chrono::milliseconds(500)), std::nullopt) << "a slow token is no token that hangs";
}

// ---- what it does not start with -----------------------------------------------------------------------------------

TEST(KeyholderStart, RefusesACertificateOfAnotherKeyAndNamesBoth) {
  Scenario scenario;
  const PublicKey other = PublicKey::from_spki(fresh_spki()).value();
  const Certificate certificate = unsigned_certificate(ca_fields(other, "Other CA", system_clock().now()));
  scenario.certificate_file =
      scenario.softhsm.directory().write("other.pem", encode_pem("CERTIFICATE", certificate.der().view()));
  Keyholder keyholder(scenario);
  const auto failure = keyholder.failure();
  EXPECT_EQ(code_of(failure), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(failure.field(), "key.issuing-1.certificate");
  EXPECT_THAT(failure.message(),
              AllOf(HasSubstr("other.pem"), HasSubstr("object=issuing-1"), HasSubstr(to_hex(other.key_id())),
                    HasSubstr(to_hex(scenario.ca->public_key().key_id()))));
  EXPECT_TRUE(exited_with(keyholder.wait(), 1));
}

TEST(KeyholderStart, RefusesACertificateOfAnotherKeyWhenTheTokenDoesNotShowThePublicKey) {
  Scenario scenario;
  {
    const auto module = Pkcs11Module::load(kSoftHsmModule).value();
    Pkcs11Session session =
        Pkcs11Session::open(module, module->find_token("signet-test").value(), SessionAccess::kReadWrite).value();
    ASSERT_TRUE(session.log_in(Secret(bytes_of(scenario.softhsm.pin()))).has_value());
    AttributeList wanted;
    wanted.add_number(CKA_CLASS, CKO_PUBLIC_KEY);
    const auto objects = find_objects(session, wanted).value();
    ASSERT_EQ(objects.size(), 1U);
    ASSERT_EQ(session.functions().C_DestroyObject(session.handle(), objects.front()), CKR_OK);
  }
  Keyholder right(scenario);
  EXPECT_TRUE(right.started().has_ready());
  right.close_control();
  ASSERT_TRUE(exited_with(right.wait(), 0));

  const PublicKey other = PublicKey::from_spki(fresh_spki()).value();
  const Certificate certificate = unsigned_certificate(ca_fields(other, "Other CA", system_clock().now()));
  scenario.certificate_file =
      scenario.softhsm.directory().write("other.pem", encode_pem("CERTIFICATE", certificate.der().view()));
  Keyholder wrong(scenario);
  EXPECT_THAT(wrong.failure().message(), HasSubstr("does not verify with it"));
}

TEST(KeyholderStart, RefusesACertificateThatIsNoCas) {
  Scenario scenario;
  TbsFields fields = ca_fields(scenario.ca->public_key(), "Issuing CA", system_clock().now());
  fields.basic_constraints.reset();
  const Certificate leaf = unsigned_certificate(fields);
  scenario.certificate_file =
      scenario.softhsm.directory().write("leaf.pem", encode_pem("CERTIFICATE", leaf.der().view()));
  Keyholder keyholder(scenario);
  EXPECT_THAT(keyholder.failure().message(), HasSubstr("not a CA's certificate"));
}

TEST(KeyholderStart, RefusesAUriThatMatchesTwoKeys) {
  Scenario scenario;
  {
    const auto module = Pkcs11Module::load(kSoftHsmModule).value();
    Pkcs11Session session =
        Pkcs11Session::open(module, module->find_token("signet-test").value(), SessionAccess::kReadWrite).value();
    ASSERT_TRUE(session.log_in(Secret(bytes_of(scenario.softhsm.pin()))).has_value());
    ASSERT_TRUE(generate_key(session, {.type = KeyType::kEcP256, .label = "issuing-2"}).has_value());
  }
  scenario.uri = "pkcs11:token=signet-test;type=private";
  Keyholder keyholder(scenario);
  const auto failure = keyholder.failure();
  EXPECT_EQ(failure.field(), "key.issuing-1.uri");
  EXPECT_THAT(failure.message(),
              AllOf(HasSubstr("2 private keys"), HasSubstr("'issuing-1'"), HasSubstr("'issuing-2'")));
  EXPECT_TRUE(exited_with(keyholder.wait(), 1));
}

TEST(KeyholderStart, RefusesAUriThatMatchesNoKeyOrNoToken) {
  Scenario scenario;
  scenario.uri = "pkcs11:token=signet-test;object=issuing-9";
  Keyholder no_key(scenario);
  EXPECT_THAT(no_key.failure().message(), AllOf(HasSubstr("object=issuing-9"), HasSubstr("'issuing-1'")));
  ASSERT_TRUE(exited_with(no_key.wait(), 1));
  scenario.uri = "pkcs11:token=nowhere;object=issuing-1";
  Keyholder no_token(scenario);
  EXPECT_THAT(no_token.failure().message(), AllOf(HasSubstr("token=nowhere"), HasSubstr("'signet-test'")));
}

TEST(KeyholderStart, TriesAWrongPinOnceAndTheNextStartDoesNotTryAtAll) {
  Scenario scenario;
  scenario.pin = "4321-wrong";
  Keyholder first(scenario);
  const auto failure = first.failure();
  EXPECT_EQ(code_of(failure), ErrorCode::kUnauthenticated);
  EXPECT_FALSE(failure.retryable());
  EXPECT_EQ(failure.field(), "token.soft.pin");
  EXPECT_THAT(failure.message(),
              AllOf(HasSubstr("CKR_PIN_INCORRECT"), HasSubstr("'signet-test'"), Not(HasSubstr("4321"))));
  ASSERT_TRUE(exited_with(first.wait(), 1));

  scenario.pin = scenario.softhsm.pin();
  Keyholder second(scenario);
  const auto refusal = second.failure();
  EXPECT_EQ(code_of(refusal), ErrorCode::kFailedPrecondition);
  EXPECT_FALSE(refusal.retryable());
  EXPECT_EQ(refusal.field(), "token.soft.pin");
  EXPECT_THAT(refusal.message(), HasSubstr("not tried"));
}

TEST(KeyholderStart, SaysWhenTheTokenHasThePinAndWhenItTookIt) {
  const Scenario scenario;
  Keyholder keyholder(scenario);
  EXPECT_TRUE(keyholder.said().has_logging_in());
  EXPECT_TRUE(keyholder.said().has_logged_in());
  EXPECT_TRUE(keyholder.said().has_ready());

  Scenario crashing;
  crashing.use_fault_module("C_Login", "crash");
  Keyholder crashed(crashing);
  EXPECT_TRUE(crashed.said().has_logging_in());
  EXPECT_TRUE(crashed.wait().has_value());
  EXPECT_THROW(static_cast<void>(crashed.said()), std::runtime_error) << "nothing behind it";

  Scenario wrong;
  wrong.pin = "4321";
  Keyholder refused(wrong);
  EXPECT_TRUE(refused.said().has_logging_in());
  EXPECT_TRUE(refused.said().has_failed());
}

TEST(KeyholderStart, DoesNotAskToBeRestartedAfterALoginThatMayHaveCountedThePin) {
  Scenario scenario;
  scenario.use_fault_module("C_Login", "0x30");  // CKR_DEVICE_ERROR
  Keyholder keyholder(scenario);
  const auto failure = keyholder.failure();
  EXPECT_EQ(code_of(failure), ErrorCode::kUnauthenticated);
  EXPECT_FALSE(failure.retryable());
  EXPECT_THAT(failure.message(), AllOf(HasSubstr("CKR_DEVICE_ERROR"), HasSubstr("may have been counted as wrong")));
}

TEST(KeyholderStart, AsksToBeRestartedWhereTwoProcessesLoggedInToOneSoftHsmFolder) {
  for (const char* code : {"0x05", "0xE1", "0x102"}) {
    Scenario scenario;
    scenario.use_fault_module("C_Login", code);
    Keyholder keyholder(scenario);
    const auto failure = keyholder.failure();
    EXPECT_EQ(code_of(failure), ErrorCode::kUnavailable) << code;
    EXPECT_TRUE(failure.retryable()) << code;
  }
}

TEST(KeyholderStart, RefusesAMissingModuleAndNamesWhatItLookedFor) {
  Scenario scenario;
  scenario.profile = scenario.softhsm.directory().write("profile.toml",
                                                        "name = \"none\"\ntested = \"ci\"\nsource = "
                                                        "\"x\"\nmodules = [\"/nowhere/a.so\", \"/nowhere/b.so\"]\n");
  Keyholder keyholder(scenario);
  const auto failure = keyholder.failure();
  EXPECT_THAT(failure.message(),
              AllOf(HasSubstr("token.soft"), HasSubstr("/nowhere/a.so"), HasSubstr("/nowhere/b.so")));
  EXPECT_TRUE(exited_with(keyholder.wait(), 1));
}

TEST(KeyholderStart, RefusesAProfileThatAllowsOneSession) {
  Scenario scenario;
  scenario.profile = scenario.softhsm.directory().write(
      "profile.toml", std::string("name = \"few\"\ntested = \"ci\"\nsource = \"x\"\nmax_sessions = 1\nmodules = [\"") +
                          kSoftHsmModule + "\"]\n");
  Keyholder keyholder(scenario);
  const auto failure = keyholder.failure();
  EXPECT_EQ(failure.field(), "token.soft.sessions");
  EXPECT_THAT(failure.message(), HasSubstr("max_sessions"));
}

TEST(KeyholderStart, RefusesAConfigurationThatIsWrong) {
  Scenario scenario;
  scenario.sign_deadline = "soon";
  Keyholder keyholder(scenario);
  EXPECT_THAT(keyholder.failure().message(), HasSubstr("sign_deadline"));
}

}  // namespace
}  // namespace signet::test
