#include "client/socket.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "base/bytes.h"
#include "base/openssl_ptr.h"

namespace signet::client {
namespace {

using std::chrono::milliseconds;

struct AddressListFreer {
  void operator()(addrinfo* list) const noexcept { ::freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, AddressListFreer>;

std::unexpected<Error> unavailable(const Address& address, std::string_view why) {
  return fail_retryable(ErrorCode::kUnavailable, fmt::format("no connection to {}: {}", printable(address.text()), why),
                        milliseconds(0));
}

std::unexpected<Error> late() {
  return fail_retryable(ErrorCode::kDeadlineExceeded, "the daemon did not answer in time", milliseconds(0));
}

Result<AddressList> resolve(const Address& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
  if (is_ip_address(address.host)) hints.ai_flags = AI_NUMERICSERV | AI_NUMERICHOST;
  addrinfo* list = nullptr;
  const int status = ::getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &list);
  if (status == EAI_NONAME || status == EAI_NODATA) {
    return fail(ErrorCode::kNotFound,
                fmt::format("the host \"{}\" is not known ({}); check the address", printable(address.host),
                            ::gai_strerror(status)),
                "address");
  }
  if (status != 0) return unavailable(address, ::gai_strerror(status));
  return AddressList(list);
}

/// errno's value, 0 when the socket is connected.
int connect_one(int fd, const addrinfo& target, Deadline deadline) {
  if (::connect(fd, target.ai_addr, target.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  if (!wait_until_ready(fd, POLLOUT, deadline).has_value()) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof(error);
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

int count_of(const addrinfo* list) noexcept {
  int count = 0;
  for (; list != nullptr; list = list->ai_next) ++count;
  return count;
}

/// A share of the time until `deadline` for the first of `addresses_left`, so that one that is silent leaves some.
Deadline share_of(Deadline deadline, int addresses_left) {
  const auto now = std::chrono::steady_clock::now();
  return now + (deadline - now) / addresses_left;
}

void set_options(int fd, milliseconds longest_silence) {
  const int on = 1;  // a request is one small write that is waited for
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const auto silence =
      static_cast<unsigned>(std::clamp<std::int64_t>(longest_silence.count(), 1, std::numeric_limits<int>::max()));
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence, sizeof(silence));
}

int bio_write(BIO* bio, const char* bytes, std::size_t size, std::size_t* written) {
  const int fd = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
  BIO_clear_retry_flags(bio);
  const ssize_t sent = ::send(fd, bytes, size, MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  *written = static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
  return sent > 0 ? 1 : 0;
}

int bio_read(BIO* bio, char* bytes, std::size_t size, std::size_t* got_bytes) {
  const int fd = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
  BIO_clear_retry_flags(bio);
  const ssize_t got = ::recv(fd, bytes, size, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  *got_bytes = static_cast<std::size_t>(std::max<ssize_t>(got, 0));
  return got > 0 ? 1 : 0;
}

long bio_control(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
  switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_EOF: return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    default: return 0;
  }
}

/// Made once and kept as long as the process.
const BIO_METHOD* socket_bio_method() {
  static const BioMethodPtr method = [] {
    BioMethodPtr made(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "signet socket"));
    if (made == nullptr) return made;
    BIO_meth_set_write_ex(made.get(), bio_write);
    BIO_meth_set_read_ex(made.get(), bio_read);
    BIO_meth_set_ctrl(made.get(), bio_control);
    return made;
  }();
  return method.get();
}

}  // namespace

Result<UniqueFd> connect_tcp(const Address& address, Deadline deadline, milliseconds longest_silence) {
  SIGNET_TRY(const AddressList list, resolve(address));
  int error = EADDRNOTAVAIL;
  int addresses_left = count_of(list.get());
  for (const addrinfo* target = list.get(); target != nullptr; target = target->ai_next, --addresses_left) {
    UniqueFd fd(::socket(target->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, target->ai_protocol));
    if (!fd.valid()) {
      error = errno;
      continue;
    }
    set_options(fd.get(), longest_silence);
    error = connect_one(fd.get(), *target, share_of(deadline, addresses_left));
    if (error == 0) return fd;
  }
  auto failure = fail_errno(error, fmt::format("no connection to {}", printable(address.text())));
  failure.error().code = ErrorCode::kUnavailable;
  failure.error().retryable = true;
  return failure;
}

Result<void> check_time_left(Deadline deadline) {
  if (std::chrono::steady_clock::now() < deadline) return {};
  return late();
}

Result<void> wait_until_ready(int fd, short events, Deadline deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    const auto bounded = std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max());
    pollfd entry{.fd = fd, .events = events, .revents = 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(bounded));
    if (ready > 0) return {};
    if (ready == 0) return late();
    if (errno != EINTR) return fail_errno(errno, "poll failed");
  }
}

BIO* new_socket_bio(int fd) {
  const BIO_METHOD* const method = socket_bio_method();
  BIO* const bio = method != nullptr ? BIO_new(method) : nullptr;
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace signet::client
