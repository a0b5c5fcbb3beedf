// What is known of the durable entries: where they stand, and which intents are open. Internal to log.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "log/entry.h"

namespace signet::log {

/// One offset is remembered for so many entries.
inline constexpr std::uint64_t kIndexStride = 64;

/// Where the frame of an entry begins.
struct Place {
  std::uint64_t seq = 0;
  std::uint64_t bytes = 0;
};

/// Entries one after the other, from a place on. Not thread-safe.
class Extent {
 public:
  /// The file's beginning, or another place where a frame begins.
  explicit Extent(Place begin = {}) : entries_(begin.seq), bytes_(begin.bytes), places_{begin} {}

  /// The next entry. Error kDataLoss, when it closes an intent and does not say which.
  [[nodiscard]] Result<void> add(const Entry& entry);

  [[nodiscard]] Place begin() const noexcept { return places_.front(); }
  /// Of the whole file, those in front of the beginning included.
  [[nodiscard]] std::uint64_t entries() const noexcept { return entries_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

  /// The last known place that is not behind `seq`.
  [[nodiscard]] Place place_before(std::uint64_t seq) const;
  /// A reader has come to this place. Of those in front of the beginning, which were not read at the start, one in
  /// kIndexStride is remembered, so that the way there is gone once only.
  void passed(Place place);

  /// Intents without an outcome, and where they stand. Those in front of the beginning are not known.
  [[nodiscard]] const std::map<std::uint64_t, std::uint64_t>& open_intents() const noexcept { return open_; }

 private:
  std::uint64_t entries_;
  std::uint64_t bytes_;
  std::vector<Place> passed_{Place{}};  // in front of the beginning, in order
  std::vector<Place> places_;           // the beginning, and then every entry whose seq is a multiple of kIndexStride
  std::map<std::uint64_t, std::uint64_t> open_;
};

}  // namespace signet::log
