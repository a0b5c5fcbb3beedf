#include "x509/serial_number.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace signet {
namespace {

/// Gives the same octet again and again.
class ConstantRng : public Rng {
 public:
  explicit ConstantRng(std::uint8_t octet) : octet_(octet) {}
  Result<void> fill(std::span<std::uint8_t> out) override {
    std::ranges::fill(out, octet_);
    return {};
  }

 private:
  std::uint8_t octet_;
};

class FailingRng : public Rng {
 public:
  Result<void> fill(std::span<std::uint8_t>) override { return fail(ErrorCode::kInternal, "no entropy"); }
};

Result<SerialNumber> from_hex_contents(std::string_view hex) {
  return SerialNumber::from_der_contents(from_hex(hex).value());
}

TEST(SerialNumber, RandomOnesHaveTwentyOctetsArePositiveAndDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 2000; ++i) {
    const SerialNumber serial = SerialNumber::random(system_rng()).value();
    ASSERT_EQ(serial.bytes().size(), 20U);
    ASSERT_GT(serial.bytes()[0], 0U);
    ASSERT_LT(serial.bytes()[0], 0x80U);
    ASSERT_TRUE(seen.insert(serial.hex()).second);
  }
}

TEST(SerialNumber, UsesEveryBitButTheSign) {
  ConstantRng ones(0xFF);
  EXPECT_EQ(SerialNumber::random(ones)->hex(), "7f" + std::string(38, 'f'));
}

TEST(SerialNumber, ABrokenSourceIsAnErrorAndNotAnEndlessLoop) {
  ConstantRng zeros(0);
  EXPECT_EQ(SerialNumber::random(zeros).error().code, ErrorCode::kInternal);
  FailingRng failing;
  EXPECT_EQ(SerialNumber::random(failing).error().message, "no entropy");
}

TEST(SerialNumber, TakesPositiveMinimalContentsOnly) {
  EXPECT_EQ(from_hex_contents("01")->hex(), "01");
  EXPECT_EQ(from_hex_contents("0080")->hex(), "0080");
  EXPECT_EQ(from_hex_contents(std::string(40, '1'))->hex(), std::string(40, '1'));
  for (const std::string& wrong :
       {std::string(), std::string("00"), std::string("80"), std::string("007f"), std::string(42, '1')}) {
    EXPECT_EQ(from_hex_contents(wrong).error().field, "serialNumber") << wrong;
  }
}

}  // namespace
}  // namespace signet
