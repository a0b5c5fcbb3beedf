// Messages between two processes of the daemon, over a stream socket pair.
#pragma once

#include <chrono>
#include <mutex>

#include "base/file.h"
#include "wire/frame.h"
#include "wire/message.h"

namespace signet {

/// Both ends of a new AF_UNIX pair, close-on-exec: SOCK_STREAM for a Channel.
[[nodiscard]] Result<std::pair<UniqueFd, UniqueFd>> make_stream_pair();

/// One end of an AF_UNIX SOCK_STREAM pair, which it owns. Frames of at most kMaxInternalBytes. Any number of threads
/// may send; one thread receives. Once something failed on it, a channel stays broken: make a new pair.
class Channel {
 public:
  /// A peer that takes nothing for `send_timeout` while a message waits for it is given up.
  explicit Channel(UniqueFd socket, std::chrono::milliseconds send_timeout = std::chrono::seconds(30))
      : socket_(std::move(socket)), send_timeout_(send_timeout) {}
  Channel(const Channel&) = delete;  // threads hold references to it
  Channel& operator=(const Channel&) = delete;

  /// Sends the whole message or breaks the channel; messages of different threads never mix. Blocks while the peer's
  /// buffer is full. Errors: kUnavailable (retryable) when the peer has gone, kDeadlineExceeded (retryable) when it
  /// takes nothing, kResourceExhausted when the message is too long (nothing was sent, the channel lives). Thread-safe.
  [[nodiscard]] Result<void> send(const google::protobuf::Message& message);

  /// Waits for the next message. For one reader thread. Errors: kUnavailable (retryable) at the end, whether the peer
  /// has left, died in the middle of a message, or shutdown() was called here; kInvalidArgument for bytes that are no
  /// M.
  template <class M>
  [[nodiscard]] Result<M> receive() {
    SIGNET_TRY(const Bytes body, receive_frame());
    return parse_strict<M>(body, "message");
  }

  /// Ends both directions: senders and the reader wake with kUnavailable, the peer's reader at its end. Thread-safe,
  /// any number of times. The descriptor is closed by the destructor, so it cannot be reused under a waiting thread.
  void shutdown() noexcept;

  /// Still owned by the channel; for poll.
  [[nodiscard]] int fd() const noexcept { return socket_.get(); }

 private:
  [[nodiscard]] Result<Bytes> receive_frame();

  UniqueFd socket_;
  std::chrono::milliseconds send_timeout_;
  std::mutex send_mutex_;
};

}  // namespace signet
