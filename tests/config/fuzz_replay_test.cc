// The fuzz target's corpus as a unit test.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "fuzz_properties.h"

namespace signet::testing {
namespace {

TEST(FuzzReplay, ConfigPropertyHoldsForTheCorpus) {
  constexpr std::size_t kLargestSeed = 1024 * 1024;
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SIGNET_SOURCE_DIR "/tests/config/config_corpus")) {
    SCOPED_TRACE(entry.path().filename().string());
    const auto bytes = read_file(entry.path().string(), kLargestSeed, FileTrust::kAnyone, "corpus");
    ASSERT_TRUE(bytes.has_value());
    check_config_property(*bytes);
    ++count;
  }
  EXPECT_GE(count, 6U);
}

}  // namespace
}  // namespace signet::testing
