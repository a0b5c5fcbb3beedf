// The fuzz targets' corpora as a unit test.
#include <gtest/gtest.h>

#include <filesystem>

#include "admin_properties.h"
#include "base/file.h"
#include "fuzz_properties.h"

namespace signet::testing {
namespace {

/// Gives every file of a corpus to `check` and returns how many there were.
std::size_t replay(const std::string& corpus, void (*check)(ByteView)) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SIGNET_SOURCE_DIR "/tests/wire/" + corpus)) {
    SCOPED_TRACE(entry.path().filename().string());
    const auto bytes = read_file(entry.path().string(), kMaxInternalBytes, FileTrust::kAnyone, "corpus");
    EXPECT_TRUE(bytes.has_value());
    if (bytes.has_value()) check(*bytes);
    ++count;
  }
  return count;
}

TEST(FuzzReplay, FramePropertyHoldsForTheCorpus) { EXPECT_GE(replay("frame_corpus", check_frame_property), 5U); }
TEST(FuzzReplay, MessagePropertyHoldsForTheCorpus) {
  EXPECT_GE(replay("messages_corpus", check_message_property), 10U);
}
TEST(FuzzReplay, AdminPropertyHoldsForTheCorpus) { EXPECT_GE(replay("admin_corpus", check_admin_property), 10U); }

}  // namespace
}  // namespace signet::testing
