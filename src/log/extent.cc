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
  const std::vector<Place>& known = seq < begin().seq ? passed_ : places_;
  return *std::prev(std::ranges::upper_bound(known, seq, {}, &Place::seq));  // the first is not behind any
}

void Extent::passed(Place place) {
  const bool is_next = place.seq > passed_.back().seq && place.seq < begin().seq;
  if (is_next && place.seq % kIndexStride == 0) passed_.push_back(place);
}

}  // namespace signet::log
