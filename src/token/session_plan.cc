#include "token/session_plan.h"

#include <fmt/format.h>

#include <algorithm>

namespace signet {
namespace {

std::unexpected<Error> too_few(const TokenInfo& token, std::uint64_t room) {
  const std::string message = fmt::format(
      "token '{}' allows {} sessions, {} of which are open already: {} are left, and two are needed, one that keeps "
      "the login and one that signs",
      printable(token.label), *token.sessions.most, token.sessions.open, room);
  if (*token.sessions.most < 2) return fail(ErrorCode::kFailedPrecondition, message);
  return fail_retryable(ErrorCode::kResourceExhausted, message + "; close those of other processes",
                        std::chrono::seconds(1));
}

/// Lowers the plan to `workers`.
void limit(SessionPlan& plan, std::uint64_t workers, std::string by) {
  if (workers >= plan.workers) return;
  plan.workers = static_cast<unsigned>(workers);
  plan.limited_by = std::move(by);
}

}  // namespace

Result<SessionPlan> plan_sessions(const TokenInfo& token, const SessionBounds& bounds) {
  SessionPlan plan{.workers = std::max(1U, bounds.threads_wanted)};
  if (bounds.threads == ModuleThreads::kOne) limit(plan, 1, "the profile: the module takes one thread at a time");
  if (bounds.profile_limit == 1) {
    return fail(ErrorCode::kFailedPrecondition,
                "the profile allows one session (max_sessions), and two are needed, one that keeps the login and one "
                "that signs",
                "max_sessions");
  }
  if (bounds.profile_limit != 0) {
    limit(plan, bounds.profile_limit - 1, fmt::format("the profile: max_sessions = {}", bounds.profile_limit));
  }
  const auto room = token.sessions.room();
  if (!room) return plan;  // unlimited, or the token does not tell
  if (*room < 2) return too_few(token, *room);
  limit(plan, *room - 1,
        fmt::format("the token: {} sessions, {} of them open already", *token.sessions.most, token.sessions.open));
  return plan;
}

}  // namespace signet
