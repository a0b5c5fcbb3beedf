// Which intents are open, and the mark that lets a start read no further back than they are.
#include "intents_fixture.h"
#include "log/extent.h"
#include "support/command.h"

namespace signet::log {
namespace {

using Seqs = std::vector<std::uint64_t>;

class OpenIntents : public LogTest {
 protected:
  [[nodiscard]] std::string mark_path() const { return log_directory() + "/mark"; }

  /// A log in which 2, 5 and 7 are open.
  void fill_with_intents() const {
    append_all({note("0"), test_intent(), test_intent(), test_issued(1), test_intent(), test_intent(), test_orphaned(4),
                test_intent(), test_intent(), test_rejected(8), test_rejected({})});
  }
  void append_all(const std::vector<Draft>& drafts) const {
    Recorder recorder;
    const auto log = open();
    ASSERT_TRUE(log->start(recorder).has_value());
    for (const Draft& draft : drafts) ASSERT_TRUE(log->append(draft).has_value());
  }
  void write_mark_text(const std::string& text) const { directory_.write("log/mark", text); }
  [[nodiscard]] std::string mark_text(const Mark& mark) const {
    return std::string(text_of(format_mark(mark).value()));
  }

  /// Opens with the mark there is, and expects to find the intents of fill_with_intents().
  void expect_read_from(std::uint64_t seq) const {
    const auto log = open();
    EXPECT_EQ(log->recovery().read_from, seq);
    EXPECT_EQ(log->size(), 11U);
    EXPECT_EQ(log->open_intents(), (Seqs{2, 5, 7}));
    EXPECT_EQ(read_all(*log).size(), 11U) << "what is in front of it can be read all the same";
  }
};

TEST_F(OpenIntents, AreThoseWithoutADurableOutcome) {
  Recorder recorder;
  const auto log = open();
  ASSERT_TRUE(log->start(recorder).has_value());
  EXPECT_EQ(log->open_intents(), Seqs{});
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(log->append(test_intent()).has_value());
  EXPECT_EQ(log->open_intents(), (Seqs{0, 1, 2, 3}));
  ASSERT_TRUE(log->append(test_issued(1)).has_value());
  ASSERT_TRUE(log->append(test_orphaned(0)).has_value());
  ASSERT_TRUE(log->append(test_rejected(3)).has_value());
  ASSERT_TRUE(log->append(test_rejected({})).has_value());
  EXPECT_EQ(log->open_intents(), Seqs{2});
}

TEST_F(OpenIntents, AreFoundAgainAfterARestart) {
  fill_with_intents();
  expect_read_from(0);
}

TEST_F(OpenIntents, AClosingEntryThatDoesNotNameItsIntentIsRefusedAndTheLogGoesOn) {
  Recorder recorder;
  const auto log = open();
  ASSERT_TRUE(log->start(recorder).has_value());
  Draft draft = test_issued(0);
  draft.fields.erase("intent");
  EXPECT_EQ(log->append(draft).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(log->append(note("x")).value(), 0U);
}

TEST_F(OpenIntents, TheMarkIsAtTheLowestOpenIntentOrTheLastEntry) {
  fill_with_intents();
  const auto log = open();
  std::vector<std::uint64_t> begins;
  std::uint64_t bytes = 0;
  for (const Entry& entry : read_all(*log)) {
    begins.push_back(bytes);
    bytes += kFrameHeaderBytes + entry.encoded.size();
  }
  begins.push_back(bytes);
  for (std::uint64_t size = 1; size <= 11; ++size) {
    const std::uint64_t from = std::min<std::uint64_t>(size - 1, 2);
    EXPECT_EQ(log->mark_for(size).value(),
              (Mark{.size = size, .bytes = begins[size], .lowest_open = from, .lowest_open_bytes = begins[from]}))
        << size;
  }
  EXPECT_EQ(log->mark_for(0).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(log->mark_for(12).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(OpenIntents, AStartReadsFromTheMarkOn) {
  fill_with_intents();
  for (std::uint64_t size = 1; size <= 11; ++size) {
    SCOPED_TRACE(size);
    {
      const auto log = open();
      ASSERT_TRUE(log->write_mark(log->mark_for(size).value()).has_value());
    }
    expect_read_from(std::min<std::uint64_t>(size - 1, 2));
  }
}

TEST_F(OpenIntents, ClosingsOfIntentsInFrontOfTheMarkArePassedOver) {
  append_all({test_intent(), note("1"), note("2")});
  {
    const auto log = open();
    // As if the mark had been made after 0 was closed, by an entry that is behind the checkpoint.
    Mark mark = log->mark_for(3).value();
    mark.lowest_open = 2;
    mark.lowest_open_bytes = log->mark_for(2).value().bytes;
    ASSERT_TRUE(log->write_mark(mark).has_value());
  }
  append_all({test_issued(0), test_intent()});
  const auto log = open();
  EXPECT_EQ(log->recovery().read_from, 2U);
  EXPECT_EQ(log->open_intents(), Seqs{4});
}

TEST_F(OpenIntents, AnOldMarkIsAsGoodWithMoreToRead) {
  fill_with_intents();
  {
    const auto log = open();
    ASSERT_TRUE(log->write_mark(log->mark_for(6).value()).has_value());
  }
  const Bytes mark = copy_of(bytes_of(test::slurp(mark_path())));
  Recorder recorder;
  {
    const auto log = open();
    ASSERT_TRUE(log->start(recorder).has_value());
    for (int i = 0; i < 300; ++i) ASSERT_TRUE(log->append(note("more")).has_value());
    ASSERT_TRUE(log->append(test_issued(2)).has_value());
  }
  const auto log = open();
  EXPECT_EQ(log->recovery().read_from, 2U);
  EXPECT_EQ(log->open_intents(), (Seqs{5, 7}));
  EXPECT_EQ(read_all(*log).size(), 312U);
}

TEST_F(OpenIntents, WhatIsInFrontOfTheMarkIsReadFromAnywhereInAnyOrder) {
  constexpr std::uint64_t kEntries = 5 * kIndexStride;
  append_all(std::vector<Draft>(kEntries, note("an entry")));
  {
    const auto log = open();
    ASSERT_TRUE(log->write_mark(log->mark_for(kEntries).value()).has_value());
  }
  const auto log = open();
  ASSERT_EQ(log->recovery().read_from, kEntries - 1);
  for (const std::uint64_t seq : {3 * kIndexStride + 1, 3 * kIndexStride, kIndexStride - 1, kEntries - 1,
                                  4 * kIndexStride, std::uint64_t{0}, 2 * kIndexStride + 7}) {
    std::uint64_t found = kEntries;
    ASSERT_TRUE(log->read_raw(seq, seq + 1,
                              [&](std::uint64_t at, ByteView entry) -> Result<void> {
                                found = parse_entry(copy_of(entry), at).value().seq;
                                return {};
                              })
                    .has_value());
    EXPECT_EQ(found, seq);
  }
}

TEST_F(OpenIntents, AMarkThatDoesNotFitMakesTheStartReadEverything) {
  fill_with_intents();
  Mark good;
  {
    const auto log = open();
    good = log->mark_for(9).value();
    ASSERT_TRUE(log->write_mark(good).has_value());
  }
  expect_read_from(2);
  const auto changed = [&](std::uint64_t Mark::* member, std::int64_t by) {
    Mark mark = good;
    mark.*member += static_cast<std::uint64_t>(by);
    return mark_text(mark);
  };
  std::vector<std::string> texts{"", "{}", "nonsense", mark_text(good) + "\n", std::string(300, ' ')};
  for (const std::int64_t by : {-1, 1}) {
    for (auto member : {&Mark::size, &Mark::bytes, &Mark::lowest_open, &Mark::lowest_open_bytes}) {
      texts.push_back(changed(member, by));
    }
  }
  texts.push_back(changed(&Mark::bytes, 1 << 20U));  // into the room behind the entries
  texts.push_back(mark_text({.size = 12, .bytes = good.bytes, .lowest_open = 11, .lowest_open_bytes = 1 << 20U}));
  texts.push_back(mark_text({.size = 9, .bytes = 1ULL << 60U, .lowest_open = 8, .lowest_open_bytes = 1ULL << 59U}));
  texts.push_back(R"({"bytes":-1,"lowest_open":-1,"lowest_open_bytes":-1,"size":-1})");
  for (const std::string& text : texts) {
    SCOPED_TRACE(text);
    write_mark_text(text);
    expect_read_from(0);
  }
}

TEST_F(OpenIntents, AMarkOfALongerLogMakesTheStartReadEverything) {
  fill_with_intents();
  const Bytes shorter = file_bytes();
  append_all({note("11"), note("12")});
  {
    const auto log = open();
    ASSERT_TRUE(log->write_mark(log->mark_for(13).value()).has_value());
  }
  overwrite(shorter);  // an older copy was put back
  expect_read_from(0);
}

TEST_F(OpenIntents, DamageBehindTheMarkIsFoundAndTornTailsAreCut) {
  fill_with_intents();
  {
    const auto log = open();
    ASSERT_TRUE(log->write_mark(log->mark_for(9).value()).has_value());
  }
  const Bytes whole = written_bytes();
  Bytes torn = whole;
  append(torn, Bytes(9, 0xEE));
  overwrite(torn);
  EXPECT_EQ(open()->recovery().cut_bytes, 9U);
  expect_read_from(2);
  Bytes damaged = whole;
  damaged.resize(std::size_t{1} << 20U);
  damaged.back() = 0x01;
  overwrite(damaged);
  const auto refused = try_open();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kDataLoss);
}

TEST_F(OpenIntents, DamageInFrontOfTheMarkIsFoundByReading) {
  fill_with_intents();
  {
    const auto log = open();
    ASSERT_TRUE(log->write_mark(log->mark_for(9).value()).has_value());
  }
  Bytes damaged = file_bytes();
  damaged[20] ^= 0x01U;
  overwrite(damaged);
  const auto log = open();
  EXPECT_EQ(log->recovery().read_from, 2U);
  const auto nothing = [](const Entry&) -> Result<void> { return {}; };
  EXPECT_EQ(log->read(0, nothing).error().code, ErrorCode::kDataLoss);
  EXPECT_TRUE(log->read(2, nothing).has_value());
}

TEST(Mark, IsReadAsItWasWrittenAndInNoOtherForm) {
  const Mark mark{.size = 9, .bytes = 4711, .lowest_open = 2, .lowest_open_bytes = 815};
  const Bytes bytes = format_mark(mark).value();
  EXPECT_EQ(text_of(bytes), R"({"bytes":4711,"lowest_open":2,"lowest_open_bytes":815,"size":9})");
  EXPECT_EQ(parse_mark(bytes).value(), mark);
  for (const char* text : {"", "{}", R"({"bytes":4711,"lowest_open":2,"lowest_open_bytes":815})",
                           R"({"bytes":4711,"extra":1,"lowest_open":2,"lowest_open_bytes":815,"size":9})",
                           R"({"bytes":4711,"lowest_open":9,"lowest_open_bytes":815,"size":9})",
                           R"({"bytes":4711,"lowest_open":2,"lowest_open_bytes":4711,"size":9})",
                           R"({"bytes":"4711","lowest_open":2,"lowest_open_bytes":815,"size":9})"}) {
    EXPECT_FALSE(parse_mark(bytes_of(text)).has_value()) << text;
  }
}

}  // namespace
}  // namespace signet::log
