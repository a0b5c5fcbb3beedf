#include "keyholder/process_harness.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "base/secret.h"
#include "keyholder/authority.h"
#include "support/command.h"
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

/// A read-write session with the scenario's token, while no keyholder runs.
Pkcs11Session session_with(const SoftHsm& softhsm) {
  softhsm.use_here();
  const auto module = must(Pkcs11Module::load(kSoftHsmModule));
  Pkcs11Session session =
      must(Pkcs11Session::open(module, must(module->find_token(softhsm.label())), SessionAccess::kReadWrite));
  must(session.log_in(Secret(bytes_of(softhsm.pin()))));
  return session;
}

/// A self-issued CA certificate, signed by the new key on the token.
Certificate make_ca(Pkcs11Session& session, const NewKey& spec, std::string_view common_name, std::uint64_t path) {
  const PublicKey public_key = must(generate_key(session, spec));
  const TokenKey key = must(TokenKey::find(session, must(Pkcs11Uri::parse("pkcs11:object=" + spec.label))));
  TbsFields fields = ca_fields(public_key, common_name, system_clock().now());
  fields.basic_constraints->path_length = path;
  const TbsDer tbs = encode_tbs(fields);
  return must(Certificate::parse(
      assemble_certificate(tbs, fields.algorithm, must(key.sign(session, fields.algorithm, tbs.view()))).view()));
}

}  // namespace

Scenario::Scenario(KeyType type, unsigned rsa_bits) {
  Pkcs11Session session = session_with(softhsm);
  ca = make_ca(session, {.type = type, .rsa_bits = rsa_bits, .label = "issuing-1"}, "Issuing CA", 0);
  certificate_file = softhsm.directory().write("issuing.pem", encode_pem("CERTIFICATE", ca->der().view()));
}

PublicKey Scenario::add_log_key(KeyType type) {
  Pkcs11Session session = session_with(softhsm);
  const PublicKey key =
      must(generate_key(session, {.type = type, .rsa_bits = type == KeyType::kRsa ? 2048U : 0U, .label = "log-1"}));
  log_public_key = softhsm.directory().write("log-1.pub.pem", encode_pem("PUBLIC KEY", key.spki()));
  log_token = "soft";
  return key;
}

Certificate Scenario::add_ca(const std::string& name, const std::string& its_fence) {
  Pkcs11Session session = session_with(softhsm);
  Certificate certificate = make_ca(session, {.type = KeyType::kEcP256, .rsa_bits = 0, .label = name}, "CA " + name, 1);
  more_keys_ += fmt::format(
      R"([key.{0}]
token = "soft"
uri = "pkcs11:token=signet-test;object={0};type=private"
certificate = "{1}"
[key.{0}.fence]
{2})",
      name, softhsm.directory().write(name + ".pem", encode_pem("CERTIFICATE", certificate.der().view())), its_fence);
  return certificate;
}

PublicKey Scenario::add_predecessor(const std::string& its_origin) {
  Pkcs11Session session = session_with(softhsm);
  const PublicKey key = must(generate_key(session, {.type = KeyType::kEd25519, .label = "log-0"}));
  more_keys_ +=
      fmt::format(R"([log.predecessor]
directory = "old"
origin = "{}"
key = "log-0"
[key.log-0]
token = "soft"
uri = "pkcs11:token=signet-test;object=log-0;type=private"
public_key = "{}"
[key.log-0.fence]
may_sign = ["log-checkpoint"]
)",
                  its_origin, softhsm.directory().write("log-0.pub.pem", encode_pem("PUBLIC KEY", key.spki())));
  return key;
}

std::string Scenario::config() const {
  return fmt::format(R"(origin = "{}"
policy = "policy.toml"
[state]
directory = "{}"
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
{}
uri = "{}"
certificate = "{}"
{}[key.issuing-1.fence]
{}[issuer.issuing-1]
key = "issuing-1"
root = "root.pem"
[token.elsewhere]
profile = "elsewhere.toml"
pin_file = "elsewhere.pin"
[log]
key = "log-1"
ceremony = "transcript.jsonl"
[key.log-1]
token = "{}"
uri = "pkcs11:token=signet-test;object=log-1;type=private"
public_key = "{}"
[key.log-1.fence]
may_sign = ["log-checkpoint"]
{})",
                     origin, state_directory, sign_deadline, profile, softhsm.pin_file(), sessions, environment,
                     key_tokens, uri, certificate_file,
                     signature.empty() ? "" : fmt::format("signature = \"{}\"\n", signature), fence, log_token,
                     log_public_key, more_keys_);
}

void Scenario::use_fault_module(const std::string& call, const std::string& action, int after, int times) {
  profile = softhsm.directory().write("fault.toml",
                                      profile_of_softhsm_in(std::string(SIGNET_BIN_DIR) + "/test_fault_module.so"));
  environment += fmt::format(
      ", SIGNET_FAULT_CALL = \"{}\", SIGNET_FAULT_DO = \"{}\", SIGNET_FAULT_AFTER = \"{}\", SIGNET_FAULT_TIMES = "
      "\"{}\"",
      call, action, after, times);
}

void Scenario::use_fault_control(const std::string& file) {
  profile = softhsm.directory().write("fault.toml",
                                      profile_of_softhsm_in(std::string(SIGNET_BIN_DIR) + "/test_fault_module.so"));
  environment += fmt::format(", SIGNET_FAULT_CONTROL = \"{}\"", file);
}

void Scenario::use_softhsm_itself() {
  profile = std::string(SIGNET_SOURCE_DIR) + "/hsm-profiles/softhsm2.toml";
  environment = "SOFTHSM2_CONF = \"" + softhsm.conf() + "\"";
}

namespace {

/// Set for the child that is started meanwhile.
class FileLimit {
 public:
  explicit FileLimit(std::uint64_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{.rlim_cur = std::min<rlim_t>(bytes, before_.rlim_max), .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, SIG_IGN);  // the child inherits that too: its write fails with EFBIG
  }
  ~FileLimit() { setrlimit(RLIMIT_FSIZE, &before_); }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;

 private:
  rlimit before_{};
};

}  // namespace

Keyholder::Keyholder(const Scenario& scenario) : Keyholder(scenario, RLIM_INFINITY) {}

Keyholder::Keyholder(const Scenario& scenario, std::uint64_t file_bytes) {
  const UniqueFd config = must(sealed_memory_file("signet.toml", bytes_of(scenario.config())));
  const FileLimit limit(file_bytes);
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

  internal::SupervisorToChild start;
  start.mutable_start()->set_config_file(scenario.softhsm.directory() / "signet.toml");
  start.mutable_start()->set_token("soft");
  start.mutable_start()->mutable_pin();
  const UniqueFd profile = must(sealed_memory_file("profile.toml", bytes_of(slurp(scenario.profile))));
  const int descriptors[] = {config.get(), profile.get()};
  must(control_->send(start, descriptors));
  must(control_->send_secret(Secret(bytes_of(scenario.pin))));
}

Keyholder::~Keyholder() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

internal::ChildToSupervisor Keyholder::said() {
  wait_readable(control_->fd());
  return must(control_->receive<internal::ChildToSupervisor>()).message;
}

internal::ChildToSupervisor Keyholder::started() {
  internal::ChildToSupervisor message = said();
  while (message.has_logging_in() || message.has_logged_in()) message = said();
  return message;
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

namespace {

std::uint64_t next_id() {
  static std::uint64_t id = 1000;
  return ++id;
}

internal::KeyholderToIssuer answer_to(Channel& channel, std::uint64_t id) {
  internal::KeyholderToIssuer answer = next_answer(channel);
  if (answer.id() != id) throw std::runtime_error("the answer is to another request");
  return answer;
}

}  // namespace

void request(Channel& channel, std::uint64_t id, ByteView tbs, const std::string& key, internal::ArtifactKind kind) {
  internal::IssuerToKeyholder message;
  message.set_id(id);
  message.mutable_sign()->set_key(key);
  message.mutable_sign()->set_kind(kind);
  message.mutable_sign()->set_structure(std::string(text_of(tbs)));
  must(channel.send(message));
}

void request_checkpoint(Channel& channel, std::uint64_t id, std::string_view text, std::uint64_t old_size,
                        const log::Proof& proof, const std::string& key) {
  internal::IssuerToKeyholder message;
  message.set_id(id);
  message.mutable_sign()->set_key(key);
  message.mutable_sign()->set_kind(internal::ARTIFACT_KIND_LOG_CHECKPOINT);
  message.mutable_sign()->set_structure(std::string(text));
  internal::ConsistencyProof& consistency = *message.mutable_sign()->mutable_consistency();
  consistency.set_old_size(old_size);
  for (const Sha256& hash : proof) consistency.add_hashes(std::string(text_of(hash)));
  must(channel.send(message));
}

internal::KeyholderToIssuer next_answer(Channel& channel) {
  wait_readable(channel.fd());
  return must(channel.receive<internal::KeyholderToIssuer>());
}

internal::KeyholderToIssuer ask(Channel& channel, ByteView tbs, const std::string& key, internal::ArtifactKind kind) {
  const std::uint64_t id = next_id();
  request(channel, id, tbs, key, kind);
  return answer_to(channel, id);
}

internal::KeyholderToIssuer ask_checkpoint(Channel& channel, std::string_view text, std::uint64_t old_size,
                                           const log::Proof& proof, const std::string& key) {
  const std::uint64_t id = next_id();
  request_checkpoint(channel, id, text, old_size, proof, key);
  return answer_to(channel, id);
}

internal::TokenDescription ask_description(Channel& channel) {
  internal::IssuerToKeyholder message;
  message.set_id(next_id());
  message.mutable_describe();
  must(channel.send(message));
  return answer_to(channel, message.id()).description();
}

}  // namespace signet::test
