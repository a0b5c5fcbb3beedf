#include "issuer/repeat_fold.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>

namespace signet {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

class ManualClock : public Clock {
 public:
  [[nodiscard]] Time now() const override { return Time(time_); }
  [[nodiscard]] microseconds monotonic() const override { return time_; }
  void advance(microseconds by) { time_ += by; }

 private:
  microseconds time_{0};  // as right after a boot
};

using Fold = RepeatFold<int>;

RepeatKey key(const std::string& owner, const std::string& kind = "kind") { return {.owner = owner, .kind = kind}; }

class RepeatFoldTest : public testing::Test {
 protected:
  /// Adds `times` events of a key and says how many were to be recorded at once.
  std::size_t add(Fold& fold, const std::string& owner, int times, const std::string& kind = "kind") {
    std::size_t now = 0;
    for (int i = 0; i < times; ++i) {
      ++added_;
      const auto due = fold.add(key(owner, kind), static_cast<int>(added_));
      if (!due) continue;
      EXPECT_EQ(due->event, static_cast<int>(added_));
      EXPECT_EQ(due->count, 1U);
      ++now;
    }
    recorded_ += now;
    return now;
  }
  std::vector<Fold::Due> note(std::vector<Fold::Due> due) {
    for (const Fold::Due& one : due) recorded_ += one.count;
    return due;
  }
  void expect_nothing_lost(Fold& fold) {
    note(fold.flush_all());
    EXPECT_EQ(recorded_, added_);
    EXPECT_TRUE(fold.flush_all().empty());
  }

  ManualClock clock_;
  std::uint64_t added_ = 0;
  std::uint64_t recorded_ = 0;
};

TEST(TokenBucket, GivesItsBurstThenOnePerRefillAndNeverSavesUpMore) {
  TokenBucket bucket(3, seconds(1));
  const auto take_all = [&](microseconds now) {
    int taken = 0;
    for (; bucket.ready(now); ++taken) bucket.take(now);
    return taken;
  };
  EXPECT_TRUE(bucket.full(microseconds(0)));
  EXPECT_EQ(take_all(microseconds(0)), 3);
  EXPECT_EQ(take_all(microseconds(999'999)), 0);
  EXPECT_EQ(take_all(seconds(1)), 1);
  EXPECT_EQ(take_all(milliseconds(3500)), 2);
  EXPECT_FALSE(bucket.full(milliseconds(5999)));
  EXPECT_TRUE(bucket.full(seconds(6)));
  EXPECT_EQ(take_all(seconds(1000)), 3);
}

TEST(TokenBucket, OfNoBurstGivesNothing) { EXPECT_FALSE(TokenBucket(0, seconds(1)).ready(seconds(9))); }

TEST_F(RepeatFoldTest, RecordsTheFirstFiveOfAKeyThenOneInFiveMinutes) {
  Fold fold(clock_);
  EXPECT_EQ(add(fold, "a", 9), 5U);
  EXPECT_EQ(add(fold, "b", 2), 2U) << "keys are apart";
  clock_.advance(milliseconds(299'999));
  EXPECT_EQ(add(fold, "a", 1), 0U);
  clock_.advance(milliseconds(1));
  EXPECT_EQ(add(fold, "a", 3), 1U);
  clock_.advance(seconds(5 * 300));
  EXPECT_EQ(add(fold, "a", 9), 5U);
  expect_nothing_lost(fold);
}

TEST_F(RepeatFoldTest, ASummaryIsDueTenSecondsAfterTheFirstItStandsFor) {
  Fold fold(clock_);
  add(fold, "a", 7);
  clock_.advance(microseconds(9'999'999));
  EXPECT_TRUE(fold.flush().empty());
  clock_.advance(microseconds(1));
  const auto due = note(fold.flush());
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].count, 2U);
  EXPECT_EQ(due[0].event, 7) << "the last";
  EXPECT_EQ(due[0].key, key("a"));
  EXPECT_TRUE(fold.flush().empty()) << "once only";
  expect_nothing_lost(fold);
}

TEST_F(RepeatFoldTest, CountsThatEventsBringAlongAddUp) {
  Fold fold(clock_, {.key_burst = 1});
  const auto first = fold.add(key("a"), 1, 7);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->count, 7U);
  EXPECT_FALSE(fold.add(key("a"), 2, 20).has_value());
  EXPECT_FALSE(fold.add(key("a"), 3, 0).has_value());
  EXPECT_FALSE(fold.add(key("a"), 4, 300).has_value());
  const auto rest = fold.flush_all();
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].count, 320U);
  EXPECT_EQ(rest[0].event, 4);
}

TEST_F(RepeatFoldTest, AKeyHasAtMostOneSummaryInFiveMinutes) {
  Fold fold(clock_);
  std::vector<microseconds> times;
  for (int i = 0; i < 6000; ++i) {
    add(fold, "a", 3);
    if (!note(fold.flush()).empty()) times.push_back(clock_.monotonic());
    clock_.advance(milliseconds(500));
  }
  ASSERT_EQ(times.size(), 10U) << "in 50 minutes";
  EXPECT_EQ(times[0], milliseconds(10'500)) << "the sixth event came after half a second";
  for (std::size_t i = 1; i < times.size(); ++i) EXPECT_EQ(times[i] - times[i - 1], seconds(300));
  expect_nothing_lost(fold);
}

TEST_F(RepeatFoldTest, FlushAllHandsOutEverythingAtOnce) {
  Fold fold(clock_, {.summary_burst = 1});
  add(fold, "a", 6);
  add(fold, "b", 8);
  const auto due = note(fold.flush_all());
  ASSERT_EQ(due.size(), 2U);
  EXPECT_EQ(due[0].count + due[1].count, 4U);
  expect_nothing_lost(fold);
}

TEST_F(RepeatFoldTest, ManyKeysTogetherAreBounded) {
  Fold fold(clock_);
  std::size_t now = 0;
  for (int i = 0; i < 200; ++i) now += add(fold, "stranger " + std::to_string(i), 1);
  EXPECT_EQ(now, 50U);
  clock_.advance(seconds(100));
  for (int i = 200; i < 400; ++i) now += add(fold, "stranger " + std::to_string(i), 1);
  EXPECT_EQ(now, 60U);
  expect_nothing_lost(fold);
}

TEST_F(RepeatFoldTest, WhatTheCommonBudgetRefusesIsNotTakenFromTheKey) {
  Fold fold(clock_, {.full_burst = 1, .full_refill = milliseconds(1)});
  EXPECT_EQ(add(fold, "a", 100), 1U);
  std::size_t now = 0;
  for (int i = 0; i < 9; ++i) {
    clock_.advance(milliseconds(1));
    now += add(fold, "a", 1);
  }
  EXPECT_EQ(now, 4U);
  expect_nothing_lost(fold);
}

TEST_F(RepeatFoldTest, SummariesAreBoundedAndTheLongestDueComeFirst) {
  Fold fold(clock_, {.key_burst = 0, .summary_burst = 2});
  for (const char* key : {"c", "a", "b"}) {
    add(fold, key, 1);
    clock_.advance(milliseconds(1));
  }
  clock_.advance(seconds(10));
  const auto first = note(fold.flush());
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].event, 1);
  EXPECT_EQ(first[1].event, 2);
  EXPECT_TRUE(fold.flush().empty());
  clock_.advance(seconds(5));
  const auto second = note(fold.flush());
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].event, 3);
  expect_nothing_lost(fold);
}

TEST_F(RepeatFoldTest, KeysAreBoundedAndWhatIsBeyondSharesOneThatSaysSo) {
  Fold fold(clock_, {.keys = 3});
  for (int i = 0; i < 5; ++i) add(fold, "key " + std::to_string(i), 6);
  EXPECT_EQ(fold.keys(), 4U) << "three, and what is beyond";
  std::uint64_t mixed = 0;
  for (const auto& due : note(fold.flush_all())) {
    if (due.key.mixed) mixed += due.count;
    EXPECT_EQ(due.count, due.key.mixed ? 7U : 1U);
  }
  EXPECT_EQ(mixed, 7U) << "12 events of two keys, of which 5 were recorded at once";
  expect_nothing_lost(fold);
}

TEST_F(RepeatFoldTest, KeysThatAreIdleMakeRoom) {
  Fold fold(clock_, {.keys = 2});
  add(fold, "a", 5);
  add(fold, "b", 6);
  clock_.advance(seconds(1500));
  EXPECT_EQ(add(fold, "c", 5), 5U) << "in place of a; b has something folded";
  EXPECT_EQ(fold.keys(), 2U);
  clock_.advance(seconds(1500));
  EXPECT_EQ(note(fold.flush()).size(), 1U);
  EXPECT_EQ(fold.keys(), 1U) << "b's next summary may not come at once";
  clock_.advance(seconds(300));
  EXPECT_TRUE(fold.flush().empty());
  EXPECT_EQ(fold.keys(), 0U);
  expect_nothing_lost(fold);
}

TEST_F(RepeatFoldTest, AKeyCannotGetAFreshBurstByBeingForgotten) {
  Fold fold(clock_, {.keys = 1});
  EXPECT_EQ(add(fold, "a", 5), 5U);
  clock_.advance(milliseconds(1'499'999));
  EXPECT_TRUE(fold.flush().empty());
  EXPECT_EQ(fold.keys(), 1U) << "a's burst is not whole again";
  EXPECT_EQ(add(fold, "a", 5), 4U);
  expect_nothing_lost(fold);
}

TEST_F(RepeatFoldTest, TheCountsAddUpWhateverHappens) {
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same run each time
  Fold fold(clock_, {.keys = 20});
  std::size_t handed_out = 0;
  for (int i = 0; i < 20'000; ++i) {
    handed_out += add(fold, std::to_string(random() % 40), 1 + static_cast<int>(random() % 3));
    if (random() % 5 == 0) {
      auto due = fold.flush();
      if (!due.empty() && random() % 3 == 0) {
        fold.put_back(std::move(due.back()));
        due.pop_back();
      }
      handed_out += note(std::move(due)).size();
    }
    clock_.advance(milliseconds(random() % 3000));
    EXPECT_LE(fold.keys(), 21U);
  }
  const auto passed = std::chrono::duration_cast<seconds>(clock_.monotonic()).count();
  EXPECT_LE(handed_out, 100U + static_cast<std::size_t>(passed / 10 + 1 + passed / 5 + 1));
  expect_nothing_lost(fold);
}

TEST_F(RepeatFoldTest, WhatCouldNotBeRecordedIsFoldedAgainAndCounted) {
  Fold fold(clock_, {.key_burst = 1});
  fold.put_back(*fold.add(key("a"), 1, 7));
  EXPECT_FALSE(fold.add(key("a"), 2, 20).has_value());
  clock_.advance(seconds(10));
  auto due = fold.flush();
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].count, 27U);
  EXPECT_EQ(due[0].event, 2) << "the last";
  fold.put_back(std::move(due[0]));
  EXPECT_TRUE(fold.flush().empty()) << "not at once";
  clock_.advance(seconds(10));
  due = fold.flush();
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].count, 27U);
  EXPECT_EQ(due[0].key, key("a"));
  EXPECT_TRUE(fold.flush_all().empty());
}

TEST_F(RepeatFoldTest, TheKindsOfAnOwnerAreBoundedAndTakeNobodyElsesPlace) {
  Fold fold(clock_);
  for (int i = 0; i < 100; ++i) add(fold, "a", 6, "kind " + std::to_string(i));
  EXPECT_EQ(fold.keys(), 17U);
  add(fold, "b", 6);
  EXPECT_EQ(fold.keys(), 18U);
  for (const auto& due : note(fold.flush_all())) {
    EXPECT_TRUE(!due.key.mixed || due.key.owner == "a");
  }
  expect_nothing_lost(fold);
}

/// A simulated day of 1,000 events a second. Those of the same key within a minute come as one with their count.
class ADayOfEvents : public RepeatFoldTest {
 protected:
  static constexpr int kSteps = 86'400 / 60;

  /// In the entries of each owner.
  std::map<std::string, std::size_t> pass(Fold& fold, int owners, int kinds) {
    const std::vector<RepeatKey> keys = all_keys(owners, kinds);
    std::map<std::string, std::size_t> entries;
    for (int step = 0; step < kSteps; ++step) {
      for (const RepeatKey& one : keys) {
        const std::uint64_t count = 60'000 / keys.size();
        added_ += count;
        if (const auto due = fold.add(one, int{step}, count)) count_in(entries, *due);
      }
      for (const auto& due : fold.flush()) count_in(entries, due);
      clock_.advance(seconds(60));
    }
    expect_nothing_lost(fold);
    return entries;
  }

 private:
  static std::vector<RepeatKey> all_keys(int owners, int kinds) {
    std::vector<RepeatKey> keys;
    for (int owner = 0; owner < owners; ++owner) {
      for (int kind = 0; kind < kinds; ++kind)
        keys.push_back(key("client " + std::to_string(owner), "field " + std::to_string(kind)));
    }
    return keys;
  }
  void count_in(std::map<std::string, std::size_t>& entries, const Fold::Due& due) {
    ++entries[due.key.owner];
    recorded_ += due.count;
  }
};

TEST_F(ADayOfEvents, OfOneClientIsAtMostTenThousandEntriesWhateverItDoes) {
  for (const int kinds : {1, 12, 100}) {
    Fold fold(clock_);
    const auto entries = pass(fold, 1, kinds);
    EXPECT_LE(entries.at("client 0"), 9'894U) << kinds;
    EXPECT_GT(entries.at("client 0"), 500U) << kinds;
  }
}

TEST_F(ADayOfEvents, OfFiftyClientsIsBoundedForAllOfThem) {
  Fold fold(clock_);
  const auto entries = pass(fold, 50, 12);
  EXPECT_EQ(entries.size(), 50U);
  std::size_t all = 0;
  for (const auto& [owner, count] : entries) {
    EXPECT_LE(count, 9'894U) << owner;
    all += count;
  }
  EXPECT_LE(all, 26'020U);
}

TEST(RepeatFold, TakesEventsThatCanOnlyBeMoved) {
  const ManualClock clock;
  RepeatFold<std::unique_ptr<int>> fold(clock, {.key_burst = 1});
  EXPECT_EQ(*fold.add(key("a"), std::make_unique<int>(1))->event, 1);
  EXPECT_FALSE(fold.add(key("a"), std::make_unique<int>(2)).has_value());
  EXPECT_EQ(*fold.flush_all().at(0).event, 2);
}

}  // namespace
}  // namespace signet
