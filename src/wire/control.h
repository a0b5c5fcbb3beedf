// Messages between the supervisor and its children, with descriptors beside them.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/secret.h"
#include "wire/message.h"

namespace signet {

inline constexpr std::size_t kMaxControlBytes = std::size_t{64} * 1024;
inline constexpr std::size_t kMaxControlDescriptors = 4;

/// Both ends of a new AF_UNIX SOCK_SEQPACKET pair, close-on-exec, for a ControlChannel.
[[nodiscard]] Result<std::pair<UniqueFd, UniqueFd>> make_control_pair();

/// A message and the descriptors that came with it, in the sender's order.
template <class M>
struct Received {
  M message;
  std::vector<UniqueFd> descriptors;
};

/// One end of an AF_UNIX SOCK_SEQPACKET pair, which it owns. A packet is a message with at most kMaxControlDescriptors
/// descriptors (SCM_RIGHTS). One thread receives; any may send. Movable while nobody uses it.
class ControlChannel {
 public:
  explicit ControlChannel(UniqueFd socket) : socket_(std::move(socket)) {}

  /// Sends the message with duplicates of `descriptors`, which stay the caller's. Errors: kUnavailable when the peer
  /// has gone; kInvalidArgument for more than kMaxControlBytes, an empty message or too many descriptors (nothing was
  /// sent).
  [[nodiscard]] Result<void> send(const google::protobuf::Message& message, std::span<const int> descriptors = {});

  /// Waits for the next message; its descriptors are close-on-exec. Errors: kUnavailable when the peer has gone or
  /// shutdown() was called; kInvalidArgument when the packet is too long, has too many descriptors (all of them are
  /// closed) or is no M; the next packet can be received after that.
  template <class M>
  [[nodiscard]] Result<Received<M>> receive() {
    SIGNET_TRY(Packet packet, receive_packet());
    SIGNET_TRY(M message, parse_strict<M>(packet.body, "control message"));
    return Received<M>{std::move(message), std::move(packet.descriptors)};
  }

  /// A packet of its own that is the secret, of 1 to kMaxSecretBytes bytes, and never in other memory than Secret's.
  /// The message before it says that it follows. Errors: as send().
  [[nodiscard]] Result<void> send_secret(const Secret& secret);
  /// Waits for it. Errors: kUnavailable when the peer has gone; kInvalidArgument when the packet is too long.
  [[nodiscard]] Result<Secret> receive_secret();

  /// Whether receive() would return at once: there is a message, or the peer has gone.
  [[nodiscard]] bool has_message() const noexcept;

  /// From now on send() waits at most so long for a peer that takes nothing, and then fails with kDeadlineExceeded.
  void limit_send_time(std::chrono::milliseconds timeout) noexcept;

  /// Wakes the reader and the peer. Thread-safe.
  void shutdown() noexcept;

  /// Still owned by the channel; for poll.
  [[nodiscard]] int fd() const noexcept { return socket_.get(); }

 private:
  struct Packet {
    Bytes body;
    std::vector<UniqueFd> descriptors;
  };
  [[nodiscard]] Result<Packet> receive_packet();
  [[nodiscard]] Result<void> send_packet(std::span<const std::uint8_t> body, std::span<const int> descriptors);

  UniqueFd socket_;
  std::chrono::milliseconds send_timeout_{-1};  // poll's: none
};

/// The descriptor a process of the daemon finds its control socket at.
inline constexpr int kControlDescriptor = 3;
/// Takes that descriptor, close-on-exec from now on. Error kFailedPrecondition when it is no socket: the process was
/// not started by signetd.
[[nodiscard]] Result<UniqueFd> inherited_control_socket();

/// A file in memory that nobody can change any more (memfd_create(2), all seals set), close-on-exec. `name` is shown in
/// /proc only.
[[nodiscard]] Result<UniqueFd> sealed_memory_file(const std::string& name, ByteView bytes);

/// The content of such a file. Errors: kInvalidArgument unless it is sealed and at most `max_bytes` long.
[[nodiscard]] Result<Bytes> read_memory_file(int fd, std::size_t max_bytes);

}  // namespace signet
