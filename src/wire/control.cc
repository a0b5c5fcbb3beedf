#include "wire/control.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace signet {
namespace {

constexpr int kAllSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

struct alignas(cmsghdr) DescriptorBuffer {
  std::array<char, CMSG_SPACE(kMaxControlDescriptors * sizeof(int))> bytes{};
};

std::unexpected<Error> peer_gone(int errno_value) {
  auto error = fail_errno(errno_value, "the process at the other end of the control socket has gone");
  error.error().code = ErrorCode::kUnavailable;
  return error;
}

/// False when the time is over first; a negative one never is.
bool wait_for(int fd, short events, std::chrono::milliseconds timeout = std::chrono::milliseconds(-1)) {
  pollfd entry{.fd = fd, .events = events, .revents = 0};
  return ::poll(&entry, 1, static_cast<int>(timeout.count())) != 0;
}

void attach(msghdr& header, DescriptorBuffer& buffer, std::span<const int> descriptors) {
  if (descriptors.empty()) return;
  header.msg_control = buffer.bytes.data();
  header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
  cmsghdr* const item = CMSG_FIRSTHDR(&header);
  item->cmsg_level = SOL_SOCKET;
  item->cmsg_type = SCM_RIGHTS;
  item->cmsg_len = CMSG_LEN(descriptors.size_bytes());
  std::memcpy(CMSG_DATA(item), descriptors.data(), descriptors.size_bytes());
}

/// Takes ownership of everything the kernel has installed in this process.
std::vector<UniqueFd> take_descriptors(msghdr& header) {
  std::vector<UniqueFd> taken;
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(item) + i * sizeof(int), sizeof(int));
      taken.emplace_back(fd);
    }
  }
  return taken;
}

/// recvmsg that goes on after signals and blocks on non-blocking descriptors too. A peer that left without reading all
/// that it was sent is reported once, as ECONNRESET, ahead of what it has said; its last words come after that.
ssize_t receive_message(int fd, msghdr& header) {
  for (;;) {
    const ssize_t got = ::recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
    if (got >= 0 || (errno != EINTR && errno != EAGAIN && errno != ECONNRESET)) return got;
    if (errno == EAGAIN) wait_for(fd, POLLIN);
  }
}

}  // namespace

Result<std::pair<UniqueFd, UniqueFd>> make_control_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail_errno(errno, "no socket pair can be made");
  }
  return std::pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

Result<void> ControlChannel::send(const google::protobuf::Message& message, std::span<const int> descriptors) {
  const Bytes body = encode(message);
  if (body.empty() || body.size() > kMaxControlBytes || descriptors.size() > kMaxControlDescriptors) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("a control message of {} bytes with {} descriptors; 1 to {} bytes and at most {} descriptors "
                    "can be sent",
                    body.size(), descriptors.size(), kMaxControlBytes, kMaxControlDescriptors));
  }
  return send_packet(body, descriptors);
}

Result<void> ControlChannel::send_packet(std::span<const std::uint8_t> body, std::span<const int> descriptors) {
  DescriptorBuffer buffer;
  iovec part{.iov_base = const_cast<std::uint8_t*>(body.data()), .iov_len = body.size()};  // sendmsg only reads it
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  attach(header, buffer, descriptors);
  while (::sendmsg(socket_.get(), &header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
    if (errno == EAGAIN) {
      if (wait_for(socket_.get(), POLLOUT, send_timeout_)) continue;
      return fail(ErrorCode::kDeadlineExceeded, "the process at the other end of the control socket takes no messages");
    } else if (errno != EINTR) {
      return peer_gone(errno);
    }
  }
  return {};
}

Result<void> ControlChannel::send_secret(const Secret& secret) {
  return secret.expose([&](std::span<const std::uint8_t> bytes) -> Result<void> {
    if (bytes.empty() || bytes.size() > kMaxSecretBytes)
      return fail(ErrorCode::kInvalidArgument, "a secret of 1 to 255 bytes can be sent");
    return send_packet(bytes, {});
  });
}

Result<Secret> ControlChannel::receive_secret() {
  return Secret::filled_by(kMaxSecretBytes, [&](std::span<std::uint8_t> room) -> Result<std::size_t> {
    iovec part{.iov_base = room.data(), .iov_len = room.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    const ssize_t got = receive_message(socket_.get(), header);
    if (got < 0) return peer_gone(errno);
    if (got == 0) {
      return fail(ErrorCode::kUnavailable, "the process at the other end of the control socket has closed it");
    }
    if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
      return fail(ErrorCode::kInvalidArgument, "what came in place of a secret is too long");
    return static_cast<std::size_t>(got);
  });
}

Result<ControlChannel::Packet> ControlChannel::receive_packet() {
  Packet packet;
  packet.body.resize(kMaxControlBytes);
  DescriptorBuffer buffer;
  iovec part{.iov_base = packet.body.data(), .iov_len = packet.body.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = buffer.bytes.data();
  header.msg_controllen = buffer.bytes.size();
  const ssize_t got = receive_message(socket_.get(), header);
  if (got < 0) return peer_gone(errno);
  packet.descriptors = take_descriptors(header);
  if (got == 0) {
    return fail(ErrorCode::kUnavailable, "the process at the other end of the control socket has closed it");
  }
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("a control message is too long or has too many descriptors; at most {} bytes and {} "
                            "descriptors are taken",
                            kMaxControlBytes, kMaxControlDescriptors));
  }
  packet.body.resize(static_cast<std::size_t>(got));
  return packet;
}

bool ControlChannel::has_message() const noexcept {
  return wait_for(socket_.get(), POLLIN, std::chrono::milliseconds(0));
}

void ControlChannel::limit_send_time(std::chrono::milliseconds timeout) noexcept { send_timeout_ = timeout; }

void ControlChannel::shutdown() noexcept { ::shutdown(socket_.get(), SHUT_RDWR); }

Result<UniqueFd> sealed_memory_file(const std::string& name, ByteView bytes) {
  UniqueFd file(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.valid()) return fail_errno(errno, "no memory file can be made");
  SIGNET_CHECK(write_all(file.get(), bytes));
  if (::fcntl(file.get(), F_ADD_SEALS, kAllSeals) != 0) return fail_errno(errno, "the memory file cannot be sealed");
  return file;
}

Result<Bytes> read_memory_file(int fd, std::size_t max_bytes) {
  const int seals = ::fcntl(fd, F_GET_SEALS);
  if (seals < 0 || (seals & kAllSeals) != kAllSeals) {
    return fail(ErrorCode::kInvalidArgument, "the descriptor is not a sealed memory file");
  }
  struct stat state{};
  if (::fstat(fd, &state) != 0) return fail_errno(errno, "the memory file cannot be looked at");
  const auto size = static_cast<std::size_t>(state.st_size);
  if (size > max_bytes) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the memory file has {} bytes; at most {} are taken", size, max_bytes));
  }
  Bytes bytes(size);
  for (std::size_t done = 0; done < size;) {
    const ssize_t got = ::pread(fd, bytes.data() + done, size - done, static_cast<off_t>(done));
    if (got == 0) return fail(ErrorCode::kDataLoss, "the memory file is shorter than it was");
    if (got < 0 && errno != EINTR) return fail_errno(errno, "the memory file cannot be read");
    if (got > 0) done += static_cast<std::size_t>(got);
  }
  return bytes;
}

Result<UniqueFd> inherited_control_socket() {
  struct stat status{};
  if (fstat(kControlDescriptor, &status) != 0 || !S_ISSOCK(status.st_mode)) {
    return fail(ErrorCode::kFailedPrecondition,
                "descriptor 3 is not a socket: this program is started by signetd; run signetd instead");
  }
  if (fcntl(kControlDescriptor, F_SETFD, FD_CLOEXEC) != 0) return fail_errno(errno, "descriptor 3");
  return UniqueFd{kControlDescriptor};
}

}  // namespace signet
