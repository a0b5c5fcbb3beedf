#include "issuer/rate_limiter.h"

#include <fmt/format.h>

#include <algorithm>

namespace signet {

namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds kCentury = std::chrono::hours(24) * 365 * 100;

/// "100/m"
std::string text_of_rate(const RateLimit& rate) {
  const auto seconds = rate.period.count();
  const char unit = seconds == 1 ? 's' : seconds == 60 ? 'm' : seconds == 3600 ? 'h' : 'd';
  return fmt::format("{}/{}", rate.requests, unit);
}

std::unexpected<Error> used_up(const PolicyClient& client, RateLimiter::Charge charge, nanoseconds wait) {
  const auto millis = std::chrono::ceil<std::chrono::milliseconds>(wait);
  const bool repeats = charge == RateLimiter::Charge::kRepeat;
  auto failure = fail_retryable(
      ErrorCode::kResourceExhausted,
      fmt::format(
          "client {} has used up its rate of {} with a burst of {}{}; ask again in {} ms, or have an operator "
          "raise rate or burst of [client.{}]",
          client.name, text_of_rate(*client.rate), client.rate->burst,
          repeats ? fmt::format(" ({} times that for repeated requests)", RateLimiter::kRepeatsPerIssuance) : "",
          millis.count(), client.name),
      millis);
  failure.error().field = "rate";
  return failure;
}

}  // namespace

RateLimiter::Key RateLimiter::key_of(const PolicyClient& client, Charge charge) {
  return {client.name, client.rate->requests, client.rate->period, client.rate->burst, charge};
}

nanoseconds RateLimiter::per_token(const PolicyClient& client, Charge charge) {
  const std::int64_t factor = charge == Charge::kRepeat ? kRepeatsPerIssuance : 1;
  return nanoseconds(client.rate->period) / (std::int64_t{client.rate->requests} * factor);
}

// The generic cell rate algorithm: a bucket is the moment at which it will be full, and a token puts that off by the
// time it takes to come back. Whole numbers, nothing to refill.
Result<void> RateLimiter::take(const PolicyClient& client, Charge charge) {
  if (!client.rate.has_value()) return {};
  const std::uint32_t factor = charge == Charge::kRepeat ? kRepeatsPerIssuance : 1;
  const nanoseconds one = per_token(client, charge);
  const std::int64_t more = std::int64_t{client.rate->burst} * factor - 1;
  const nanoseconds others = more > kCentury / one ? nanoseconds(kCentury) : one * more;
  const nanoseconds now = clock_.monotonic();
  const std::scoped_lock lock(mutex_);
  nanoseconds& full_at = full_at_[key_of(client, charge)];
  const nanoseconds from = std::max(full_at, now);
  if (from - now > others) return used_up(client, charge, from - now - others);
  full_at = from + one;
  return {};
}

// A bucket that is full by now has it already.
void RateLimiter::give_back(const PolicyClient& client, Charge charge) {
  if (!client.rate.has_value()) return;
  const std::scoped_lock lock(mutex_);
  if (const auto bucket = full_at_.find(key_of(client, charge)); bucket != full_at_.end())
    bucket->second -= per_token(client, charge);
}

void RateLimiter::keep_only(const Policy& policy) {
  const auto is_gone = [&](const auto& bucket) {
    const auto client = policy.clients().find(std::get<0>(bucket.first));
    return client == policy.clients().end() || !client->second.rate.has_value() ||
           key_of(client->second, std::get<Charge>(bucket.first)) != bucket.first;
  };
  const std::scoped_lock lock(mutex_);
  std::erase_if(full_at_, is_gone);
}

}  // namespace signet
