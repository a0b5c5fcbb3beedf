#include "front/access_reports.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

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
  microseconds time_{seconds(1000)};
};

class AccessReportsTest : public testing::Test {
 protected:
  void add(int times, const std::string& reason = "no-alpn") {
    for (int i = 0; i < times; ++i) {
      reports_.add({.address = "192.0.2.1:" + std::to_string(++port_), .reason = reason, .text = "why"});
    }
  }
  [[nodiscard]] std::uint32_t counted() const {
    return std::accumulate(sent_.begin(), sent_.end(), 0U,
                           [](std::uint32_t sum, const auto& report) { return sum + report.count(); });
  }

  ManualClock clock_;
  bool accepts_ = true;
  int port_ = 0;
  std::vector<internal::AccessFailure> sent_;
  AccessReports reports_{clock_, [this](internal::AccessFailure report) {
                           if (accepts_) sent_.push_back(std::move(report));
                           return accepts_;
                         }};
};

TEST_F(AccessReportsTest, TheFirstFiveGoOutAtOnceAndTheRestIsCounted) {
  add(9);
  EXPECT_EQ(sent_.size(), 5U);
  clock_.advance(milliseconds(9999));
  reports_.flush();
  EXPECT_EQ(sent_.size(), 5U);
  clock_.advance(milliseconds(1));
  reports_.flush();
  ASSERT_EQ(sent_.size(), 6U);
  EXPECT_EQ(sent_.back().count(), 4U);
  EXPECT_EQ(sent_.back().address(), "192.0.2.1:9") << "the last of those it stands for";
  reports_.flush();
  EXPECT_EQ(sent_.size(), 6U);
}

TEST_F(AccessReportsTest, AFloodOfADayYieldsTheFirstFiveAndOneInTenSeconds) {
  constexpr int kSeconds = 24 * 60 * 60;
  for (int i = 0; i < kSeconds; ++i) {
    add(3);
    clock_.advance(seconds(1));
    reports_.flush();
  }
  EXPECT_EQ(sent_.size(), 5U + kSeconds / 10);
  reports_.flush_all();
  EXPECT_EQ(counted(), 3U * kSeconds);
}

TEST_F(AccessReportsTest, ARestGivesBackOneForEveryTenSecondsAndNeverMoreThanFive) {
  add(5);
  clock_.advance(seconds(20));
  add(9);
  EXPECT_EQ(sent_.size(), 5U + 2U);
  clock_.advance(seconds(3600));
  add(9);
  EXPECT_EQ(sent_.size(), 5U + 2U + 5U);
}

TEST_F(AccessReportsTest, OneReasonDoesNotHideAnother) {
  add(50, "tls-version");
  add(1, "unknown-ca");
  EXPECT_EQ(sent_.back().reason(), "unknown-ca");
  EXPECT_EQ(sent_.back().count(), 1U);
}

TEST_F(AccessReportsTest, WhatCannotBeSentStaysCounted) {
  accepts_ = false;
  add(7);
  clock_.advance(seconds(5));
  reports_.flush();
  EXPECT_TRUE(sent_.empty());
  accepts_ = true;
  reports_.flush();
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_EQ(sent_.front().count(), 7U);
}

TEST_F(AccessReportsTest, LeavingSendsEverythingWhateverTheRate) {
  add(20);
  reports_.flush_all();
  EXPECT_EQ(counted(), 20U);
}

TEST_F(AccessReportsTest, AHugeCertificateIsLeftOut) {
  reports_.add({.address = "a", .reason = "unknown-ca", .text = "t", .peer_certificate = Bytes(16 * 1024, 1)});
  reports_.add({.address = "a", .reason = "unknown-ca", .text = "t", .peer_certificate = Bytes(16 * 1024 + 1, 1)});
  EXPECT_EQ(sent_[0].peer_certificate().size(), 16U * 1024);
  EXPECT_TRUE(sent_[1].peer_certificate().empty());
}

}  // namespace
}  // namespace signet
