#include "issuer/issuing_world.h"

#include <stdexcept>

#include "log/entries.h"
#include "wire/status.h"

namespace signet::test {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result.has_value()) throw std::runtime_error(result.error().field + ": " + result.error().message);
  return *std::move(result);
}
void must(const Result<void>& result) {
  if (!result.has_value()) throw std::runtime_error(result.error().message);
}

constexpr std::string_view kConfig = R"(origin = "ca.example/test"
policy = "policy.toml"
[state]
directory = "state"
[listen]
address = "127.0.0.1:0"
certificate = "daemon.pem"
key = "daemon.key"
client_trust = "trust.pem"
[token.soft]
profile = "profile.toml"
pin_file = "pin"
[key.issuing-1]
token = "soft"
uri = "pkcs11:token=signet-test;object=issuing-1;type=private"
certificate = "issuing.pem"
[key.issuing-1.fence]
may_sign = ["end-entity-certificate"]
longest_validity = "398d"
[issuer.issuing-1]
key = "issuing-1"
root = "root.pem"
[key.log-1]
token = "soft"
uri = "pkcs11:token=signet-test;object=log-1;type=private"
public_key = "log-1.pub.pem"
[key.log-1.fence]
may_sign = ["log-checkpoint"]
[log]
key = "log-1"
ceremony = "transcript.jsonl"
)";

RuleFiles rule_files(const IssuingWorldSetup& setup) {
  RuleFiles files{.policy = copy_of(signet::bytes_of(setup.policy)), .policy_name = "policy.toml"};
  if (!setup.blocked_keys.empty()) files.blocked_keys = copy_of(signet::bytes_of(setup.blocked_keys));
  return files;
}

log::Draft first_entry() {
  return log::genesis_draft({.origin = "ca.example/test", .log_key = "ca.example/test+00000000+AA==", .version = "0"});
}

}  // namespace

SoftSigner::SoftSigner(UniqueFd socket, const Identity& key)
    : channel_(std::move(socket)), key_(key), thread_([this] { answer_all(); }) {}

SoftSigner::~SoftSigner() {
  channel_.shutdown();
  thread_.join();
}

void SoftSigner::answer_all() {
  while (true) {
    const auto question = channel_.receive<internal::IssuerToKeyholder>();
    if (!question.has_value()) return;
    if (mood_ == Mood::kLeaves) return channel_.shutdown();
    if (mood_ == Mood::kSaysNothing) continue;
    if (!channel_.send(answer_to(*question)).has_value()) return;
  }
}

internal::KeyholderToIssuer SoftSigner::answer_to(const internal::IssuerToKeyholder& question) {
  internal::KeyholderToIssuer answer;
  answer.set_id(question.id());
  if (mood_ == Mood::kFails) {
    *answer.mutable_error() = to_failure(
        fail_retryable(ErrorCode::kUnavailable, "the token has failed", std::chrono::milliseconds(100)).error());
  } else if (mood_ == Mood::kRefuses) {
    *answer.mutable_error() = to_failure(fail(ErrorCode::kPermissionDenied, "no", "fence.names").error());
  } else if (mood_ == Mood::kFindsFaults) {
    *answer.mutable_error() = to_failure(fail(ErrorCode::kInvalidArgument, "no such key", "lint").error());
  } else if (mood_ == Mood::kDescribes) {
    answer.mutable_description();
  } else {
    const bool spoils = mood_ == Mood::kSpoils;
    const SignatureValue signature =
        sign_with(key_, signet::bytes_of(question.sign().structure() + (spoils ? "?" : "")));
    ++signatures_;
    answer.set_signature(std::string(text_of(signature.view())));
  }
  return answer;
}

IssuingWorld::IssuingWorld(IssuingWorldSetup setup)
    : setup_(std::move(setup)),
      config_(write_configuration()),
      clock_(system_clock(), ClockReference::of(system_clock()), config_.log.clock_tolerance),
      authorities_(must(load_authorities(config_))),
      rules_(must(parse_rules(rule_files(setup_)))),
      keyholders_(config_) {
  signer_ = connect("soft");
  if (setup_.has_spare_token) spare_signer_ = connect("spare");
  store_ = must(Store::open(folder_ / "store.sqlite"));
  log_ = must(log::EntryLog::open(folder_ / "log", clock_));
  must(log_->start(*store_));
  static_cast<void>(must(log_->append(first_entry())));
  issuance_ = std::make_unique<Issuance>(IssuanceWorld{.authorities = authorities_,
                                                       .keyholders = keyholders_,
                                                       .gate = gate_,
                                                       .log = *log_,
                                                       .store = *store_,
                                                       .clock = clock_,
                                                       .rng = system_rng(),
                                                       .sign_deadline = setup_.sign_deadline,
                                                       .own_keys = setup_.own_keys});
}

IssuingWorld::~IssuingWorld() { log_->stop(); }

std::unique_ptr<SoftSigner> IssuingWorld::connect(const std::string& token) {
  auto [ours, theirs] = must(make_stream_pair());
  keyholders_.find_token(token)->connect(std::move(ours), ++generation_, [] {});
  return std::make_unique<SoftSigner>(std::move(theirs), setup_.issuing);
}

DaemonConfig IssuingWorld::write_configuration() const {
  folder_.write("root.pem", setup_.root.pem());
  folder_.write("issuing.pem", setup_.issuing.pem());
  std::string config(kConfig);
  if (setup_.has_spare_token) {
    constexpr std::string_view kOne = "[key.issuing-1]\ntoken = \"soft\"";
    config.replace(config.find(kOne), kOne.size(),
                   "[token.spare]\nprofile = \"profile.toml\"\npin_file = \"pin\"\n"
                   "[key.issuing-1]\ntokens = [\"soft\", \"spare\"]");
  }
  return must(parse_daemon_config(signet::bytes_of(config), folder_ / "signet.toml"));
}

Result<Issued> IssuingWorld::issue(const std::string& client, const v1::IssueRequest& request,
                                   std::optional<log::RequestProof> proof) {
  const std::string payload = request.SerializeAsString();
  const IssueOrder order{
      .rules = *rules_,
      .client = rules_->policy.clients().at(client),
      .cause = {.who = {.client = client, .certificate_sha256 = {}, .address = "192.0.2.1:1"}, .request = "test-1"},
      .request = request,
      .payload_sha256 = sha256(signet::bytes_of(payload)),
      .proof = std::move(proof)};
  SIGNET_TRY(Prepared prepared, issuance_->prepare(order));
  return issuance_->issue(std::move(prepared));
}

}  // namespace signet::test
