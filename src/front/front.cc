#include "front/front.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/ops_log.h"
#include "base/sandbox.h"
#include "front/server.h"
#include "wire/control.h"
#include "wire/status.h"

namespace signet {
namespace {

constexpr std::size_t kMaxConfigBytes = std::size_t{1024} * 1024;
constexpr rlim_t kOtherDescriptors = 64;  // beside one of each connection and handshake

/// What Start brought.
struct Inheritance {
  DaemonConfig config;
  UniqueFd listener;
};

Result<Inheritance> take_start(ControlChannel& control) {
  SIGNET_TRY(auto received, control.receive<internal::SupervisorToChild>());
  if (!received.message.has_start() || received.descriptors.size() != 2) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the first message must be Start with 2 descriptors; {} descriptors came",
                            received.descriptors.size()));
  }
  SIGNET_TRY(const Bytes text, read_memory_file(received.descriptors[0].get(), kMaxConfigBytes));
  SIGNET_TRY(auto config, parse_daemon_config(text, received.message.start().config_file()));
  return Inheritance{std::move(config), std::move(received.descriptors[1])};
}

/// Makes sure that the limits of connections are reached before the limit of descriptors. Says how many are needed.
Result<std::uint64_t> allow_descriptors(std::uint32_t max_connections) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return fail_errno(errno, "getrlimit(RLIMIT_NOFILE)");
  const rlim_t needed = max_connections + Places::max_handshakes(max_connections) + kOtherDescriptors;
  if (limit.rlim_cur >= needed) return needed;
  if (limit.rlim_max < needed) {
    return fail(
        ErrorCode::kFailedPrecondition,
        fmt::format("{} connections need {} open files and this process may have {}; raise that (LimitNOFILE) or "
                    "lower listen.max_connections",
                    max_connections, needed, limit.rlim_max),
        "listen.max_connections");
  }
  limit.rlim_cur = needed;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return fail_errno(errno, "setrlimit(RLIMIT_NOFILE)");
  return needed;
}

int socket_option(int fd, int option) {
  int value = 0;
  socklen_t size = sizeof(value);
  return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

Result<tcp::acceptor> adopt_listener(asio::io_context& io, UniqueFd listener) {
  const int domain = socket_option(listener.get(), SO_DOMAIN);
  if (socket_option(listener.get(), SO_ACCEPTCONN) != 1 || (domain != AF_INET && domain != AF_INET6)) {
    return fail(ErrorCode::kInvalidArgument, "the second descriptor of Start is no listening TCP socket");
  }
  tcp::acceptor acceptor(io);
  boost::system::error_code failure;
  acceptor.assign(domain == AF_INET ? tcp::v4() : tcp::v6(), listener.get(), failure);
  if (failure) return fail_errno(failure.value(), "the listening socket cannot be watched");
  static_cast<void>(listener.release());
  return acceptor;
}

Result<asio::posix::stream_descriptor> watch(asio::io_context& io, const ControlChannel& control) {
  const int duplicate = fcntl(control.fd(), F_DUPFD_CLOEXEC, 0);
  if (duplicate < 0) return fail_errno(errno, "the control socket cannot be watched");
  return asio::posix::stream_descriptor(io, duplicate);
}

void handle(Server& server, Received<internal::SupervisorToChild> received) {
  if (received.message.has_drain()) {
    ops::info("draining");
    return server.drain();
  }
  const internal::Peer& peer = received.message.peer();
  if (received.message.has_peer() && peer.role() == internal::Peer::ROLE_ISSUER && received.descriptors.size() == 1) {
    return server.use_issuer(peer.generation(), std::move(received.descriptors.front()));
  }
  ops::error("a control message that is not for this process was ignored");
}

/// Until the supervisor is gone. Then this process leaves at once: nobody is there to give it an issuer.
awaitable<void> obey(asio::io_context& io, Server& server, ControlChannel& control,
                     asio::posix::stream_descriptor readable) {
  for (;;) {
    const auto [failure] = co_await readable.async_wait(asio::posix::stream_descriptor::wait_read, kAsTuple);
    auto received = control.receive<internal::SupervisorToChild>();
    if (received.has_value()) {
      handle(server, *std::move(received));
    } else if (failure || received.error().code == ErrorCode::kUnavailable) {
      break;
    } else {
      ops::error("a control message was ignored", {{"why", received.error().message}});
    }
  }
  ops::info("the supervisor has gone; leaving");
  io.stop();
}

Result<void> serve(ControlChannel& control) {
  SIGNET_TRY(auto inherited, take_start(control));
  SIGNET_TRY(auto tls, make_tls_context(inherited.config.listen));
  SIGNET_TRY(const std::uint64_t descriptors, allow_descriptors(inherited.config.listen.max_connections));
  asio::io_context io(1);
  SIGNET_TRY(auto acceptor, adopt_listener(io, std::move(inherited.listener)));
  SIGNET_TRY(auto readable, watch(io, control));
  Server server(io, inherited.config, std::move(tls), std::move(acceptor));
  SIGNET_CHECK(enter_sandbox(
      {.role = SandboxRole::kFront, .landlock = inherited.config.run.landlock(), .max_descriptors = descriptors}));
  internal::ChildToSupervisor ready;
  ready.mutable_ready();
  SIGNET_CHECK(control.send(ready));
  server.start();
  asio::co_spawn(io, obey(io, server, control, std::move(readable)), [](std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  io.run();
  return {};
}

}  // namespace

int run_front(UniqueFd control_socket) {
  ControlChannel control(std::move(control_socket));
  const auto served = serve(control);
  if (served.has_value()) return 0;
  ops::error("not started", {{"why", served.error().message}, {"field", served.error().field}});
  internal::ChildToSupervisor failed;
  *failed.mutable_failed() = to_failure(served.error());
  static_cast<void>(control.send(failed));  // the supervisor may be gone, and then nobody needs to know
  return 1;
}

}  // namespace signet
