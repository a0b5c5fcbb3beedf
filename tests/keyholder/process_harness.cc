#include "keyholder/process_harness.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <thread>

#include "base/secret.h"
#include "keyholder/authority.h"
#include "token/key_generation.h"
#include "token/token_key.h"

namespace signet::test {
namespace {

void wait_readable(int fd) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  if (poll(&entry, 1, 20'000) != 1) throw std::runtime_error("the keyholder said nothing for 20 s");
}

template <class T>
T must(Result<T> result) {
  if (!result.has_value()) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

void must(const Result<void>& result) {
  if (!result.has_value()) throw std::runtime_error(result.error().message);
}

/// A self-issued CA certificate, signed by the new key on the token.
Certificate make_ca(Pkcs11Session& session, KeyType type, unsigned rsa_bits) {
  const PublicKey public_key = must(generate_key(session, {.type = type, .rsa_bits = rsa_bits, .label = "issuing-1"}));
  const TokenKey key = must(TokenKey::find(session, must(Pkcs11Uri::parse("pkcs11:object=issuing-1"))));
  const TbsFields fields = ca_fields(public_key, "Issuing CA", system_clock().now());
  const TbsDer tbs = encode_tbs(fields);
  return must(Certificate::parse(
      assemble_certificate(tbs, fields.algorithm, must(key.sign(session, fields.algorithm, tbs.view()))).view()));
}

}  // namespace

Scenario::Scenario(KeyType type, unsigned rsa_bits) {
  softhsm.use_here();
  const auto module = must(Pkcs11Module::load(kSoftHsmModule));
  Pkcs11Session session =
      must(Pkcs11Session::open(module, must(module->find_token(softhsm.label())), SessionAccess::kReadWrite));
  must(session.log_in(Secret(bytes_of(softhsm.pin()))));
  ca = make_ca(session, type, rsa_bits);
  certificate_file = softhsm.directory().write("issuing.pem", encode_pem("CERTIFICATE", ca->der().view()));
}

std::string Scenario::config() const {
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
sign_deadline = "{}"
[token.soft]
profile = "{}"
pin_file = "{}"
sessions = {}
environment = {{ {} }}
[key.issuing-1]
token = "soft"
uri = "{}"
certificate = "{}"
[key.issuing-1.fence]
may_sign = ["end-entity-certificate"]
longest_validity = "398d"
[issuer.issuing-1]
key = "issuing-1"
root = "root.pem"
)",
                     sign_deadline, profile, pin_file, sessions, environment, uri, certificate_file);
}

void Scenario::use_fault_module(const std::string& call, const std::string& action, int after, int times) {
  profile = softhsm.directory().write(
      "fault.toml",
      fmt::format("name = \"fault\"\ntested = \"ci\"\nsource = \"tests\"\nmodules = [\"{}/test_fault_module.so\"]\n",
                  SIGNET_BIN_DIR));
  environment += fmt::format(
      ", SIGNET_FAULT_CALL = \"{}\", SIGNET_FAULT_DO = \"{}\", SIGNET_FAULT_AFTER = \"{}\", SIGNET_FAULT_TIMES = "
      "\"{}\"",
      call, action, after, times);
}

Keyholder::Keyholder(const Scenario& scenario) {
  auto [ours, theirs] = must(make_control_pair());
  control_ = std::make_unique<ControlChannel>(std::move(ours));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, theirs.get(), kControlDescriptor);
  std::string program = std::string(SIGNET_BIN_DIR) + "/signet-keyholder";
  char* const arguments[] = {program.data(), nullptr};
  std::string path = "PATH=/usr/bin:/bin";
  char* const environment[] = {path.data(), nullptr};
  const int error = posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error(program + " does not start");

  const UniqueFd config = must(sealed_memory_file("signet.toml", bytes_of(scenario.config())));
  internal::SupervisorToChild start;
  start.mutable_start()->set_config_file(scenario.softhsm.directory() / "signet.toml");
  start.mutable_start()->set_token("soft");
  const int descriptors[] = {config.get()};
  must(control_->send(start, descriptors));
}

Keyholder::~Keyholder() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

internal::ChildToSupervisor Keyholder::started() {
  wait_readable(control_->fd());
  return must(control_->receive<internal::ChildToSupervisor>()).message;
}

internal::Failure Keyholder::failure() {
  internal::ChildToSupervisor message = started();
  if (!message.has_failed()) throw std::runtime_error("the keyholder started, but should have refused to");
  return message.failed();
}

std::unique_ptr<Channel> Keyholder::connect(std::uint64_t generation) {
  auto [ours, theirs] = must(make_stream_pair());
  internal::SupervisorToChild message;
  message.mutable_peer()->set_role(internal::Peer::ROLE_ISSUER);
  message.mutable_peer()->set_generation(generation);
  const int descriptors[] = {theirs.get()};
  must(control_->send(message, descriptors));
  return std::make_unique<Channel>(std::move(ours));
}

void Keyholder::send(const internal::SupervisorToChild& message) { must(control_->send(message)); }

std::optional<int> Keyholder::wait(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  int status = 0;
  while (waitpid(pid_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) return std::nullopt;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  pid_ = -1;
  return status;
}

void request(Channel& channel, std::uint64_t id, ByteView tbs, const std::string& key, internal::ArtifactKind kind) {
  internal::SignRequest message;
  message.set_id(id);
  message.set_key(key);
  message.set_kind(kind);
  message.set_tbs(std::string(text_of(tbs)));
  must(channel.send(message));
}

internal::SignAnswer next_answer(Channel& channel) {
  wait_readable(channel.fd());
  return must(channel.receive<internal::SignAnswer>());
}

internal::SignAnswer ask(Channel& channel, ByteView tbs, const std::string& key, internal::ArtifactKind kind) {
  static std::uint64_t id = 1000;
  request(channel, ++id, tbs, key, kind);
  internal::SignAnswer answer = next_answer(channel);
  if (answer.id() != id) throw std::runtime_error("the answer is to another request");
  return answer;
}

}  // namespace signet::test
