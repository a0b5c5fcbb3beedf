#include "wire/channel.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace signet {
namespace {

using std::chrono::milliseconds;

std::unexpected<Error> peer_gone(int errno_value) {
  auto error = fail_errno(errno_value, "the process at the other end of the socket pair has gone");
  error.error().code = ErrorCode::kUnavailable;
  error.error().retryable = true;
  return error;
}

std::unexpected<Error> end_of_stream() {
  return fail_retryable(ErrorCode::kUnavailable, "the process at the other end of the socket pair has closed it",
                        milliseconds(0));
}

/// Waits until the socket can be written (or is broken, which the next send says).
Result<void> wait_writable(int fd, milliseconds timeout) {
  pollfd entry{.fd = fd, .events = POLLOUT, .revents = 0};
  const int ready = ::poll(&entry, 1, static_cast<int>(timeout.count()));
  if (ready > 0 || (ready < 0 && errno == EINTR)) return {};
  if (ready < 0) return fail_errno(errno, "poll failed");
  return fail_retryable(ErrorCode::kDeadlineExceeded,
                        "the process at the other end of the socket pair has stopped taking messages", milliseconds(0));
}

Result<void> send_whole(int fd, ByteView bytes, milliseconds timeout) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      SIGNET_CHECK(wait_writable(fd, timeout));
    } else if (errno != EINTR) {
      return peer_gone(errno);
    }
  }
  return {};
}

Result<void> receive_whole(int fd, std::span<std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = ::recv(fd, bytes.data(), bytes.size(), MSG_WAITALL);
    if (got == 0) return end_of_stream();
    if (got > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(got));
    } else if (errno == EAGAIN) {  // somebody made the descriptor non-blocking; this call blocks all the same
      pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
      ::poll(&entry, 1, -1);
    } else if (errno != EINTR) {
      return peer_gone(errno);
    }
  }
  return {};
}

}  // namespace

Result<std::pair<UniqueFd, UniqueFd>> make_stream_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail_errno(errno, "no socket pair can be made");
  }
  return std::pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

Result<void> Channel::send(const google::protobuf::Message& message) {
  SIGNET_TRY(const Bytes frame, encode_frame(encode(message), kMaxInternalBytes));
  const std::scoped_lock lock(send_mutex_);
  auto sent = send_whole(socket_.get(), frame, send_timeout_);
  if (!sent.has_value()) shutdown();  // part of a frame may be out: whatever followed would be misread
  return sent;
}

Result<Bytes> Channel::receive_frame() {
  std::array<std::uint8_t, kFrameHeaderBytes> header{};
  SIGNET_CHECK(receive_whole(socket_.get(), header));
  const auto length = decode_frame_length(header, kMaxInternalBytes);
  if (!length.has_value()) {
    shutdown();
    return std::unexpected(length.error());
  }
  Bytes body(*length);
  SIGNET_CHECK(receive_whole(socket_.get(), body));
  return body;
}

void Channel::shutdown() noexcept { ::shutdown(socket_.get(), SHUT_RDWR); }

}  // namespace signet
