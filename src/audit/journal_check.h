// What the keyholders say they signed, compared with what the log says.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "audit/entry_facts.h"
#include "audit/journal_file.h"
#include "log/journal.h"

namespace signet::audit {

/// More than this that wait for their counterpart - records for an intent, intents for a record, CRLs for one of the
/// other side - are not kept: nothing is compared any more, which is a finding.
inline constexpr std::size_t kMaxUnmatched = 1'000'000;
/// A keyholder syncs its journal once a second; a machine that fails loses at most what came after the last sync.
inline constexpr std::chrono::seconds kLostSpan{5};

/// Both sides come in the order of time, so that little has to be kept of either. Not thread-safe.
class JournalCheck {
 public:
  /// Errors: kInvalidArgument with field "journal".
  [[nodiscard]] static Result<JournalCheck> open(const std::vector<std::string>& paths,
                                                 std::size_t max_unmatched = kMaxUnmatched);
  /// To be called before anything below. `reporter` must outlive the object.
  void report_to(Reporter& reporter) noexcept { reporter_ = &reporter; }
  [[nodiscard]] bool given() const noexcept { return !journals_.empty(); }
  /// Whose checkpoints are compared.
  void set_log_key(const Sha256& spki_sha256) { log_key_ = spki_sha256; }

  /// An intent of the log, and an `issued` (with the hash of its intent's TBS), in the log's order.
  void intent(const Sha256& tbs_sha256);
  [[nodiscard]] Result<void> issued(std::uint64_t entry, std::int64_t time_micros, const Sha256& tbs_sha256);
  /// A `crl` of the log, likewise.
  [[nodiscard]] Result<void> crl(std::uint64_t entry, std::int64_t time_micros, const CrlFacts& crl);
  /// Reads what is left and reports what has no counterpart.
  [[nodiscard]] Result<void> finish();

  /// A checkpoint that a journal says the log's key signed.
  struct Head {
    std::uint64_t size = 0;
    Sha256 root{};
    std::string place;
    Time time{};
  };
  /// The one with the smallest size that was not taken yet; nothing at the end.
  [[nodiscard]] Result<std::optional<Head>> peek_head();
  [[nodiscard]] Result<void> take_head();

  [[nodiscard]] std::uint64_t records() const noexcept { return records_; }

 private:
  explicit JournalCheck(std::size_t max_unmatched) : max_unmatched_(max_unmatched) {}
  struct Journal {
    JournalFile certificates;  // read in the order of time, for what is not a checkpoint
    std::optional<JournalFile::Item> ahead;
    bool ended = false;
    bool any = false;
    Time last_time{};
    JournalFile checkpoints;  // read in the order of tree sizes
    std::optional<Head> head;
    bool heads_ended = false;
    std::uint64_t largest = 0;
    std::map<Sha256, log::JournalNumber> crl_numbers = {};  // the highest one of each key
    std::map<log::LastOf, log::JournalRecord> last = {};    // what its repeats have to say
  };
  /// An intent that no record was found for.
  struct Unsigned {
    bool issued = false;
    std::uint64_t entry = 0;
    std::int64_t time_micros = 0;
  };
  struct Signed {
    std::size_t journal = 0;
    std::uint64_t number = 0;  ///< of the record
    Time time{};
    log::JournalNumber serial{};  ///< or the number of a CRL
  };
  /// What a CRL is known by, in the log as in a journal.
  struct SignedCrl {
    Sha256 key{};
    Sha256 tbs{};
    friend auto operator<=>(const SignedCrl&, const SignedCrl&) = default;
  };
  /// A CRL that no record was found for.
  struct LoggedCrl {
    std::uint64_t entry = 0;
    std::int64_t time_micros = 0;
    std::string number;  ///< decimal
  };
  /// A keyholder began again: what it wrote between the two times may be lost.
  struct Gap {
    std::int64_t from_micros = 0;
    std::int64_t to_micros = 0;
    std::optional<std::int64_t> first_lost = {};
  };
  struct HashOf {
    std::size_t operator()(const Sha256& hash) const noexcept { return static_cast<std::size_t>(read_u64(hash)); }
  };

  Result<void> read_all_until(Time until);
  Result<void> read_until(std::size_t index, Time until);
  void take(std::size_t index, const JournalFile::Item& item);
  void take_crl(std::size_t index, const JournalFile::Item& item);
  void check_repeat(std::size_t index, const JournalFile::Item& item);
  Result<void> next_head(Journal& journal);
  bool lost_in_gap(std::int64_t time_micros);
  void report_secret();
  void report_missing();
  void report_secret_crls();
  void report_missing_crls();
  void report_later();
  void compare(const LoggedCrl& logged, const Signed& made);
  void give_up_on_too_many(Time at);
  [[nodiscard]] std::int64_t end_of_journals() const;
  [[nodiscard]] std::string place_of(const Signed& record) const;

  Reporter* reporter_ = nullptr;
  std::vector<Journal> journals_;
  Sha256 log_key_{};
  std::unordered_map<Sha256, Unsigned, HashOf> unsigned_;
  std::unordered_map<Sha256, Signed, HashOf> secret_;
  std::multimap<SignedCrl, LoggedCrl> logged_crls_;  // those that no record was found for yet
  std::multimap<SignedCrl, Signed> crls_;            // those that no entry was found for yet
  std::vector<Gap> gaps_;
  std::size_t max_unmatched_;
  std::uint64_t later_ = 0;       // issued after the last record
  std::uint64_t later_crls_ = 0;  // likewise, CRLs
  std::uint64_t records_ = 0;
  bool given_up_ = false;
};

}  // namespace signet::audit
