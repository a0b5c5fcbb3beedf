#include "supervisor/admin_socket.h"

#include <fmt/format.h>
#include <grp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/ops_log.h"
#include "wire/status.h"

namespace signet {

namespace {

constexpr std::chrono::seconds kBetweenRefusals{1};  // that are said in the operations log

Result<std::optional<gid_t>> group_named(const std::string& name) {
  if (name.empty()) return std::nullopt;
  errno = 0;
  const group* const found = getgrnam(name.c_str());  // single-threaded
  if (found != nullptr) return found->gr_gid;
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("admin.group: there is no group \"{}\"; make it (groupadd), or name another", printable(name)),
      "admin.group");
}

}  // namespace

Result<AdminSocket> AdminSocket::open(const AdminConfig& config) {
  SIGNET_TRY(const std::optional<gid_t> group, group_named(config.group));
  SIGNET_TRY(UniqueFd lock, lock_file(config.socket + ".lock"));
  SIGNET_TRY(UniqueFd listener, listen_for_operators(config.socket, group.value_or(static_cast<gid_t>(-1))));
  return AdminSocket(config.socket, std::move(lock), std::move(listener), group);
}

AdminSocket::~AdminSocket() {
  if (listener_.valid()) unlink(path_.c_str());
}

void AdminSocket::watch(std::vector<pollfd>& watched) const {
  watched.push_back({.fd = listener_.get(), .events = POLLIN, .revents = 0});
  for (const auto& [id, connection] : connections_) {
    // One that has asked is watched for its end, which poll() always tells.
    const short events = connection.has_asked ? 0 : POLLIN;
    watched.push_back({.fd = connection.socket.get(), .events = events, .revents = 0});
  }
}

void AdminSocket::serve(Time now, const OnRequest& on_request) {
  std::vector<ConnectionId> ids;
  for (const auto& [id, connection] : connections_) ids.push_back(id);
  for (const ConnectionId id : ids) read(id, on_request);  // may answer, which takes it out of the map
  accept_all(now);
}

void AdminSocket::accept_all(Time now) {
  for (std::size_t i = 0; i < kMostConnections; ++i) {  // the rest at the next turn: a flood does not keep us here
    UniqueFd socket{accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (!socket.valid()) return;
    take(std::move(socket), now);
  }
}

void AdminSocket::take(UniqueFd socket, Time now) {
  auto peer = peer_of(socket.get());
  if (!peer.has_value()) return;
  if (!may_use(*peer)) return refuse(socket.get(), *peer, now);
  make_room();
  if (connections_.size() >= kMostConnections) return;  // all of them wait for answers
  connections_.emplace(++last_id_, Connection{.socket = std::move(socket), .peer = *std::move(peer), .since = now});
}

/// The oldest that has not asked goes.
void AdminSocket::make_room() {
  if (connections_.size() < kMostConnections) return;
  const auto oldest = std::ranges::find_if(connections_, [](const auto& each) { return !each.second.has_asked; });
  if (oldest != connections_.end()) connections_.erase(oldest);
}

bool AdminSocket::may_use(const AdminPeer& peer) const {
  return peer.uid == 0 || (group_.has_value() && peer.is_in(*group_));
}

void AdminSocket::refuse(int socket, const AdminPeer& peer, Time now) {
  const auto error = fail(ErrorCode::kPermissionDenied,
                          fmt::format("user {} may not use the operator's socket: it is for root and the members of "
                                      "admin.group",
                                      peer.uid));
  admin::Response response;
  *response.mutable_failure() = to_failure(error.error());
  static_cast<void>(send_admin_response(socket, response));
  if (refusal_said_.has_value() && now - *refusal_said_ < kBetweenRefusals) return;
  refusal_said_ = now;
  ops::warning("an operator was refused", {{"uid", std::to_string(peer.uid)}, {"pid", std::to_string(peer.pid)}});
}

void AdminSocket::read(ConnectionId id, const OnRequest& on_request) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;  // an earlier request of this turn ended it
  Connection& connection = found->second;
  if (connection.has_asked) {
    pollfd gone{.fd = connection.socket.get(), .events = 0, .revents = 0};
    if (poll(&gone, 1, 0) > 0) connections_.erase(id);
    return;
  }
  auto request = receive_admin_request(connection.socket.get());
  if (request.has_value()) {
    connection.has_asked = true;
    const AdminPeer peer = connection.peer;
    return on_request(id, peer, *std::move(request));
  }
  if (request.error().retryable) return;
  if (request.error().code == ErrorCode::kUnavailable) return void(connections_.erase(id));
  admin::Response response;
  *response.mutable_failure() = to_failure(request.error());
  answer(id, response);
}

void AdminSocket::answer(ConnectionId id, const admin::Response& response) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  static_cast<void>(send_admin_response(found->second.socket.get(), response));
  connections_.erase(found);
}

void AdminSocket::act_on_time(Time now) {
  std::erase_if(connections_,
                [&](const auto& each) { return !each.second.has_asked && now - each.second.since > kTimeToAsk; });
}

std::optional<AdminSocket::Time> AdminSocket::next_time() const {
  std::optional<Time> next;
  for (const auto& [id, connection] : connections_) {
    if (connection.has_asked) continue;
    const Time end = connection.since + kTimeToAsk;
    if (!next.has_value() || end < *next) next = end;
  }
  return next;
}

}  // namespace signet
