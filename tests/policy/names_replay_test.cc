// The fuzz target's corpus as a unit test.
#include <gtest/gtest.h>

#include "base/file.h"
#include "names_property.h"

namespace signet::test {
namespace {

TEST(NamesCorpus, KeepsWhatMustHoldOfNames) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SIGNET_SOURCE_DIR "/tests/policy/names_corpus")) {
    const auto bytes = read_file(entry.path().string(), 64 * 1024, FileTrust::kAnyone, "corpus");
    ASSERT_TRUE(bytes.has_value());
    EXPECT_EQ(names_violation(text_of(*bytes)), "") << entry.path();
    ++count;
  }
  EXPECT_GE(count, 10U);
}

}  // namespace
}  // namespace signet::test
