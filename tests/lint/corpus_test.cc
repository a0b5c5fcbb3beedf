// Every file of the fuzz corpus holds what the fuzz target demands. Names say what must become of a file: clean_* has
// no finding of an error in the private set; the others begin with a rule that must be found, its '.' written as '_'.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "lint/lint_property.h"
#include "support/command.h"

namespace signet {
namespace {

std::string stem_of(const std::string& id) {
  std::string stem = id;
  std::ranges::replace(stem, '.', '_');
  return stem;
}

TEST(LintCorpus, IsJudgedAsItsNamesSay) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SIGNET_SOURCE_DIR "/tests/lint/lint_corpus")) {
    const std::string content = test::slurp(entry.path().string());
    const test::LintOutcome outcome = test::lint_property(bytes_of(content));
    const std::string name = entry.path().filename().string();
    EXPECT_EQ(outcome.violation, "") << name;
    if (name.starts_with("clean_")) {
      EXPECT_TRUE(lint::lint_certificate(bytes_of(content), lint::Set::kPrivate).empty()) << name;
    } else {
      EXPECT_TRUE(std::ranges::any_of(outcome.ids, [&](const std::string& id) {
        return name.starts_with(stem_of(id));
      })) << name;
    }
    ++files;
  }
  EXPECT_GE(files, 20U);
}

}  // namespace
}  // namespace signet
