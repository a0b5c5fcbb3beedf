// The keyholder's process with a journal of years.
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "keyholder/authority.h"
#include "keyholder/grown_log.h"
#include "keyholder/process_harness.h"
#include "log/journal_record.h"

namespace signet::test {
namespace {

using log::JournalKind;
using log::JournalRecord;

const internal::KeyDescription& key_in(const internal::TokenDescription& description, const std::string& name) {
  for (const auto& key : description.keys()) {
    if (key.name() == name) return key;
  }
  throw std::runtime_error("the keyholder describes no key " + name);
}

class LongJournal : public testing::Test {
 protected:
  LongJournal() {
    scenario_.fence =
        "may_sign = [\"end-entity-certificate\", \"crl\"]\nlongest_validity = \"398d\"\nlongest_crl_period = \"1d\"\n";
  }

  void add(JournalRecord record) {
    record.time = system_clock().now();
    last_ = log::encode_record(record, last_);
    append(records_, last_);
  }
  void add_certificates(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) add({.kind = JournalKind::kEndEntityCertificate, .structure = {1}});
  }
  /// The journal's records behind so many that were never written: a hole, which no start can read.
  void write_behind(std::uint64_t unreadable) const {
    std::filesystem::create_directories(directory_of(scenario_.journal()));
    for (const std::string& folder : {scenario_.state_directory, directory_of(scenario_.journal())})
      std::filesystem::permissions(folder, std::filesystem::perms(0700));
    const UniqueFd file{::open(scenario_.journal().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
    ASSERT_EQ(::pwrite(file.get(), records_.data(), records_.size(),
                       static_cast<off_t>(unreadable * log::kJournalRecordBytes)),
              static_cast<ssize_t>(records_.size()));
  }
  /// Starts a keyholder and ends it: what it said until it was ready, and what it remembers.
  struct Start {
    int still_starting = 0;
    std::uint64_t checkpoint = 0;
    bool has_crl = false;
  };
  [[nodiscard]] Start start() const {
    Keyholder keyholder(scenario_);
    Start start;
    internal::ChildToSupervisor said = keyholder.started();
    for (; said.has_still_starting(); said = keyholder.started()) ++start.still_starting;
    EXPECT_TRUE(said.has_ready()) << said.failed().message();
    const auto channel = keyholder.connect();
    const internal::TokenDescription described = ask_description(*channel);
    start.checkpoint = key_in(described, "log-1").last_checkpoint().size();
    start.has_crl = !key_in(described, "issuing-1").last_crl_number().empty();
    return start;
  }

  Scenario scenario_;
  PublicKey key_ = scenario_.add_log_key();
  GrownLog log_;
  Bytes records_;
  log::RecordBytes last_{};
};

TEST_F(LongJournal, OfThreeMillionRecordsTheLastAreReadAlsoForAKeyThatNeverSignedACrl) {
  constexpr std::size_t kReadForSerials = 65'536;
  add({.kind = JournalKind::kStart});
  add({.kind = JournalKind::kLastCheckpoint,
       .key = key_.spki_sha256(),
       .structure = sha256(bytes_of(log_.text(9))),
       .size = 9,
       .root = log_.root(9)});
  add({.kind = JournalKind::kLastCrl, .key = scenario_.ca->public_key().spki_sha256()});
  add_certificates(kReadForSerials + 1000);
  write_behind(3'000'000);
  for (int i = 0; i < 2; ++i) {
    const Start started = start();
    EXPECT_EQ(started.checkpoint, 9U);
    EXPECT_FALSE(started.has_crl);
    EXPECT_EQ(started.still_starting, 0);
  }
  scenario_.add_predecessor("ca.example/older");
  Keyholder keyholder(scenario_);
  EXPECT_EQ(static_cast<ErrorCode>(keyholder.failure().code()), ErrorCode::kDataLoss)
      << "of a key that is new, something may stand in the hole";
}

TEST_F(LongJournal, IsReadWholeForAKeyThatIsNewAndSignetdIsToldMeanwhile) {
  add({.kind = JournalKind::kStart});
  add({.kind = JournalKind::kLogCheckpoint,
       .key = key_.spki_sha256(),
       .structure = sha256(bytes_of(log_.text(9))),
       .size = 9,
       .root = log_.root(9)});
  add_certificates(300'000);
  write_behind(0);
  EXPECT_EQ(start().still_starting, 1);
  const Start second = start();
  EXPECT_EQ(second.still_starting, 0) << "what was found is repeated at the end, and that there is no CRL";
  EXPECT_EQ(second.checkpoint, 9U);
  EXPECT_FALSE(second.has_crl);
}

}  // namespace
}  // namespace signet::test
