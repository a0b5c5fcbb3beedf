#include "front_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "base/bytes.h"
#include "wire/signet.pb.h"

namespace signet::test {
namespace {

constexpr int kControlDescriptor = 3;

template <class T>
T require(Result<T> result) {
  if (!result.has_value()) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

bool readable_within(int fd, std::chrono::milliseconds wait) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&entry, 1, static_cast<int>(wait.count())) == 1;
}

/// Listens on 127.0.0.1, any free port.
UniqueFd listen_on_loopback(std::uint16_t& port) {
  UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof(address);
  if (bind(listener.get(), generic, size) != 0 || listen(listener.get(), 512) != 0 ||
      getsockname(listener.get(), generic, &size) != 0) {
    throw std::runtime_error("no listening socket");
  }
  port = ntohs(address.sin_port);
  return listener;
}

pid_t start_program(const std::string& path, int control) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  // Between fork and exec: calls that are safe in a signal handler only.
  if (control == kControlDescriptor) {
    fcntl(control, F_SETFD, 0);
  } else {
    dup2(control, kControlDescriptor);
  }
  execl(path.c_str(), path.c_str(), nullptr);
  _exit(127);
}

}  // namespace

std::string Site::write() const {
  directory.write("daemon.pem", server.certificate_pem());
  directory.write("daemon.key", server.key_pem());
  directory.write("trust.pem", client_root.certificate_pem() + client_intermediate.certificate_pem());
  std::string options;
  for (const auto& [key, value] : listen_options) options += fmt::format("{} = {}\n", key, value);
  return fmt::format(R"(origin = "ca.example.com/signet/test"
policy = "policy.toml"
[state]
directory = "state"
[listen]
address = "127.0.0.1:0"
certificate = "daemon.pem"
key = "daemon.key"
client_trust = "trust.pem"
{}
[token.soft]
profile = "softhsm2.toml"
pin_file = "pin"
[key.issuing-1]
token = "soft"
uri = "pkcs11:token=test;object=issuing-1;type=private"
certificate = "issuing.pem"
[key.issuing-1.fence]
may_sign = ["end-entity-certificate"]
longest_validity = "398d"
[issuer.issuing-1]
key = "issuing-1"
root = "root.pem"
[log]
key = "log-1"
ceremony = "transcript.jsonl"
[key.log-1]
token = "soft"
uri = "pkcs11:token=test;object=log-1;type=private"
public_key = "log-1.pub.pem"
[key.log-1.fence]
may_sign = ["log-checkpoint"]
)",
                     options);
}

std::optional<internal::FrontToIssuer> FakeIssuer::next(std::chrono::milliseconds wait) {
  if (channel_ == nullptr || !readable_within(channel_->fd(), wait)) return std::nullopt;
  auto message = channel_->receive<internal::FrontToIssuer>();
  if (!message.has_value()) return std::nullopt;
  return *std::move(message);
}

internal::Call FakeIssuer::next_call() {
  const auto message = next();
  if (!message.has_value() || !message->has_call()) throw std::runtime_error("no Call came");
  return message->call();
}

internal::AccessFailure FakeIssuer::next_report() {
  const auto message = next();
  if (!message.has_value() || !message->has_access_failure()) throw std::runtime_error("no AccessFailure came");
  return message->access_failure();
}

void FakeIssuer::answer(const internal::Call& call, const std::string& payload) {
  v1::Request request;
  if (!request.ParseFromString(call.request())) throw std::runtime_error("the Call carries no Request");
  v1::Response response;
  response.set_number(request.number());
  response.set_payload(payload);
  internal::IssuerToFront answer;
  answer.set_id(call.id());
  answer.set_response(response.SerializeAsString());
  if (!channel_->send(answer).has_value()) throw std::runtime_error("the front has gone");
}

FrontProcess::FrontProcess(const std::string& config, const std::string& config_file) {
  auto [mine, childs] = require(make_control_pair());
  control_.emplace(std::move(mine));
  const UniqueFd listener = listen_on_loopback(port_);
  const UniqueFd memory = require(sealed_memory_file("signet.toml", bytes_of(config)));
  pid_ = start_program(SIGNET_BIN_DIR "/signet-front", childs.get());
  internal::SupervisorToChild start;
  start.mutable_start()->set_config_file(config_file);
  const std::array descriptors{memory.get(), listener.get()};
  if (pid_ < 0 || !control_->send(start, descriptors).has_value()) throw std::runtime_error("not started");
}

FrontProcess::~FrontProcess() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

std::optional<internal::ChildToSupervisor> FrontProcess::next_message() {
  if (!readable_within(control_->fd(), std::chrono::seconds(20))) return std::nullopt;
  auto received = control_->receive<internal::ChildToSupervisor>();
  if (!received.has_value()) return std::nullopt;
  return received->message;
}

FakeIssuer FrontProcess::connect_issuer(std::uint64_t generation) {
  auto [mine, fronts] = require(make_stream_pair());
  internal::SupervisorToChild message;
  message.mutable_peer()->set_role(internal::Peer::ROLE_ISSUER);
  message.mutable_peer()->set_generation(generation);
  const std::array descriptors{fronts.get()};
  if (!control_->send(message, descriptors).has_value()) throw std::runtime_error("the front has gone");
  return FakeIssuer(std::move(mine));
}

void FrontProcess::drain() {
  internal::SupervisorToChild message;
  message.mutable_drain();
  if (!control_->send(message).has_value()) throw std::runtime_error("the front has gone");
}

int FrontProcess::wait_for_exit() {
  for (const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
       std::chrono::steady_clock::now() < end; std::this_thread::sleep_for(std::chrono::milliseconds(5))) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) continue;
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }
  return -1;
}

std::string FrontProcess::status_value(const std::string& key) const {
  std::ifstream file(fmt::format("/proc/{}/status", pid_));
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key + ":\t")) return line.substr(key.size() + 2);
  }
  return "";
}

}  // namespace signet::test
