// Clients and strangers that keep the front busy: the others are served all the same.
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <vector>

#include "front_fixture.h"

namespace signet::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

class Flood : public FrontFixture {
 protected:
  /// Of the messages to the issuer; requests in between are left unanswered.
  internal::AccessFailure next_report() {
    for (;;) {
      const auto message = issuer().next();
      if (!message.has_value()) throw std::runtime_error("no AccessFailure came");
      if (message->has_access_failure()) return message->access_failure();
    }
  }
};

TEST_F(Flood, OfKeyUpdatesIsCutAndHoldsNobodyUp) {
  start();
  TlsClient honest = connect();
  expect_it_works(honest);
  std::atomic<bool> stopped = false;
  std::vector<std::thread> attackers;
  for (int i = 0; i < 3; ++i) {
    attackers.emplace_back([this, &stopped] {
      TlsClient client = connect();
      for (const auto end = steady_clock::now() + seconds(10); !stopped && steady_clock::now() < end;) {
        if (!client.update_keys()) client = connect();
      }
    });
  }
  std::this_thread::sleep_for(milliseconds(200));
  auto slowest = milliseconds(0);
  for (int i = 0; i < 5; ++i) {
    const auto begin = steady_clock::now();
    expect_it_works(honest);
    slowest = std::max(slowest, std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin));
  }
  stopped = true;
  for (std::thread& attacker : attackers) attacker.join();
  EXPECT_LT(slowest, seconds(2));
}

TEST_F(Flood, OfKeyUpdatesIsReportedWithTheClientsCertificate) {
  start();
  TlsClient client = connect();
  for (unsigned i = 0; i <= TlsNotes::kMaxKeyUpdates; ++i) ASSERT_TRUE(client.update_keys());
  EXPECT_TRUE(client.is_closed_by_server());
  const auto report = next_report();
  EXPECT_EQ(report.reason(), "key-update-flood");
  EXPECT_EQ(copy_of(bytes_of(report.peer_certificate())), der_of(client_.certificate.get()));
  expect_it_works();
}

TEST_F(Flood, OfKeyUpdatesWithinAFrameIsCutAsWell) {
  start();
  TlsClient client = connect();
  ASSERT_TRUE(client.send_raw(std::string("\x00\x00\x01\x00", 4)));
  for (unsigned i = 0; i <= TlsNotes::kMaxKeyUpdates; ++i) {
    if (!client.update_keys() || !client.send_raw("x")) break;
  }
  EXPECT_TRUE(client.is_closed_by_server());
  EXPECT_EQ(next_report().reason(), "key-update-flood");
  expect_it_works();
}

TEST_F(Flood, IsNotWhatAClientDoesThatUpdatesItsKeysBetweenItsRequests) {
  start();
  TlsClient client = connect();
  for (int request = 0; request < 3; ++request) {
    for (unsigned i = 0; i < TlsNotes::kMaxKeyUpdates; ++i) ASSERT_TRUE(client.update_keys());
    expect_it_works(client);
  }
}

TEST_F(Flood, OfSilentConnectionsKeepsNoClientOut) {
  site_.listen_options["max_connections"] = "8";
  site_.listen_options["max_connections_per_address"] = "8";
  start();
  TlsClient before = connect();
  std::vector<UniqueFd> silent;
  for (int i = 0; i < 100; ++i) silent.push_back(connect_tcp(front().port()));
  expect_it_works(before);
  expect_it_works();
}

TEST_F(Flood, OfSilentConnectionsIsCutOldestFirstAndReported) {
  site_.listen_options["max_connections"] = "8";
  start();
  std::vector<UniqueFd> silent;
  for (int i = 0; i < 17; ++i) silent.push_back(connect_tcp(front().port()));
  char byte = 0;
  EXPECT_EQ(recv(silent.front().get(), &byte, 1, 0), 0);
  EXPECT_EQ(recv(silent[1].get(), &byte, 1, MSG_DONTWAIT), -1) << "the next one is still there";
  const auto report = next_report();
  EXPECT_EQ(report.reason(), "too-many-handshakes");
  EXPECT_EQ(report.count(), 1U);
}

}  // namespace
}  // namespace signet::test
