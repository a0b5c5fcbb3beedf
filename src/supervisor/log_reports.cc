#include "supervisor/log_reports.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ops_log.h"

namespace signet {

void LogReports::wait(internal::SupervisorToChild report, Kind kind) {
  report.set_report(++last_);
  waiting_.push_back({.report = std::move(report), .kind = kind});
}

std::size_t LogReports::count(Kind kind) const noexcept {
  return static_cast<std::size_t>(std::ranges::count(waiting_, kind, &Waiting::kind));
}

bool LogReports::repeats(const Child& child, const Exit& exit) {
  auto& deaths = deaths_[child.name()];
  if (exit.was_ready) deaths.clear();
  return deaths.contains({exit.signal, exit.status});
}

void LogReports::add(const Child& child, const Exit& exit) {
  if (repeats(child, exit)) return;
  if (count(Kind::kDeath) >= kMostDeaths)
    return ops::error("a report for the audit log is lost: too many wait for the issuer");
  internal::SupervisorToChild report;
  deaths_[child.name()].emplace(exit.signal, exit.status);
  internal::Crash& crash = *report.mutable_crash();
  crash.set_process(child.name());
  crash.set_signal(exit.signal);
  crash.set_exit_status(exit.status);
  crash.set_restarts(child.restarts());
  wait(std::move(report), Kind::kDeath);
}

bool LogReports::reserve() noexcept {
  if (count(Kind::kAct) + reserved_ >= kMostActs) return false;
  ++reserved_;
  return true;
}

void LogReports::add(const internal::AdminAct& act) {
  --reserved_;
  internal::SupervisorToChild report;
  *report.mutable_admin_act() = act;
  wait(std::move(report), Kind::kAct);
}

void LogReports::add_idle(const internal::AdminAct& act) {
  left_out_ = LeftOut{.newest = act, .older = left_out_.has_value() ? left_out_->older + 1 : 0};
  take_up_left_out();
}

void LogReports::take_up_left_out() {
  if (!left_out_.has_value() || count(Kind::kIdleAct) >= kMostIdleActs) return;
  const LeftOut acts = *std::exchange(left_out_, std::nullopt);
  internal::SupervisorToChild report;
  internal::AdminAct& act = *report.mutable_admin_act();
  act = acts.newest;
  if (acts.older > 0) {
    act.set_failure(fmt::format("{}; {} acts before it changed nothing either, and have no entry of their own",
                                act.failure().empty() ? "there was nothing to do" : act.failure(), acts.older));
  }
  wait(std::move(report), Kind::kIdleAct);
}

void LogReports::send(Child& issuer) {
  while (issuer.state() == Child::State::kReady && told_ < waiting_.size()) {
    if (!issuer.send(waiting_[told_].report).has_value()) return;
    ++told_;
  }
}

void LogReports::recorded(std::uint64_t report) {
  const auto found = std::ranges::find(waiting_, report, [](const Waiting& each) { return each.report.report(); });
  if (found == waiting_.end()) return;
  if (static_cast<std::size_t>(found - waiting_.begin()) < told_) --told_;
  waiting_.erase(found);
  take_up_left_out();
}

}  // namespace signet
