#include "front/places.h"

#include <gtest/gtest.h>

#include <array>

namespace signet {
namespace {

const Network kHere{192, 0, 2, 1};
const Network kThere{192, 0, 2, 2};
const Network kElsewhere{192, 0, 2, 3};

TEST(NetworkOf, AnIpv4AddressIsItsOwn) {
  const std::array<std::uint8_t, 4> address{192, 0, 2, 1};
  EXPECT_EQ(network_of(address), kHere);
}

TEST(NetworkOf, AddressesOfOneSlash64AreOne) {
  const std::array<std::uint8_t, 16> one{0x20, 1, 0x0d, 0xb8, 0, 0, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8};
  std::array<std::uint8_t, 16> other = one;
  other[8] = 99;
  EXPECT_EQ(network_of(one), network_of(other));
  other[7] = 8;
  EXPECT_NE(network_of(one), network_of(other));
}

TEST(NetworkOf, AnIpv4AddressMappedIntoIpv6IsThatAddress) {
  const std::array<std::uint8_t, 16> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1};
  EXPECT_EQ(network_of(mapped), kHere);
}

TEST(Places, HandshakesHaveAQuarterAndAtLeastSixteen) {
  EXPECT_EQ(Places::max_handshakes(1024), 256U);
  EXPECT_EQ(Places::max_handshakes(2), 16U);
}

TEST(Places, HandshakesTakeNoPlaceOfTheAuthenticated) {
  Places places(2, 2);
  for (Places::Number number = 1; number <= 40; ++number) static_cast<void>(places.begin(number, kHere));
  EXPECT_TRUE(places.check(kHere).has_value());
  EXPECT_TRUE(places.authenticate(39).has_value());
  EXPECT_TRUE(places.authenticate(40).has_value());
  const auto full = places.check(kThere);
  ASSERT_FALSE(full.has_value());
  EXPECT_EQ(full.error().code, ErrorCode::kResourceExhausted);
  EXPECT_NE(full.error().message.find("all 2 connections"), std::string::npos);
  EXPECT_FALSE(places.authenticate(38).has_value()) << "it was done while the last place went";
  places.end(39);
  EXPECT_TRUE(places.authenticate(38).has_value());
}

TEST(Places, AuthenticatedConnectionsOfOneNetworkAreLimited) {
  Places places(10, 1);
  for (Places::Number number = 1; number <= 3; ++number) static_cast<void>(places.begin(number, kHere));
  EXPECT_TRUE(places.authenticate(1).has_value());
  EXPECT_FALSE(places.authenticate(2).has_value());
  EXPECT_FALSE(places.check(kHere).has_value());
  EXPECT_TRUE(places.check(kThere).has_value());
  places.end(1);
  EXPECT_TRUE(places.authenticate(2).has_value());
}

TEST(Places, AtTheBoundTheOldestHandshakeIsCut) {
  Places places(1, 1);
  for (Places::Number number = 1; number <= 16; ++number) EXPECT_FALSE(places.begin(number, kHere).has_value());
  EXPECT_EQ(places.begin(17, kHere), 1U);
  places.end(2);
  EXPECT_FALSE(places.begin(18, kHere).has_value());
  EXPECT_EQ(places.begin(19, kHere), 3U);
  EXPECT_FALSE(places.authenticate(1).has_value()) << "it has lost its place";
  places.end(1);
  EXPECT_EQ(places.begin(20, kHere), 4U);
}

TEST(Places, AFloodFromOneNetworkCutsOnlyItsOwnHandshakes) {
  Places places(1, 1);
  EXPECT_FALSE(places.begin(1, kThere).has_value());
  EXPECT_FALSE(places.begin(2, kElsewhere).has_value());
  Places::Number number = 3;
  for (; number <= 16; ++number) EXPECT_FALSE(places.begin(number, kHere).has_value());
  for (Places::Number oldest = 3; number <= 1000; ++number) EXPECT_EQ(places.begin(number, kHere), oldest++);
  EXPECT_TRUE(places.authenticate(1).has_value());
}

}  // namespace
}  // namespace signet
