#include "supervisor/log_reports.h"

#include <algorithm>
#include <utility>

#include "base/ops_log.h"

namespace signet {

void LogReports::add(internal::SupervisorToChild report, std::size_t most) {
  report.set_report(++last_);
  if (waiting_.size() < most) return waiting_.push_back(std::move(report));
  ops::error("a report for the audit log is lost: too many wait for the issuer");
}

void LogReports::add(const Child& child, const Exit& exit) {
  internal::SupervisorToChild report;
  internal::Crash& crash = *report.mutable_crash();
  crash.set_process(child.name());
  crash.set_signal(exit.signal);
  crash.set_exit_status(exit.status);
  crash.set_restarts(child.restarts());
  add(std::move(report), kMostWithDeaths);
}

void LogReports::add(const internal::AdminAct& act) {
  internal::SupervisorToChild report;
  *report.mutable_admin_act() = act;
  add(std::move(report), kMost);
}

void LogReports::send(Child& issuer) {
  while (issuer.state() == Child::State::kReady && told_ < waiting_.size()) {
    if (!issuer.send(waiting_[told_]).has_value()) return;
    ++told_;
  }
}

void LogReports::recorded(std::uint64_t report) {
  const auto found = std::ranges::find(waiting_, report, &internal::SupervisorToChild::report);
  if (found == waiting_.end()) return;
  if (static_cast<std::size_t>(found - waiting_.begin()) < told_) --told_;
  waiting_.erase(found);
}

}  // namespace signet
