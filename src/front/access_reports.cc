#include "front/access_reports.h"

#include <algorithm>
#include <limits>

namespace signet {

void AccessReports::add(AccessEvent event) {
  Reason& reason = reasons_[event.reason];
  reason.latest = std::move(event);
  if (reason.unsent < std::numeric_limits<std::uint32_t>::max()) ++reason.unsent;
  if (may_send(reason)) send(reason);
}

void AccessReports::flush() {
  for (auto& [name, reason] : reasons_) {
    if (reason.unsent > 0 && may_send(reason)) send(reason);
  }
}

void AccessReports::flush_all() {
  for (auto& [name, reason] : reasons_) {
    if (reason.unsent > 0) send(reason);
  }
}

bool AccessReports::may_send(const Reason& reason) const {
  return reason.rested_at - clock_.monotonic() <= (kBurst - 1) * kInterval;
}

void AccessReports::send(Reason& reason) {
  internal::AccessFailure report;
  report.set_address(reason.latest.address);
  report.set_reason(reason.latest.reason);
  report.set_text(reason.latest.text);
  if (const Bytes& certificate = reason.latest.peer_certificate; certificate.size() <= kMaxCertificateBytes) {
    report.set_peer_certificate(certificate.data(), certificate.size());
  }
  report.set_count(reason.unsent);
  if (!sink_(std::move(report))) return;
  reason.unsent = 0;
  reason.latest.peer_certificate.clear();
  reason.rested_at = std::max(reason.rested_at, clock_.monotonic()) + kInterval;
}

}  // namespace signet
