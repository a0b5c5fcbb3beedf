#include "audit/findings.h"

#include <fmt/format.h>

namespace signet::audit {

void Reporter::tell(Severity severity, Complaint complaint) {
  std::string id(complaint.id);
  const std::uint64_t count = ++(severity == Severity::kFinding ? counts_ : notes_)[id];
  if (count > per_kind_) return;
  if (complaint.entry && complaint.place.empty()) complaint.place = fmt::format("entry {}", *complaint.entry);
  listener_.found({.severity = severity,
                   .id = std::move(id),
                   .place = std::move(complaint.place),
                   .seq = complaint.entry,
                   .message = std::move(complaint.message)});
}

}  // namespace signet::audit
