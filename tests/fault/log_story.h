// What a process relied on, and whether the folder it left bears it out.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "log/journal.h"
#include "log/note_verifier.h"

namespace signet::test {

/// Something that was told to somebody, at a place of the trace (0 where there is none): true for ever after.
struct Promise {
  enum class Kind : std::uint8_t {
    kEntry,       ///< the entry `number` has the leaf hash `hash`
    kSigning,     ///< the key's keeper has noted that it signs the tree head (`number`, `hash`)
    kCheckpoint,  ///< the tree head was published
  };
  Kind kind{};
  std::uint64_t number = 0;
  Sha256 hash{};
  std::uint64_t position = 0;
};

/// The lines of a test_log_life.
struct LifeStory {
  std::vector<Promise> promises;
  std::size_t refused = 0;
  std::size_t unpublished = 0;
  std::string refusal;  ///< the text of the first append that failed
  std::string failure;  ///< why it could not open
  bool done = false;
};
[[nodiscard]] LifeStory read_story(const std::string& out);

/// A closed log as it lies there, every part compared with every other: entries canonical and in their places, every
/// checkpoint signed, in order, and the root of the entries it covers, tiles and bundles what the entries make.
struct LogContent {
  std::vector<Sha256> leaf_hashes;
  std::vector<Sha256> roots;  ///< [n] is the root of the first n entries
  std::vector<log::TreeHead> checkpoints;
};
/// Throws std::runtime_error saying what is wrong. Changes nothing.
[[nodiscard]] LogContent read_log(const std::string& directory, const log::NoteVerifier& verifier);

/// Adds a test failure for every promise that a log does not keep. With `position`, only those that were made up to
/// there.
void expect_kept(const std::vector<Promise>& promises, const LogContent& content, const std::string& where,
                 std::uint64_t position = ~std::uint64_t{0});

}  // namespace signet::test
