#include "issuer/token_watch.h"

#include <gmock/gmock.h>

#include "issuer/published_log.h"
#include "support/command.h"
#include "wire/channel.h"

namespace signet::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

/// A token with the keys a and b, whose URIs are long.
class TokenWatchTest : public PublishedLog {
 protected:
  TokenWatchTest() {
    file_ops_.skip_syncs = true;
    config_.log.key = "a";
    config_.tokens["soft"].name = "soft";
    for (const char* name : {"a", "b"}) add_key(name);
    begin();
  }
  /// With the keys that there are.
  void begin() {
    keyholders_ = std::make_unique<Keyholders>(config_);
    watch_ = std::make_unique<TokenWatch>(TokenWatchWorld{.config = config_,
                                                          .keyholders = *keyholders_,
                                                          .log = *log_,
                                                          .publisher = *publisher_,
                                                          .log_key = key_,
                                                          .gate = gate_});
  }
  void add_key(const std::string& name) {
    token_.add_issuing(name, Bytes(91, 1));
    KeyConfig& key = config_.keys[name];
    key.name = name;
    key.tokens = {"soft"};
    std::string id;
    for (int i = 0; i < 1000; ++i) id += "%01";
    key.uri = Pkcs11Uri::parse("pkcs11:object=" + name + ";type=private;id=" + id).value();
  }
  std::unique_ptr<FakeKeyholder> connect(std::uint64_t generation) {
    auto [ours, theirs] = make_stream_pair().value();
    keyholders_->find_token("soft")->connect(std::move(theirs), generation, [] {});
    return std::make_unique<FakeKeyholder>(std::make_unique<Channel>(std::move(ours)), token_);
  }
  /// The file can grow no more, and no entry of more than 400 bytes fits.
  void fill_the_disk() {
    file_ops_.largest_file = std::uint64_t{4} << 20U;
    for (const std::size_t bytes : {60'000U, 1000U, 100U}) {
      while (log_->append(log::note(std::string(bytes, 'x')), log::Urgency::kEssential)) continue;
    }
  }
  /// Of the keys, in order.
  [[nodiscard]] std::vector<std::string> events() const {
    std::vector<std::string> events;
    for (const log::Entry& entry : entries()) {
      if (entry.type != log::entry_type::kKey) continue;
      events.push_back(*entry.fields.at("event").text() + " " + *entry.fields.at("key").text());
      EXPECT_EQ(*entry.fields.at("token").text(), "soft");
    }
    return events;
  }

  DaemonConfig config_;
  IssuingGate gate_{trusted_};
  std::unique_ptr<Keyholders> keyholders_;
  std::unique_ptr<TokenWatch> watch_;
};

TEST_F(TokenWatchTest, AKeyWhoseLossTheLogHadNoRoomForIsLoggedWhenItHas) {
  auto keyholder = connect(1);
  ASSERT_TRUE(watch_->look().has_value());
  fill_the_disk();
  keyholder.reset();
  ASSERT_TRUE(eventually([&] { return keyholders_->find_token("soft")->generation() == 0; }));
  file_ops_.largest_file += 4096;  // one entry of 3,000 bytes fits
  EXPECT_FALSE(watch_->look().has_value());
  EXPECT_THAT(events(), ElementsAre("found a", "found b", "lost a"));
  EXPECT_FALSE(watch_->look().has_value());
  file_ops_.largest_file = UINT64_MAX;
  ASSERT_TRUE(watch_->look().has_value());
  EXPECT_THAT(events(), ElementsAre("found a", "found b", "lost a", "lost b"));
  keyholder = connect(2);
  ASSERT_TRUE(watch_->look().has_value());
  EXPECT_THAT(events(), ElementsAre("found a", "found b", "lost a", "lost b", "restored a", "restored b"));
}

TEST_F(TokenWatchTest, ATokenThatSignetdCouldNotOpenIsLostOnceAndRestoredWhenItComes) {
  ASSERT_TRUE(watch_->look().has_value());
  EXPECT_THAT(events(), ElementsAre()) << "it may be opened yet";
  keyholders_->find_token("soft")->set_away(true);
  ASSERT_TRUE(watch_->look().has_value());
  ASSERT_TRUE(watch_->look().has_value());
  EXPECT_THAT(events(), ElementsAre("lost a", "lost b"));
  const auto keyholder = connect(1);
  EXPECT_FALSE(keyholders_->find_token("soft")->away());
  ASSERT_TRUE(watch_->look().has_value());
  EXPECT_THAT(events(), ElementsAre("lost a", "lost b", "restored a", "restored b"));
}

TEST_F(TokenWatchTest, AKeyThatComesBackWhileTheLossOfTheOthersWaitsForRoomIsRestored) {
  fill_the_disk();
  keyholders_->find_token("soft")->set_away(true);
  file_ops_.largest_file += 4096;
  EXPECT_FALSE(watch_->look().has_value());
  EXPECT_THAT(events(), ElementsAre("lost a"));
  const auto keyholder = connect(1);
  file_ops_.largest_file = UINT64_MAX;
  ASSERT_TRUE(watch_->look().has_value());
  EXPECT_THAT(events(), ElementsAre("lost a", "restored a", "found b"));
}

TEST_F(TokenWatchTest, AKeyThatIsLostWhileTheReturnOfTheOthersWaitsForRoomIsLost) {
  const std::vector<std::string> keys = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
  for (const std::string& name : keys) add_key(name);
  begin();
  auto keyholder = connect(1);
  fill_the_disk();
  file_ops_.largest_file += 4096;
  EXPECT_FALSE(watch_->look().has_value());
  const std::size_t found = events().size();  // for so many there was room
  ASSERT_GT(found, 0U);
  ASSERT_LT(found, keys.size());
  keyholder.reset();
  ASSERT_TRUE(eventually([&] { return keyholders_->find_token("soft")->generation() == 0; }));
  file_ops_.largest_file = UINT64_MAX;
  ASSERT_TRUE(watch_->look().has_value());
  keyholder = connect(2);
  ASSERT_TRUE(watch_->look().has_value());
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < found; ++i) expected.push_back("found " + keys[i]);
  for (std::size_t i = 0; i < found; ++i) expected.push_back("lost " + keys[i]);
  for (std::size_t i = 0; i < keys.size(); ++i) expected.push_back((i < found ? "restored " : "found ") + keys[i]);
  EXPECT_EQ(events(), expected);
}

}  // namespace
}  // namespace signet::test
