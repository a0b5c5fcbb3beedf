#include "keyholder/serial_memory.h"

#include <gtest/gtest.h>

namespace signet {
namespace {

log::JournalNumber serial(std::uint8_t low) {
  log::JournalNumber number{};
  number.back() = low;
  return number;
}

constexpr Sha256 kKeyA{1};
constexpr Sha256 kKeyB{2};

TEST(SerialMemory, KnowsWhatItWasTold) {
  SerialMemory memory(10);
  EXPECT_TRUE(memory.add(kKeyA, serial(1)));
  EXPECT_FALSE(memory.add(kKeyA, serial(1)));
  EXPECT_TRUE(memory.add(kKeyA, serial(2)));
  EXPECT_TRUE(memory.add(kKeyB, serial(1))) << "each key has numbers of its own";
}

TEST(SerialMemory, ForgetsTheOldestFirst) {
  SerialMemory memory(2);
  for (std::uint8_t i = 1; i <= 3; ++i) EXPECT_TRUE(memory.add(kKeyA, serial(i)));
  EXPECT_FALSE(memory.add(kKeyA, serial(2)));
  EXPECT_FALSE(memory.add(kKeyA, serial(3)));
  EXPECT_TRUE(memory.add(kKeyA, serial(1)));
  EXPECT_TRUE(memory.add(kKeyA, serial(2)));
}

}  // namespace
}  // namespace signet
