// How often a client may ask for certificates.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>

#include "base/clock.h"
#include "policy/policy.h"

namespace signet {

/// A bucket of tokens for each client that the policy gives a rate, filled by the monotonic clock. They last as long as
/// the process. One that would take more than a century to fill holds what a century brings. Thread-safe.
class RateLimiter {
 public:
  /// What a token is taken for. Each has buckets of its own.
  enum class Charge : std::uint8_t {
    kIssuance,  ///< a request that may make a certificate
    kRepeat,    ///< one whose answer exists: kRepeatsPerIssuance times the rate and the burst
  };
  /// A client that lost its connection must get its certificate, however used up its rate is; but reading the store is
  /// work, too.
  static constexpr std::uint32_t kRepeatsPerIssuance = 10;

  /// `clock` outlives it.
  explicit RateLimiter(const Clock& clock) : clock_(clock) {}

  /// Takes a token of `client`, if it has a rate. Error kResourceExhausted, field "rate", retryable when there will be
  /// one.
  [[nodiscard]] Result<void> take(const PolicyClient& client, Charge charge);

  /// Puts back a token that take() gave, for a request that came to nothing through no fault of the client's.
  void give_back(const PolicyClient& client, Charge charge);

  /// Forgets the buckets of clients that `policy` does not have, or has with another rate: what a reload left alone
  /// goes on as full or empty as it is.
  void keep_only(const Policy& policy);

 private:
  /// A bucket belongs to a name and a rate, so that requests of the policy before a reload, which may still be under
  /// way, and those of the new one do not refill each other's.
  using Key = std::tuple<std::string, std::uint32_t, std::chrono::seconds, std::uint32_t, Charge>;
  [[nodiscard]] static Key key_of(const PolicyClient& client, Charge charge);
  /// How long a token takes to come back.
  [[nodiscard]] static std::chrono::nanoseconds per_token(const PolicyClient& client, Charge charge);

  const Clock& clock_;
  std::mutex mutex_;
  std::map<Key, std::chrono::nanoseconds> full_at_;  // when the bucket will be full again; absent = it is
};

}  // namespace signet
