#include "supervisor/links.h"

#include <algorithm>

#include "base/ops_log.h"
#include "wire/channel.h"

namespace signet {

namespace {

internal::Peer::Role role_of(const Child& child) {
  if (child.process() == kFront) return internal::Peer::ROLE_FRONT;
  if (child.process() == kIssuer) return internal::Peer::ROLE_ISSUER;
  return internal::Peer::ROLE_KEYHOLDER;
}

/// Whether the two can be joined now. The issuer needs its keyholders to become ready (it asks them what the log's
/// key signed last), so it is joined with those that are ready while it starts; the front is for a ready one only.
bool can_join(const Child& issuer, const Child& other) {
  if (other.process() == kIssuer || other.state() != Child::State::kReady || other.control_fd() < 0) return false;
  if (issuer.control_fd() < 0) return false;
  return other.process() == kFront ? issuer.state() == Child::State::kReady : issuer.state() != Child::State::kStopped;
}

}  // namespace

Child& Links::issuer() { return *std::ranges::find(children_, kIssuer, &Child::process); }

Result<void> Links::join_new(Child& child) {
  if (child.process() != kIssuer) return join_if_possible(issuer(), child);
  for (Child& other : children_) {
    if (other.process() == kFront) SIGNET_CHECK(join_if_possible(child, other));
  }
  return {};
}

Result<void> Links::join_keyholders(Child& issuer) {
  for (Child& other : children_) {
    if (other.process() == kKeyholder) SIGNET_CHECK(join_if_possible(issuer, other));
  }
  return {};
}

Result<void> Links::join_again(std::uint64_t generation) {
  for (Child& child : children_) {
    const bool lost = child.link_generation == generation && child.process() != kIssuer;
    if (!lost || !can_join(issuer(), child)) continue;
    ops::warning("a link broke and is renewed",
                 {{"process", child.name()}, {"generation", std::to_string(generation)}});
    return join(issuer(), child);
  }
  return {};
}

Result<void> Links::join_if_possible(Child& issuer, Child& other) {
  return can_join(issuer, other) ? join(issuer, other) : Result<void>();
}

/// A new socket pair for the issuer and one of the others.
Result<void> Links::join(Child& issuer, Child& other) {
  SIGNET_TRY(const auto pair, make_stream_pair());
  other.link_generation = ++generation_;
  send_peer(issuer, other, pair.first.get());
  send_peer(other, issuer, pair.second.get());
  return {};
}

/// Tells `to` that `peer` is at the other end of `socket`.
void Links::send_peer(Child& to, const Child& peer, int socket) const {
  internal::SupervisorToChild message;
  message.mutable_peer()->set_role(role_of(peer));
  message.mutable_peer()->set_token(peer.token().empty() ? to.token() : peer.token());
  message.mutable_peer()->set_generation(generation_);
  if (const auto sent = to.send(message, std::span(&socket, 1)); !sent.has_value())
    ops::warning("a peer could not be announced", {{"process", to.name()}, {"reason", sent.error().message}});
}

}  // namespace signet
