// Which of many like events are recorded one by one, and which only as a number, so that nobody can fill the log.
#pragma once

#include <algorithm>
#include <chrono>
#include <compare>
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

/// Every `refill` is above zero. In a day of 86,400 s an owner has at most
///   (kinds_per_owner + 1) * (key_burst + 86,400 / key_refill + 1 + 86,400 / summary_interval) = 9,894
/// of its own recorded, whatever happens, and all together at most
///   full_burst + 86,400 / full_refill + summary_burst + 86,400 / summary_refill = 26,020.
struct RepeatLimits {
  std::uint32_t key_burst = 5;                                      ///< in full, of one key
  std::chrono::microseconds key_refill{std::chrono::seconds(300)};  ///< one more of that key
  std::uint32_t full_burst = 50;                                    ///< in full, of all keys together
  std::chrono::microseconds full_refill{std::chrono::seconds(10)};
  std::uint32_t summary_burst = 50;  ///< summaries of all keys together
  std::chrono::microseconds summary_refill{std::chrono::seconds(5)};
  std::chrono::microseconds summary_delay{std::chrono::seconds(10)};      ///< behind the first event it stands for
  std::chrono::microseconds summary_interval{std::chrono::seconds(300)};  ///< between two summaries of one key
  std::size_t kinds_per_owner = 16;  ///< kept apart; what comes beyond them shares one key of that owner
  std::size_t keys = 1024;           ///< of all owners; what comes beyond them shares one key
};

/// Whose events are folded together: those of one owner (a client) and of one kind.
struct RepeatKey {
  std::string owner;
  std::string kind;
  bool mixed = false;  ///< all the kinds that are not kept apart; without an owner, all owners as well
  auto operator<=>(const RepeatKey&) const = default;
};

/// Sorts events into those to record now and those that are folded: counted, and recorded later as one summary of their
/// key. By default the first 5 of a key are recorded in full, then one in 5 minutes; of all keys together 50 at once,
/// then one in 10 s, and twice as many summaries. A summary is due 10 s after the first event it stands for, and 5
/// minutes after the one before it. The counts of all that is handed out (and not put back) add up to the events added,
/// once flush_all() was called.
///
/// `T` is what is needed to record an event; at most one is kept per key. Keys and events should be of bounded size.
/// Not thread-safe: the caller's mutex guards it, and need not be held while what it hands out is recorded.
template <class T>
class RepeatFold {
 public:
  struct Due {
    T event;                  ///< the last of those it stands for
    std::uint64_t count = 1;  ///< how many it stands for
    RepeatKey key;            ///< where mixed, the event is only an example
  };

  /// `clock` must outlive this.
  explicit RepeatFold(const Clock& clock, RepeatLimits limits = {})
      : clock_(clock),
        limits_(limits),
        in_full_(limits.full_burst, limits.full_refill),
        summaries_(limits.summary_burst, limits.summary_refill) {}

  /// Gives the event back when it is to be recorded now; otherwise it is folded. `count` is for what was folded before
  /// it came here: it adds to the counts, and makes no difference to the limits.
  [[nodiscard]] std::optional<Due> add(RepeatKey key, T&& event, std::uint64_t count = 1) {
    const auto now = clock_.monotonic();
    key = place_of(std::move(key), now);
    Slot& slot = slots_.try_emplace(key, fresh_slot()).first->second;
    if (slot.bucket.ready(now) && in_full_.ready(now)) {
      slot.bucket.take(now);
      in_full_.take(now);
      return Due{.event = std::move(event), .count = count, .key = std::move(key)};
    }
    if (!slot.latest) slot.due_at = std::max(now + limits_.summary_delay, slot.next_summary);
    slot.folded += count;
    slot.latest = std::move(event);
    return std::nullopt;
  }

  /// Folds what was handed out and could not be recorded. It is due again as a new event would be.
  void put_back(Due&& due) {
    const auto now = clock_.monotonic();
    Slot& slot = slots_.try_emplace(due.key, fresh_slot()).first->second;
    slot.folded += due.count;
    if (slot.latest) return;  // a later one
    slot.due_at = now + limits_.summary_delay;
    slot.latest = std::move(due.event);
  }

  /// The summaries that are due, the longest due first. Call it a few times a second.
  [[nodiscard]] std::vector<Due> flush() {
    const auto now = clock_.monotonic();
    std::vector<Item*> due = folded();
    std::erase_if(due, [now](const Item* item) { return item->second.due_at > now; });
    std::ranges::stable_sort(due, {}, [](const Item* item) { return item->second.due_at; });
    std::vector<Due> out;
    for (Item* item : due) {
      if (!summaries_.ready(now)) break;
      summaries_.take(now);
      item->second.next_summary = now + limits_.summary_interval;
      out.push_back(unfold(*item));
    }
    forget_idle(now);
    return out;
  }

  /// All summaries, whatever the limits: the process is about to leave.
  [[nodiscard]] std::vector<Due> flush_all() {
    std::vector<Due> out;
    for (Item* item : folded()) out.push_back(unfold(*item));
    return out;
  }

  /// Keys that are kept now.
  [[nodiscard]] std::size_t keys() const noexcept { return slots_.size(); }

 private:
  struct Slot {
    TokenBucket bucket;
    std::uint64_t folded = 0;                ///< the counts of what waits for the summary
    std::optional<T> latest = std::nullopt;  ///< the last of that; none = nothing waits
    std::chrono::microseconds due_at{0};
    std::chrono::microseconds next_summary{0};  ///< not earlier than that
  };
  using Slots = std::map<RepeatKey, Slot>;
  using Item = typename Slots::value_type;

  [[nodiscard]] Slot fresh_slot() const { return {.bucket = TokenBucket(limits_.key_burst, limits_.key_refill)}; }

  /// The key itself where there is a place for it, or the one it shares.
  [[nodiscard]] RepeatKey place_of(RepeatKey key, std::chrono::microseconds now) {
    if (slots_.contains(key)) return key;
    if (slots_.size() >= limits_.keys) forget_idle(now);
    if (kinds_of(key.owner) >= limits_.kinds_per_owner)
      key = {.owner = std::move(key.owner), .kind = {}, .mixed = true};
    if (slots_.contains(key) || slots_.size() < limits_.keys) return key;
    return {.owner = {}, .kind = {}, .mixed = true};
  }

  [[nodiscard]] std::size_t kinds_of(const std::string& owner) const {
    auto item = slots_.lower_bound({.owner = owner, .kind = {}, .mixed = false});
    std::size_t kinds = 0;
    for (; item != slots_.end() && item->first.owner == owner; ++item) kinds += item->first.mixed ? 0 : 1;
    return kinds;
  }

  /// A slot that holds nothing back and nothing against its key is the same as none.
  void forget_idle(std::chrono::microseconds now) {
    std::erase_if(slots_, [now](const Item& item) {
      const Slot& slot = item.second;
      return !slot.latest && slot.bucket.full(now) && slot.next_summary <= now;
    });
  }

  [[nodiscard]] std::vector<Item*> folded() {
    std::vector<Item*> out;
    for (Item& item : slots_) {
      if (item.second.latest) out.push_back(&item);
    }
    return out;
  }

  [[nodiscard]] static Due unfold(Item& item) {
    Slot& slot = item.second;
    Due due{.event = *std::move(slot.latest), .count = std::exchange(slot.folded, 0), .key = item.first};
    slot.latest.reset();
    return due;
  }

  const Clock& clock_;
  RepeatLimits limits_;
  TokenBucket in_full_;
  TokenBucket summaries_;
  Slots slots_;
};

}  // namespace signet
