#include "wire/admin.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "wire/message.h"
#include "wire/status.h"

namespace signet {

namespace {

constexpr int kBacklog = 32;

Result<sockaddr_un> address_at(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: a Unix socket's path has 1 to {} bytes, this one has {}; name a shorter one", path,
                            sizeof address.sun_path - 1, path.size()),
                "admin.socket");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

/// Whoever may write the folder can put a socket of his own there, and be told PINs.
Result<void> check_folder(const std::string& path) {
  const std::string folder = directory_of(path);
  struct stat status{};
  if (stat(folder.c_str(), &status) != 0) return fail_errno(errno, folder, "admin.socket");
  const bool theirs = (status.st_mode & 0022U) != 0;
  if (!theirs) return {};
  return fail(ErrorCode::kPermissionDenied,
              fmt::format("{}: its mode is {:04o}; others may put a socket of their own there, and would be told PINs: "
                          "chmod go-w, or choose another folder for admin.socket",
                          folder, status.st_mode & 07777U),
              "admin.socket");
}

/// Its owner may write the folder whatever its mode says.
Result<void> check_folder_owner(const std::string& path) {
  const std::string folder = directory_of(path);
  struct stat status{};
  if (stat(folder.c_str(), &status) != 0) return fail_errno(errno, folder, "admin.socket");
  if (status.st_uid == 0 || status.st_uid == geteuid()) return {};
  return fail(
      ErrorCode::kPermissionDenied,
      fmt::format("{}: belongs to user {}, who may put a socket of his own there, and would be told PINs; it must "
                  "belong to root or this user ({})",
                  folder, status.st_uid, geteuid()),
      "admin.socket");
}

/// Of a daemon that was killed. Anything but a socket is there by mistake, and stays.
Result<void> remove_old_socket(const std::string& path) {
  struct stat status{};
  if (lstat(path.c_str(), &status) == 0 && !S_ISSOCK(status.st_mode)) {
    return fail(ErrorCode::kAlreadyExists,
                fmt::format("the operator's socket {}: there is something else of that name; name another path", path),
                "admin.socket");
  }
  if (unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return fail_errno(errno, fmt::format("the operator's socket {}: what is there cannot be removed", path),
                    "admin.socket");
}

Result<UniqueFd> make_socket() {
  UniqueFd socket_fd{socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket_fd.valid()) return fail_errno(errno, "no socket can be made");
  return socket_fd;
}

Result<std::vector<gid_t>> groups_of(int socket) {
  std::vector<gid_t> groups(64);
  while (true) {
    auto bytes = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &bytes) == 0) {
      groups.resize(bytes / sizeof(gid_t));
      return groups;
    }
    if (errno != ERANGE) return fail_errno(errno, "the peer's groups are not known");
    groups.resize(bytes / sizeof(gid_t));
  }
}

}  // namespace

bool AdminPeer::is_in(gid_t group) const { return gid == group || std::ranges::find(groups, group) != groups.end(); }

Result<AdminPeer> peer_of(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
    return fail_errno(errno, "the peer is not known");
  SIGNET_TRY(std::vector<gid_t> groups, groups_of(socket));
  return AdminPeer{.uid = credentials.uid, .gid = credentials.gid, .pid = credentials.pid, .groups = std::move(groups)};
}

Result<UniqueFd> listen_for_operators(const std::string& path, gid_t group) {
  const auto failed = [&](const char* what) {
    return fail_errno(errno, fmt::format("the operator's socket {}: {}", path, what), "admin.socket");
  };
  SIGNET_TRY(const sockaddr_un address, address_at(path));
  SIGNET_CHECK(check_folder(path));
  SIGNET_CHECK(check_folder_owner(path));
  SIGNET_TRY(UniqueFd listener, make_socket());
  SIGNET_CHECK(remove_old_socket(path));
  // Nobody can connect before listen(), and until then owner, group and mode are set.
  if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return failed("bind");
  if (group != static_cast<gid_t>(-1) && chown(path.c_str(), static_cast<uid_t>(-1), group) != 0)
    return failed("it cannot be given to admin.group (signetd must be root or a member)");
  if (chmod(path.c_str(), 0660) != 0) return failed("chmod");
  if (listen(listener.get(), kBacklog) != 0) return failed("listen");
  return listener;
}

Result<std::size_t> decode_pin_record(std::span<std::uint8_t> record) {
  if (record.size() != kPinRecordBytes) return fail(ErrorCode::kInvalidArgument, "a request begins with a PIN record");
  const std::size_t length = record[0];
  const auto rest = record.subspan(1 + length);
  if (std::ranges::any_of(rest, [](std::uint8_t byte) { return byte != 0; }))
    return fail(ErrorCode::kInvalidArgument, "a request's PIN record is longer than it says");
  std::memmove(record.data(), record.data() + 1, length);
  std::ranges::fill(record.subspan(length), std::uint8_t{0});
  return length;
}

Result<admin::Request> decode_admin_request(ByteView body) {
  if (body.empty() || body.size() > kMaxAdminRequestBytes) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("a request of {} bytes; it has 1 to {} behind its PIN record",
                                                         body.size(), kMaxAdminRequestBytes));
  }
  SIGNET_TRY(admin::Request request, parse_strict<admin::Request>(body, "request"));
  if (request.act_case() == admin::Request::ACT_NOT_SET)
    return fail(ErrorCode::kInvalidArgument, "a request that asks for nothing");
  return request;
}

namespace {

/// Both parts of one packet at once; returns the body's length.
Result<std::size_t> receive_parts(int socket, std::span<std::uint8_t> record, std::span<std::uint8_t> body) {
  std::array<iovec, 2> parts{iovec{.iov_base = record.data(), .iov_len = record.size()},
                             iovec{.iov_base = body.data(), .iov_len = body.size()}};
  msghdr header{};
  header.msg_iov = parts.data();
  header.msg_iovlen = parts.size();
  // Without room for control messages the kernel drops the descriptors that somebody sends along.
  const ssize_t got = recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0 && (errno == EAGAIN || errno == EINTR))
    return fail_retryable(ErrorCode::kUnavailable, "there is no request yet", std::chrono::milliseconds(0));
  if (got <= 0) return fail(ErrorCode::kUnavailable, "the peer has gone");
  if ((header.msg_flags & MSG_TRUNC) != 0) return fail(ErrorCode::kInvalidArgument, "a request that is too long");
  if (static_cast<std::size_t>(got) < record.size())
    return fail(ErrorCode::kInvalidArgument, "a request that is shorter than its PIN record");
  return static_cast<std::size_t>(got) - record.size();
}

}  // namespace

Result<AdminRequest> receive_admin_request(int socket) {
  AdminRequest request;
  Bytes body(kMaxAdminRequestBytes);
  SIGNET_TRY(request.pin,
             Secret::filled_by(kPinRecordBytes, [&](std::span<std::uint8_t> record) -> Result<std::size_t> {
               SIGNET_TRY(const std::size_t length, receive_parts(socket, record, body));
               body.resize(length);
               return decode_pin_record(record);
             }));
  SIGNET_TRY(request.message, decode_admin_request(body));
  return request;
}

namespace {

Result<void> send_parts(int socket, std::span<iovec> parts) {
  msghdr header{};
  header.msg_iov = parts.data();
  header.msg_iovlen = parts.size();
  while (sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
    if (errno == EINTR) continue;
    auto error = fail_errno(errno, "the other end of the operator's socket cannot be told");
    error.error().code = ErrorCode::kUnavailable;
    return error;
  }
  return {};
}

}  // namespace

Result<void> send_admin_response(int socket, const admin::Response& response) {
  Bytes body = encode(response);
  if (body.size() > kMaxAdminResponseBytes) {
    admin::Response shorter;
    *shorter.mutable_failure() =
        to_failure(fail(ErrorCode::kResourceExhausted,
                        fmt::format("an answer of {} bytes does not fit into a packet", body.size()))
                       .error());
    body = encode(shorter);
  }
  std::array<iovec, 1> parts{iovec{.iov_base = body.data(), .iov_len = body.size()}};
  return send_parts(socket, parts);
}

namespace {

constexpr const char* kIsItRunning =
    "is signetd running, and is this its admin.socket? signet admin --help says how the socket is found";

Result<void> check_owner(int socket, const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return fail_errno(errno, path, "--socket");
  ucred daemon{};
  socklen_t size = sizeof daemon;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &daemon, &size) != 0) return fail_errno(errno, path, "--socket");
  struct stat folder{};
  if (stat(directory_of(path).c_str(), &folder) != 0) return fail_errno(errno, path, "--socket");
  const auto trusted = [&](uid_t uid) { return uid == 0 || uid == geteuid() || uid == folder.st_uid; };
  if (trusted(daemon.uid) && trusted(status.st_uid)) return {};
  return fail(ErrorCode::kPermissionDenied,
              fmt::format("{}: user {} listens there, who is neither root nor the folder's owner ({}); it is not told "
                          "anything",
                          path, daemon.uid, folder.st_uid),
              "--socket");
}

}  // namespace

Result<UniqueFd> connect_to_daemon(const std::string& path) {
  SIGNET_TRY(const sockaddr_un address, address_at(path));
  struct stat status{};
  if (stat(path.c_str(), &status) != 0 && errno == ENOENT)
    return fail(ErrorCode::kUnavailable, fmt::format("{}: there is no such socket; {}", path, kIsItRunning));
  SIGNET_CHECK(check_folder(path));
  SIGNET_TRY(UniqueFd socket_fd, make_socket());
  if (connect(socket_fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EACCES || errno == EPERM) {
      return fail(ErrorCode::kPermissionDenied,
                  fmt::format("{}: user {} may not connect; the operator's socket is for root and the members of "
                              "admin.group",
                              path, geteuid()),
                  "--socket");
    }
    return fail(ErrorCode::kUnavailable,
                fmt::format("{}: nobody answers ({}); {}", path, strerror(errno), kIsItRunning));
  }
  SIGNET_CHECK(check_owner(socket_fd.get(), path));
  return socket_fd;
}

Result<void> send_admin_request(int socket, const admin::Request& request, const Secret& pin) {
  Bytes body = encode(request);
  SIGNET_TRY(const Secret record, Secret::filled_by(kPinRecordBytes, [&](std::span<std::uint8_t> room) {
               return pin.expose([&](std::span<const std::uint8_t> bytes) -> Result<std::size_t> {
                 if (bytes.size() > kMaxSecretBytes) return fail(ErrorCode::kInvalidArgument, "the PIN is too long");
                 room[0] = static_cast<std::uint8_t>(bytes.size());
                 std::ranges::copy(bytes, room.begin() + 1);
                 return room.size();
               });
             }));
  return record.expose([&](std::span<const std::uint8_t> bytes) {
    // sendmsg only reads what is not const in its interface.
    std::array<iovec, 2> parts{iovec{.iov_base = const_cast<std::uint8_t*>(bytes.data()), .iov_len = bytes.size()},
                               iovec{.iov_base = body.data(), .iov_len = body.size()}};
    return send_parts(socket, parts);
  });
}

Result<admin::Response> receive_admin_response(int socket, std::chrono::milliseconds patience) {
  pollfd entry{.fd = socket, .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = poll(&entry, 1, static_cast<int>(patience.count()));
  } while (ready < 0 && errno == EINTR);
  if (ready == 0)
    return fail(ErrorCode::kDeadlineExceeded,
                "signetd has not answered in time; what was asked for may be done all the same: signet admin status");
  Bytes body(kMaxAdminResponseBytes + 1);
  // A daemon that refuses leaves the question unread: that is reported once, as ECONNRESET, ahead of what it said.
  ssize_t got = recv(socket, body.data(), body.size(), 0);
  while (got < 0 && (errno == ECONNRESET || errno == EINTR)) got = recv(socket, body.data(), body.size(), 0);
  if (got <= 0)
    return fail(ErrorCode::kUnavailable,
                "signetd closed the connection without an answer: it is stopping, or too many operators ask at once");
  body.resize(static_cast<std::size_t>(got));
  return parse_lenient<admin::Response>(body, "answer");
}

}  // namespace signet
