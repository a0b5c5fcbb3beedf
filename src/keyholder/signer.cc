#include "keyholder/signer.h"

#include <fmt/format.h>

#include <vector>

#include "base/ops_log.h"
#include "token/pkcs11_error.h"

namespace signet {
namespace {

bool has_no_session_left(const Error& error) { return error.native == static_cast<std::int64_t>(CKR_SESSION_COUNT); }

Result<void> open_session(PooledSession& pooled, const OpenToken& token) {
  if (pooled.session) return {};
  SIGNET_TRY(pooled.session, Pkcs11Session::open(token.module, token.info, SessionAccess::kRead));
  return {};
}

/// The key's handle in the session, which is open.
Result<TokenKey> handle_in(PooledSession& pooled, const SigningWorld& world, const std::string& name,
                           const HeldKey& key) {
  if (const auto known = pooled.handles.find(name); known != pooled.handles.end()) return known->second;
  const auto found = TokenKey::find(*pooled.session, key.uri);
  if (found.has_value()) return pooled.handles.emplace(name, *found).first->second;
  if (found.error().code == ErrorCode::kUnavailable) return found;
  // It was there at the start: whatever the reason is, this process cannot help it.
  const std::string why =
      fmt::format("key '{}' was on the token at the start and is not any more: {}", name, found.error().message);
  world.health.note_loss(why);
  return fail_retryable(ErrorCode::kUnavailable, why, std::chrono::seconds(1));
}

Result<void> verify(const std::string& name, const HeldKey& key, SignatureAlgorithm algorithm, ByteView message,
                    const SignatureValue& signature) {
  if (key.public_key.verify(algorithm, message, signature.view()).has_value()) return {};
  return fail(ErrorCode::kInternal,
              fmt::format("the token's signature with key '{}' does not verify with its public key and was "
                          "thrown away; the token may be faulty",
                          name));
}

}  // namespace

Result<SignatureValue> Signer::sign(const std::string& name, const HeldKey& key, SignatureAlgorithm algorithm,
                                    ByteView message) {
  auto made = sign_on_token({.name = name, .key = key, .algorithm = algorithm, .message = message});
  if (!made.has_value()) {
    // A token that had no time left says nothing about itself.
    if (made.error().code != ErrorCode::kDeadlineExceeded) world_.health.note_failure(made.error());
    return std::unexpected(std::move(made).error());
  }
  if (auto good = verify(name, key, algorithm, message, made->signature); !good.has_value()) {
    world_.sessions.distrust(made->session);
    world_.health.note_failure(good.error());
    return std::unexpected(std::move(good).error());
  }
  world_.health.note_success();
  return std::move(made->signature);
}

/// Goes from place to place only while the token gives no session, so that `message` is with it once at most.
Result<Signer::Made> Signer::sign_on_token(const Order& order) {
  const SessionUse use = order.key.origin.empty() ? SessionUse::kRequest : SessionUse::kCheckpoint;
  while (true) {  // until the pool says that there is none, or that the time is up
    SIGNET_TRY(const SessionPool::Lease lease, world_.sessions.take(use, give_up_at_));
    SIGNET_TRY(std::optional<Made> made, sign_in_place(lease, order));
    if (made) return *std::move(made);
  }
}

/// Nothing where the token has no session for this place: nothing was signed.
Result<std::optional<Signer::Made>> Signer::sign_in_place(const SessionPool::Lease& lease, const Order& order) {
  auto made = try_to_sign(lease, order);
  if (made.has_value() || !session_was_lost(made.error())) return made;
  return try_to_sign(lease, order);  // with a new session in the same place
}

Result<std::optional<Signer::Made>> Signer::try_to_sign(const SessionPool::Lease& lease, const Order& order) {
  if (auto opened = open_session(*lease, world_.token); !opened.has_value()) {
    if (!has_no_session_left(opened.error())) return std::unexpected(std::move(opened).error());
    lease.leave_empty();
    return std::nullopt;
  }
  auto signature = sign_in_session(*lease, order);
  if (signature.has_value()) return Made{.signature = *std::move(signature), .session = lease.mark()};
  if (signature.error().code != ErrorCode::kDeadlineExceeded) lease.drop();
  return std::unexpected(std::move(signature).error());
}

Result<SignatureValue> Signer::sign_in_session(PooledSession& pooled, const Order& order) {
  SIGNET_TRY(const TokenKey handle, handle_in(pooled, world_, order.name, order.key));
  if (world_.clock.monotonic() >= give_up_at_) {
    return fail_retryable(ErrorCode::kDeadlineExceeded,
                          "the token took until the deadline to give a session; nothing was signed",
                          std::chrono::milliseconds(500));
  }
  return handle.sign(*pooled.session, order.algorithm, order.message);
}

namespace {

constexpr std::chrono::seconds kForAFreePlace{1};

Result<void> fill(PooledSession& pooled, const SigningWorld& world) {
  SIGNET_CHECK(open_session(pooled, world.token));
  for (const auto& [name, key] : world.token.keys) SIGNET_CHECK(handle_in(pooled, world, name, key));
  return {};
}

}  // namespace

Result<void> open_sessions(const SigningWorld& world) {
  std::vector<SessionPool::Lease> leases;  // all at once, so that each is another one
  for (unsigned i = 0; i < world.sessions.places(); ++i) {
    const auto soon = world.clock.monotonic() + kForAFreePlace;  // nobody else has one
    SIGNET_TRY(SessionPool::Lease lease, world.sessions.take(SessionUse::kRequest, soon));
    leases.push_back(std::move(lease));
    auto filled = fill(*leases.back(), world);
    if (filled.has_value()) continue;
    const bool has_none = !leases.back()->session && has_no_session_left(filled.error());
    if (i == 0 || !has_none) return filled;
    leases.back().leave_empty();
    ops::warning("the token gives fewer sessions than token.NAME.sessions",
                 {{"token", world.token.name}, {"sessions", std::to_string(i)}});
    return {};
  }
  return {};
}

namespace {

Result<void> sign_self_test(PooledSession& pooled, const SigningWorld& world) {
  const auto& [name, key] = *world.token.keys.begin();
  const SignatureAlgorithm algorithm = key.rules.algorithm_for(key.public_key.type());
  SIGNET_CHECK(open_session(pooled, world.token));
  SIGNET_TRY(const TokenKey handle, handle_in(pooled, world, name, key));
  SIGNET_TRY(const SignatureValue signature, handle.sign(*pooled.session, algorithm, bytes_of(kSelfTest)));
  return verify(name, key, algorithm, bytes_of(kSelfTest), signature);
}

}  // namespace

void keep_sessions_alive(const SigningWorld& world, std::chrono::microseconds idle_for) {
  while (const auto lease = world.sessions.take_idle(idle_for)) {
    auto good = sign_self_test(**lease, world);
    if (good.has_value()) continue;
    ops::warning("an idle session of the token had died", {{"token", world.token.name}, {"why", good.error().message}});
    lease->drop();
    good = sign_self_test(**lease, world);  // with a new one
    if (good.has_value()) continue;
    lease->drop();
    world.health.note_failure(good.error());
  }
}

}  // namespace signet
