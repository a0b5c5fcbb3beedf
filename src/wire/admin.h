// The operator's socket: who may use it, and the form of its packets.
//
// A Unix socket of type SOCK_SEQPACKET. A connection is one request and one answer. A request is one packet: a PIN
// record of kPinRecordBytes (its length in the first byte, the PIN, zeros), then an admin::Request. So a PIN goes from
// the one Secret into the other and is never part of a message, whose memory nobody wipes. An answer is one packet with
// an admin::Response. Descriptors are not taken.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/secret.h"
#include "wire/admin.pb.h"

namespace signet {

inline constexpr std::size_t kPinRecordBytes = kMaxSecretBytes + 1;
inline constexpr std::size_t kMaxAdminRequestBytes = 4096;  // without the PIN record
inline constexpr std::size_t kMaxAdminResponseBytes = std::size_t{128} * 1024;

/// Who is at the other end, as the kernel knows it (SO_PEERCRED, SO_PEERGROUPS).
struct AdminPeer {
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;
  std::vector<gid_t> groups;  ///< supplementary ones
  [[nodiscard]] bool is_in(gid_t group) const;
};
[[nodiscard]] Result<AdminPeer> peer_of(int socket);

struct AdminRequest {
  admin::Request message;
  Secret pin;  ///< empty where none was sent
};

/// Listens at `path`: mode 0660, of group `group` unless that is -1. Refuses a folder that anybody but root and this
/// user may write. A socket that was left there by a daemon that was killed is removed: the caller holds a lock;
/// anything else of that name is refused. Non-blocking, close-on-exec.
[[nodiscard]] Result<UniqueFd> listen_for_operators(const std::string& path, gid_t group);

/// One request, if there is one. Errors: kUnavailable (retryable) when there is none yet; kUnavailable when the peer
/// has gone; kInvalidArgument for what is no request: the connection is of no use any more.
[[nodiscard]] Result<AdminRequest> receive_admin_request(int socket);
/// At once or not at all; an answer that is too long becomes a failure that says so.
[[nodiscard]] Result<void> send_admin_response(int socket, const admin::Response& response);

/// The packet's parts; `record` has kPinRecordBytes. Errors: kInvalidArgument. The PIN moves to the front of `record`,
/// and its length is returned.
[[nodiscard]] Result<std::size_t> decode_pin_record(std::span<std::uint8_t> record);
[[nodiscard]] Result<admin::Request> decode_admin_request(ByteView body);

/// For `signet admin`. Connects to the daemon at `path` after it has checked that nobody but root, this user and the
/// daemon could have put a socket there: a PIN may follow. Errors: kNotFound, kPermissionDenied, kUnavailable, each
/// with the next step.
[[nodiscard]] Result<UniqueFd> connect_to_daemon(const std::string& path);
[[nodiscard]] Result<void> send_admin_request(int socket, const admin::Request& request, const Secret& pin);
/// Errors: kDeadlineExceeded after `patience`, kUnavailable when the daemon has gone.
[[nodiscard]] Result<admin::Response> receive_admin_response(int socket, std::chrono::milliseconds patience);

}  // namespace signet
