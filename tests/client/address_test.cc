#include "client/address.h"

#include <gtest/gtest.h>

#include "client/backoff.h"

namespace signet::client {
namespace {

TEST(Address, ReadsNamesAndAddresses) {
  EXPECT_EQ(Address::parse("ca.example.com:7443")->host, "ca.example.com");
  EXPECT_EQ(Address::parse("192.0.2.1:1")->port, "1");
  EXPECT_EQ(Address::parse("[2001:db8::1]:65535")->host, "2001:db8::1");
  EXPECT_EQ(Address::parse("[2001:db8::1]:65535")->text(), "[2001:db8::1]:65535");
}

TEST(Address, RefusesWhatIsNotHostAndPort) {
  for (const char* text : {"", "host", "host:", ":7443", "host:0", "host:65536", "host:http", "host:1x",
                           "2001:db8::1:7443", "[]:1", "[::1]", "https://host:1", "user@host:1", "a b:1", "[::1:1"}) {
    const auto address = Address::parse(text);
    ASSERT_FALSE(address.has_value()) << text;
    EXPECT_EQ(address.error().field, "address");
  }
}

TEST(Backoff, DoublesToItsLimitWithinTheUpperHalf) {
  Backoff shortest;
  Backoff longest;
  std::chrono::milliseconds expected = Backoff::kFirst;
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(shortest.next(std::chrono::milliseconds(0), 0), expected / 2);
    EXPECT_EQ(longest.next(std::chrono::milliseconds(0), 65535), expected);
    expected = std::min(expected * 2, Backoff::kLongest);
  }
}

TEST(Backoff, WaitsAtLeastAsLongAsToldTo) {
  EXPECT_EQ(Backoff().next(std::chrono::milliseconds(30000), 0), std::chrono::milliseconds(30000));
}

}  // namespace
}  // namespace signet::client
