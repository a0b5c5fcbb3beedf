#include "issuer/process_harness.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <thread>

#include "log/entry_log.h"
#include "log/frame.h"
#include "support/command.h"
#include "wire/request_signature.h"

namespace signet::test {
namespace {

constexpr std::chrono::seconds kPatience{20};

template <class T>
T must(Result<T> result) {
  if (!result.has_value()) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

void must(const Result<void>& result) {
  if (!result.has_value()) throw std::runtime_error(result.error().message);
}

void wait_readable(int fd, const char* who) {
  if (!readable(fd, kPatience)) throw std::runtime_error(fmt::format("{} said nothing for 20 s", who));
}

std::string text_from(ByteView bytes) { return std::string(text_of(bytes)); }

template <class M>
M parsed(const std::string& bytes) {
  return must(parse_strict<M>(bytes_of(bytes), "message"));
}

}  // namespace

// The installation --------------------------------------------------------------------------------------------------

Installation::Installation() {
  token.add("log-1", "ca.example/test");
  token.add("log-0", "ca.example/test-0");
  token.add_issuing("issuing-1", copy_of(issuing.certificate.public_key().spki()));
  write_certificates();
}

void Installation::write_certificates() const {
  directory.write("root.pem", root.pem());
  directory.write("issuing.pem", issuing.pem());
  directory.write("trust.pem", client_root.pem());
  directory.write("transcript.jsonl", "{}\n");
  for (const char* key : {"log-0", "log-1"}) directory.write(std::string(key) + ".pub.pem", token.log_key(key).pem());
}

namespace {

std::string log_key_table(const std::string& name) {
  return fmt::format(R"([key.{0}]
token = "soft"
uri = "pkcs11:token=signet-test;object={0};type=private"
public_key = "{0}.pub.pem"
[key.{0}.fence]
may_sign = ["log-checkpoint"]
)",
                     name);
}

}  // namespace

std::string Installation::config() const {
  return fmt::format(R"(origin = "ca.example/test"
policy = "policy.toml"
[state]
directory = "state"
[listen]
address = "127.0.0.1:0"
certificate = "daemon.pem"
key = "daemon.key"
client_trust = "trust.pem"
[issue]
workers = {}
queue = {}
sign_deadline = "{}"
{}[trust]
also = [{}]
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
{}[issuer.{}]
key = "issuing-1"
chain = [{}]
root = "root.pem"
[log]
directory = "{}"
origin = "{}"
key = "{}"
ceremony = "transcript.jsonl"
{}{})",
                     workers, queue, sign_deadline, blocked_keys.has_value() ? "blocked_keys = \"blocked.txt\"\n" : "",
                     also, fence_lines, issuer, chain, log_folder, log_origin, log_key, log_settings, predecessor) +
         log_key_table(log_key) + (predecessor.empty() ? "" : log_key_table(log_key == "log-1" ? "log-0" : "log-1"));
}

std::string Installation::policy() const {
  return fmt::format(R"([profile.tls-server]
issuer = "{}"
validity = "90d"
validity_max = "397d"
keys = ["ec-p256"]
common_name = "from-san"
key_usage = ["{}"]
extended_key_usage = ["serverAuth"]
{}[profile.tls-server.names]
dns = ["**"]
[client.payments]
identity = "spiffe://example/payments"
profiles = ["tls-server"]
[client.payments.names]
dns = ["**.payments.example"]
[client.web]
identity = "spiffe://example/web"
profiles = ["tls-server"]
rights = ["issue", "operate", "audit"]
must_sign = false
{}[client.web.names]
dns = ["**.payments.example"]
)",
                     issuer, key_usage, profile_lines, rate);
}

std::vector<log::Entry> Installation::entries() const {
  const UniqueFd file(open(log_file().c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info{};
  if (!file.valid() || fstat(file.get(), &info) != 0) return {};
  log::FrameReader reader(file.get(), 0, static_cast<std::uint64_t>(info.st_size));
  std::vector<log::Entry> entries;
  for (auto frame = must(reader.next()); frame.has_value(); frame = must(reader.next())) {
    entries.push_back(must(log::parse_entry(copy_of(*frame), entries.size())));
  }
  return entries;
}

std::vector<log::Entry> Installation::closed_log() const {
  const auto log = must(log::EntryLog::open(log_directory(), system_clock()));
  std::vector<log::Entry> entries;
  must(log->read(0, [&](const log::Entry& entry) -> Result<void> {
    entries.push_back(entry);
    return {};
  }));
  return entries;
}

namespace {

std::vector<log::Entry> without_frame(std::vector<log::Entry> entries) {
  std::erase_if(entries, [](const log::Entry& entry) {
    return entry.type == log::entry_type::kGenesis || entry.type == log::entry_type::kConfig ||
           entry.type == log::entry_type::kKey || entry.type == log::entry_type::kHeartbeat;
  });
  return entries;
}

}  // namespace

std::vector<log::Entry> Installation::story() const { return without_frame(entries()); }
std::vector<log::Entry> Installation::closed_story() const { return without_frame(closed_log()); }

// The front ---------------------------------------------------------------------------------------------------------

std::uint64_t Front::call(const std::vector<std::string>& peer_chain, const std::string& request) {
  internal::FrontToIssuer message;
  internal::Call& call = *message.mutable_call();
  call.set_id(++last_id_);
  call.set_request(request);
  for (const std::string& der : peer_chain) call.add_peer_chain(der);
  call.set_address(fmt::format("192.0.2.1:{}", 1024 + last_id_));
  must(channel_.send(message));
  return last_id_;
}

void Front::read_one() {
  wait_readable(channel_.fd(), "the issuer");
  const auto message = must(channel_.receive<internal::IssuerToFront>());
  if (!answers_.emplace(message.id(), parsed<v1::Response>(message.response())).second)
    throw std::runtime_error("a call was answered twice");
}

v1::Response Front::answer(std::uint64_t id) {
  while (!answers_.contains(id)) read_one();
  return answers_.extract(id).mapped();
}

v1::Response Front::ask(const std::vector<std::string>& peer_chain, const std::string& request) {
  return answer(call(peer_chain, request));
}

std::size_t Front::answers_waiting() {
  while (readable(channel_.fd(), std::chrono::milliseconds(0))) read_one();
  return answers_.size();
}

// The process -------------------------------------------------------------------------------------------------------

namespace {

/// The policy, and the list of blocked keys where there is one.
std::vector<UniqueFd> frozen_rules(const Installation& installation, const std::string& policy) {
  std::vector<UniqueFd> files;
  files.push_back(must(sealed_memory_file("policy.toml", bytes_of(policy))));
  if (installation.blocked_keys.has_value())
    files.push_back(must(sealed_memory_file("blocked", bytes_of(*installation.blocked_keys))));
  return files;
}

}  // namespace

IssuerProcess::IssuerProcess(const Installation& installation) {
  auto [ours, theirs] = must(make_control_pair());
  control_ = std::make_unique<ControlChannel>(std::move(ours));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, theirs.get(), kControlDescriptor);
  std::string program = std::string(SIGNET_BIN_DIR) + "/signet-issuer";
  char* const arguments[] = {program.data(), nullptr};
  std::string path = "PATH=/usr/bin:/bin";
  char* const environment[] = {path.data(), nullptr};
  const int error = posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error(program + " does not start");

  const UniqueFd config = must(sealed_memory_file("signet.toml", bytes_of(installation.config())));
  internal::SupervisorToChild start;
  start.mutable_start()->set_config_file(installation.directory / "signet.toml");
  const ClockReference clock = installation.clock.value_or(ClockReference::of(system_clock()));
  start.mutable_start()->mutable_clock()->set_wall_micros(clock.wall.time_since_epoch().count());
  start.mutable_start()->mutable_clock()->set_monotonic_micros(clock.monotonic.count());
  const std::vector<UniqueFd> rules = frozen_rules(installation, installation.policy());
  std::vector<int> descriptors{config.get()};
  for (const UniqueFd& file : rules) descriptors.push_back(file.get());
  must(control_->send(start, descriptors));
}

IssuerProcess::~IssuerProcess() { kill_now(); }

internal::ChildToSupervisor IssuerProcess::started() {
  wait_readable(control_->fd(), "the issuer");
  return must(control_->receive<internal::ChildToSupervisor>()).message;
}

internal::Failure IssuerProcess::failure() {
  internal::ChildToSupervisor message = started();
  if (!message.has_failed()) throw std::runtime_error("the issuer started, but should have refused to");
  return message.failed();
}

UniqueFd IssuerProcess::introduce(internal::Peer::Role role, std::uint64_t generation) {
  auto [ours, theirs] = must(make_stream_pair());
  internal::SupervisorToChild message;
  message.mutable_peer()->set_role(role);
  message.mutable_peer()->set_generation(generation);
  if (role == internal::Peer::ROLE_KEYHOLDER) message.mutable_peer()->set_token("soft");
  const int descriptors[] = {theirs.get()};
  must(control_->send(message, descriptors));
  return std::move(ours);
}

internal::Reloaded IssuerProcess::reload(const Installation& installation, const std::string& policy) {
  const std::vector<UniqueFd> rules = frozen_rules(installation, policy);
  std::vector<int> descriptors;
  for (const UniqueFd& file : rules) descriptors.push_back(file.get());
  internal::SupervisorToChild message;
  message.mutable_reload();
  must(control_->send(message, descriptors));
  return started().reloaded();
}

std::unique_ptr<Front> IssuerProcess::connect_front(std::uint64_t generation) {
  return std::make_unique<Front>(introduce(internal::Peer::ROLE_FRONT, generation));
}

std::unique_ptr<Channel> IssuerProcess::connect_keyholder(std::uint64_t generation) {
  return std::make_unique<Channel>(introduce(internal::Peer::ROLE_KEYHOLDER, generation));
}

void IssuerProcess::send(const internal::SupervisorToChild& message) { must(control_->send(message)); }

void IssuerProcess::drain() {
  internal::SupervisorToChild message;
  message.mutable_drain();
  send(message);
}

void IssuerProcess::kill_now() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::optional<int> IssuerProcess::wait(std::chrono::milliseconds patience) {
  int status = 0;
  const auto ended = [&] { return waitpid(pid_, &status, WNOHANG) == pid_; };
  if (!eventually(ended, patience)) return std::nullopt;
  pid_ = -1;
  return status;
}

// The test's fixture ------------------------------------------------------------------------------------------------

void IssuerTest::start() {
  keyholder_.reset();
  issuer_ = std::make_unique<IssuerProcess>(installation_);
  keyholder_ = std::make_unique<FakeKeyholder>(issuer_->connect_keyholder(1), installation_.token);
  const internal::ChildToSupervisor said = issuer_->started();
  ASSERT_TRUE(said.has_ready()) << said.failed().message();
  front_ = issuer_->connect_front(1);
}

internal::Failure IssuerTest::start_refused() {
  keyholder_.reset();
  issuer_ = std::make_unique<IssuerProcess>(installation_);
  try {
    keyholder_ = std::make_unique<FakeKeyholder>(issuer_->connect_keyholder(1), installation_.token);
  } catch (const std::runtime_error&) {
    // It has left already.
  }
  return issuer_->failure();
}

void IssuerTest::reconnect_keyholder(std::uint64_t generation) {
  const std::uint32_t before = status().tokens(0).restarts();
  keyholder_ = std::make_unique<FakeKeyholder>(issuer_->connect_keyholder(generation), installation_.token);
  ASSERT_TRUE(eventually([&] { return status().tokens(0).restarts() == before + 1; }));
}

void IssuerTest::stop() {
  issuer_->drain();
  ASSERT_TRUE(exited_with(issuer_->wait(), 0));
}

void IssuerTest::answer_signature(std::uint64_t id, ByteView signature) {
  internal::KeyholderToIssuer message;
  message.set_id(id);
  message.set_signature(text_from(signature));
  must(keyholder_->channel().send(message));
}

void IssuerTest::answer_error(std::uint64_t id, ErrorCode code, const std::string& message, const std::string& field,
                              bool retryable) {
  internal::KeyholderToIssuer answer;
  answer.set_id(id);
  internal::Failure& failure = *answer.mutable_error();
  failure.set_code(static_cast<std::uint32_t>(code));
  failure.set_message(message);
  failure.set_field(field);
  failure.set_retryable(retryable);
  must(keyholder_->channel().send(answer));
}

void IssuerTest::sign_rightly(const internal::IssuerToKeyholder& request) {
  answer_signature(request.id(), sign_with(installation_.issuing, bytes_of(request.sign().structure())).view());
}

v1::GetStatusResponse IssuerTest::status() {
  const v1::Response response = front_->ask(chain_of({&installation_.web}), envelope(v1::METHOD_GET_STATUS, {}));
  return parsed<v1::GetStatusResponse>(response.payload());
}

std::uint64_t IssuerTest::call_issue(const std::string& idempotency_key) {
  std::string& request = requests_[idempotency_key];
  if (request.empty()) {
    request = signed_envelope(installation_.payments, v1::METHOD_ISSUE, issue_payload(idempotency_key));
  }
  return front_->call(chain_of({&installation_.payments}), request);
}

std::uint64_t IssuerTest::call_issue_with_proof(const std::string& idempotency_key) {
  std::string& request = requests_[idempotency_key];
  if (request.empty()) {
    request = signed_envelope(installation_.payments, v1::METHOD_ISSUE, issue_payload(idempotency_key, true));
  }
  return front_->call(chain_of({&installation_.payments}), request);
}

v1::Response IssuerTest::ask_log(const v1::GetLogRequest& question) {
  return front_->ask(chain_of({&installation_.web}), envelope(v1::METHOD_GET_LOG, text_from(encode(question))));
}

v1::IssueResponse IssuerTest::issue(const std::string& idempotency_key) {
  const std::uint64_t id = call_issue(idempotency_key);
  sign_rightly(next_sign_request());
  return issued_in(front_->answer(id));
}

// Requests and answers ----------------------------------------------------------------------------------------------

std::vector<std::string> chain_of(std::initializer_list<const Identity*> chain) {
  std::vector<std::string> ders;
  for (const Identity* identity : chain) ders.push_back(text_from(identity->certificate.der().view()));
  return ders;
}

std::string issue_payload(const std::string& idempotency_key, bool wait_for_proof) {
  const EvpPkeyPtr key = make_key(KeyType::kEcP256);
  v1::IssueRequest request;
  request.set_profile("tls-server");
  request.set_csr(text_from(make_csr(key.get(), "a.payments.example", {{"subjectAltName", "DNS:a.payments.example"}})));
  request.set_idempotency_key(idempotency_key);
  request.set_wait_for_proof(wait_for_proof);
  return text_from(encode(request));
}

std::string envelope(v1::Method method, const std::string& payload) {
  v1::Request request;
  request.set_number(7);
  request.set_method(method);
  request.set_payload(payload);
  return text_from(encode(request));
}

std::string signed_envelope(const Identity& signer, v1::Method method, const std::string& payload, Time time,
                            const std::string& origin) {
  auto request = parsed<v1::Request>(envelope(method, payload));
  const std::int64_t micros = time.time_since_epoch().count();
  const Bytes message =
      signed_request_bytes(origin, static_cast<std::uint32_t>(method), micros, bytes_of(request.payload()));
  request.mutable_signature()->set_time_micros(micros);
  request.mutable_signature()->set_signature(text_from(sign_with(signer, message).view()));
  return text_from(encode(request));
}

v1::IssueResponse issued_in(const v1::Response& response) {
  if (response.has_error()) throw std::runtime_error("not issued: " + response.error().message());
  return parsed<v1::IssueResponse>(response.payload());
}

v1::GetLogResponse log_answer_in(const v1::Response& response) {
  if (response.has_error()) throw std::runtime_error("no answer of the log: " + response.error().message());
  return parsed<v1::GetLogResponse>(response.payload());
}

ErrorCode code_of(const v1::Response& response) { return static_cast<ErrorCode>(response.error().code()); }

std::vector<std::string> types_of(const std::vector<log::Entry>& entries) {
  std::vector<std::string> types;
  for (const log::Entry& entry : entries) types.push_back(entry.type);
  return types;
}

std::vector<log::Entry> of_type(const std::vector<log::Entry>& entries, std::string_view type) {
  std::vector<log::Entry> found;
  for (const log::Entry& entry : entries) {
    if (entry.type == type) found.push_back(entry);
  }
  return found;
}

bool exited_with(std::optional<int> status, int code) {
  return status.has_value() && WIFEXITED(*status) && WEXITSTATUS(*status) == code;
}

bool readable(int fd, std::chrono::milliseconds patience) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&entry, 1, static_cast<int>(patience.count())) == 1;
}

}  // namespace signet::test
