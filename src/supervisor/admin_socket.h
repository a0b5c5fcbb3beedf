// The operator's socket, as the supervisor serves it: who may connect, and connections that never make it wait.
#pragma once

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "config/daemon_config.h"
#include "wire/admin.h"

namespace signet {

/// A connection asks once and is answered once. Nothing here blocks: whoever is slow to ask, or does not take his
/// answer, is closed. Single-threaded.
class AdminSocket {
 public:
  using ConnectionId = std::uint64_t;
  using Time = std::chrono::steady_clock::time_point;
  using OnRequest = std::function<void(ConnectionId, const AdminPeer&, AdminRequest)>;

  static constexpr std::size_t kMostConnections = 16;
  static constexpr std::chrono::seconds kTimeToAsk{5};

  /// Takes the lock beside the socket, so that two daemons do not take it from each other, and listens.
  /// Errors: the group does not exist; those of lock_file() and listen_for_operators().
  [[nodiscard]] static Result<AdminSocket> open(const AdminConfig& config);
  ~AdminSocket();
  AdminSocket(AdminSocket&&) noexcept = default;
  AdminSocket& operator=(AdminSocket&&) = delete;
  AdminSocket(const AdminSocket&) = delete;
  AdminSocket& operator=(const AdminSocket&) = delete;

  /// What poll() has to watch.
  void watch(std::vector<pollfd>& watched) const;
  /// After poll(): takes who wants to connect, and reads what came in. `on_request` may answer at once.
  void serve(Time now, const OnRequest& on_request);
  /// Answers, and closes. A connection that has gone meanwhile is nobody's loss.
  void answer(ConnectionId id, const admin::Response& response);
  /// Closes those that took too long to ask.
  void act_on_time(Time now);
  [[nodiscard]] std::optional<Time> next_time() const;

 private:
  struct Connection {
    UniqueFd socket;
    AdminPeer peer;
    Time since;
    bool has_asked = false;
  };
  AdminSocket(std::string path, UniqueFd lock, UniqueFd listener, std::optional<gid_t> group)
      : path_(std::move(path)), lock_(std::move(lock)), listener_(std::move(listener)), group_(group) {}

  void accept_all(Time now);
  void take(UniqueFd socket, Time now);
  void make_room();
  [[nodiscard]] bool may_use(const AdminPeer& peer) const;
  void refuse(int socket, const AdminPeer& peer, Time now);
  void read(ConnectionId id, const OnRequest& on_request);

  std::string path_;
  UniqueFd lock_;
  UniqueFd listener_;
  std::optional<gid_t> group_;
  std::map<ConnectionId, Connection> connections_;  // in the order they came
  ConnectionId last_id_ = 0;
  std::optional<Time> refusal_said_;
};

}  // namespace signet
