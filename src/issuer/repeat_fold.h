// Which of many like events are recorded one by one, and which only as a number, so that nobody can fill the log.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace signet {

/// Lets `burst` events through at once, and one more per `refill` in the long run. Times are Clock::monotonic(). Not
/// thread-safe.
class TokenBucket {
 public:
  TokenBucket(std::uint32_t burst, std::chrono::microseconds refill) noexcept;

  /// Whether take() may be called.
  [[nodiscard]] bool ready(std::chrono::microseconds now) const noexcept;
  /// Only when ready().
  void take(std::chrono::microseconds now) noexcept;
  /// True when it is as good as new.
  [[nodiscard]] bool full(std::chrono::microseconds now) const noexcept;

 private:
  std::uint32_t burst_;
  std::chrono::microseconds refill_;
  std::chrono::microseconds full_at_{std::chrono::microseconds::min()};
};

/// Every `refill` is above zero.
struct RepeatLimits {
  std::uint32_t key_burst = 5;                                    ///< in full, of one key
  std::chrono::microseconds key_refill{std::chrono::seconds(1)};  ///< one more of that key
  std::uint32_t full_burst = 50;                                  ///< in full, of all keys together
  std::chrono::microseconds full_refill{std::chrono::milliseconds(100)};
  std::uint32_t summary_burst = 50;  ///< summaries of all keys together
  std::chrono::microseconds summary_refill{std::chrono::milliseconds(100)};
  std::chrono::microseconds summary_interval{std::chrono::seconds(10)};  ///< between two summaries of one key
  std::size_t keys = 1024;  ///< kept apart; what comes beyond them shares one key
};

/// Sorts events into those to record now and those that are folded: counted, and recorded later as one summary of their
/// key. By default the first 5 of a key are recorded in full, then one a second; of all keys together 50 at once, then
/// 10 a second, and as many summaries. A summary is due 10 s after the first event it stands for. The counts of all
/// that is handed out add up to the events added, once flush_all() was called.
///
/// `T` is what is needed to record an event; at most one is kept per key. Keys and events should be of bounded size.
/// Not thread-safe: the caller's mutex guards it, and need not be held while what it hands out is recorded.
template <class T>
class RepeatFold {
 public:
  struct Due {
    T event;                  ///< the last of those it stands for
    std::uint64_t count = 1;  ///< how many it stands for
    bool mixed = false;       ///< they may be of different keys: the event is only an example
  };

  /// `clock` must outlive this.
  explicit RepeatFold(const Clock& clock, RepeatLimits limits = {})
      : clock_(clock),
        limits_(limits),
        in_full_(limits.full_burst, limits.full_refill),
        summaries_(limits.summary_burst, limits.summary_refill),
        overflow_(fresh_slot(true)) {}

  /// Gives the event back when it is to be recorded now; otherwise it is folded. `count` is for what was folded before
  /// it came here: it adds to the counts, and makes no difference to the limits. `key` may be a part of `event`.
  [[nodiscard]] std::optional<Due> add(const std::string& key, T&& event, std::uint64_t count = 1) {
    const auto now = clock_.monotonic();
    Slot& slot = slot_of(key, now);
    if (slot.bucket.ready(now) && in_full_.ready(now)) {
      slot.bucket.take(now);
      in_full_.take(now);
      return Due{.event = std::move(event), .count = count};
    }
    if (!slot.latest) slot.due_at = now + limits_.summary_interval;
    slot.folded += count;
    slot.latest = std::move(event);
    return std::nullopt;
  }

  /// The summaries that are due, the longest due first. Call it a few times a second.
  [[nodiscard]] std::vector<Due> flush() {
    const auto now = clock_.monotonic();
    std::vector<Slot*> due = folded_slots();
    std::erase_if(due, [now](const Slot* slot) { return slot->due_at > now; });
    std::ranges::stable_sort(due, {}, &Slot::due_at);
    std::vector<Due> out;
    for (Slot* slot : due) {
      if (!summaries_.ready(now)) break;
      summaries_.take(now);
      out.push_back(unfold(*slot));
    }
    forget_idle(now);
    return out;
  }

  /// All summaries, whatever the limits: the process is about to leave.
  [[nodiscard]] std::vector<Due> flush_all() {
    std::vector<Due> out;
    for (Slot* slot : folded_slots()) out.push_back(unfold(*slot));
    return out;
  }

  /// Keys that are kept now.
  [[nodiscard]] std::size_t keys() const noexcept { return slots_.size(); }

 private:
  struct Slot {
    TokenBucket bucket;
    bool mixed = false;
    std::uint64_t folded = 0;                ///< the counts of what waits for the summary
    std::optional<T> latest = std::nullopt;  ///< the last of that; none = nothing waits
    std::chrono::microseconds due_at{0};
  };

  [[nodiscard]] Slot fresh_slot(bool mixed) const {
    return {.bucket = TokenBucket(limits_.key_burst, limits_.key_refill), .mixed = mixed};
  }

  [[nodiscard]] Slot& slot_of(const std::string& key, std::chrono::microseconds now) {
    if (const auto found = slots_.find(key); found != slots_.end()) return found->second;
    if (slots_.size() >= limits_.keys) forget_idle(now);
    if (slots_.size() >= limits_.keys) return overflow_;
    return slots_.emplace(key, fresh_slot(false)).first->second;
  }

  /// A slot that holds nothing back and nothing against its key is the same as none.
  void forget_idle(std::chrono::microseconds now) {
    std::erase_if(slots_, [now](const auto& item) { return !item.second.latest && item.second.bucket.full(now); });
  }

  [[nodiscard]] std::vector<Slot*> folded_slots() {
    std::vector<Slot*> out;
    for (auto& [key, slot] : slots_) {
      if (slot.latest) out.push_back(&slot);
    }
    if (overflow_.latest) out.push_back(&overflow_);
    return out;
  }

  [[nodiscard]] static Due unfold(Slot& slot) {
    Due due{.event = *std::move(slot.latest), .count = std::exchange(slot.folded, 0), .mixed = slot.mixed};
    slot.latest.reset();
    return due;
  }

  const Clock& clock_;
  RepeatLimits limits_;
  TokenBucket in_full_;
  TokenBucket summaries_;
  std::map<std::string, Slot> slots_;
  Slot overflow_;
};

}  // namespace signet
