// Signs on the token, for one request.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "keyholder/open_token.h"
#include "keyholder/session_pool.h"
#include "keyholder/token_health.h"

namespace signet {

/// What the signers of all threads share. Everything outlives them.
struct SigningWorld {
  const OpenToken& token;
  SessionPool& sessions;
  TokenHealth& health;
  const Clock& clock;
};

/// One for each request: of one thread.
class Signer {
 public:
  /// `give_up_at` (Clock::monotonic): what has not been given to the token by then is not signed any more.
  Signer(const SigningWorld& world, std::chrono::microseconds give_up_at) : world_(world), give_up_at_(give_up_at) {}

  /// Signs `message` with a key of the token, and verifies the signature with its public key, when the session is free
  /// for others again, before it is given out. After any error of the module the session is dropped, and so is one
  /// whose signature does not verify. `message` is given to the token once: but where the token says that session or
  /// handle were not valid, so that it signed nothing, it is tried once more with a new session. Errors: those of
  /// SessionPool::take and TokenKey::sign; kUnavailable (retryable) when a key has gone; kInternal when the signature
  /// does not verify. The world's health knows of them all.
  [[nodiscard]] Result<SignatureValue> sign(const std::string& name, const HeldKey& key, SignatureAlgorithm algorithm,
                                            ByteView message);

 private:
  struct Order {
    const std::string& name;
    const HeldKey& key;
    SignatureAlgorithm algorithm;
    ByteView message;
  };
  struct Made {
    SignatureValue signature;
    SessionPool::Mark session;
  };
  [[nodiscard]] Result<Made> sign_on_token(const Order& order);
  [[nodiscard]] Result<std::optional<Made>> sign_in_place(const SessionPool::Lease& lease, const Order& order);
  [[nodiscard]] Result<std::optional<Made>> try_to_sign(const SessionPool::Lease& lease, const Order& order);
  [[nodiscard]] Result<SignatureValue> sign_in_session(PooledSession& pooled, const Order& order);

  SigningWorld world_;
  std::chrono::microseconds give_up_at_;
};

/// Opens the sessions and looks every key up, so that this is not done under the first requests. Where the token gives
/// fewer sessions than were asked for, those it gives are enough. Errors: none could be opened, or a key is not found.
[[nodiscard]] Result<void> open_sessions(const SigningWorld& world);

/// Has every session that was idle for `idle_for` sign the text of the self-test with one key, which finds connections
/// that died. Such a session is replaced by a new one; where that fails, too, the health knows.
void keep_sessions_alive(const SigningWorld& world, std::chrono::microseconds idle_for);

}  // namespace signet
