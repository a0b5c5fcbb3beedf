#include "fault/log_life_fixture.h"

#include <filesystem>

#include "fault/log_life/fixed_key.h"

namespace signet::test {
namespace {

std::string made(const std::string& folder) {
  std::filesystem::create_directory(folder);
  return folder;
}

}  // namespace

LogLife::LogLife() : faults_(made(folder()), "test_log_life") {}

void LogLife::empty_folder() const {
  std::filesystem::remove_all(folder());
  std::filesystem::create_directory(folder());
}

void LogLife::restore(const std::string& from) const {
  std::filesystem::remove_all(folder());
  std::filesystem::copy(from, folder(), std::filesystem::copy_options::recursive);
}

CommandResult LogLife::run(const std::string& where, int entries, int threads, std::chrono::milliseconds patience,
                           const std::vector<std::string>& environment) {
  return run_command({std::string(SIGNET_BIN_DIR) + "/test_log_life", where, std::to_string(entries),
                      std::to_string(threads), std::to_string(patience.count())},
                     {}, environment);
}

void LogLife::expect_recovers(const std::string& where, std::vector<Promise> promises, const std::string& what,
                              std::uint64_t position) {
  const CommandResult result = run(where, 3, 1, kPatient, {});
  const LifeStory story = read_story(result.out);
  ASSERT_TRUE(story.done) << what << ": the next start failed: " << story.failure << result.err;
  EXPECT_EQ(story.refused, 0U) << what << ": " << story.refusal;
  EXPECT_EQ(story.unpublished, 0U) << what << result.err;
  std::erase_if(promises, [position](const Promise& promise) { return promise.position > position; });
  promises.insert(promises.end(), story.promises.begin(), story.promises.end());
  try {
    expect_kept(promises, read_log(where + "/log", FixedKey().verifier()), what);
  } catch (const std::exception& e) {
    ADD_FAILURE() << what << ": " << e.what();
  }
}

}  // namespace signet::test
