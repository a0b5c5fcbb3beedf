#include "log/extent.h"

#include <algorithm>

#include "log/entries_issuance.h"
#include "log/frame.h"

namespace signet::log {

Result<void> Extent::add(const Entry& entry) {
  SIGNET_TRY(const auto closed, closed_intent(entry));
  // An intent in front of the beginning is not among the open ones: it was closed, and is passed over.
  if (closed) open_.erase(*closed);
  if (entry.type == entry_type::kIntent) open_.emplace(entries_, bytes_);
  if (entries_ % kIndexStride == 0 && entries_ != places_.front().seq) places_.push_back({entries_, bytes_});
  ++entries_;
  bytes_ += kFrameHeaderBytes + entry.encoded.size();
  return {};
}

Place Extent::place_before(std::uint64_t seq) const {
  const auto behind = std::ranges::upper_bound(places_, seq, {}, &Place::seq);
  return behind == places_.begin() ? Place{} : *std::prev(behind);
}

}  // namespace signet::log
