#include "audit/journal_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "x509/crl_number.h"

namespace signet::audit {
namespace {

constexpr std::size_t kMaxGaps = 100'000;

std::string decimal(const log::JournalNumber& number) {
  const auto read = CrlNumber::from_padded(number);
  return read.has_value() ? read->decimal() : "0x" + to_hex(number);
}

/// For whoever has to revoke it. An older keyholder noted none.
std::string serial_text(const log::JournalNumber& serial) {
  if (serial == log::JournalNumber{}) return "";
  const auto begin = std::ranges::find_if(serial, [](std::uint8_t byte) { return byte != 0; });
  return fmt::format(", with the serial number {},", to_hex(ByteView(begin, serial.end())));
}

/// What a record that is remembered says, or a repeat of it, without the time and without which of the two it is.
std::string what_it_says(const log::JournalRecord& record) {
  if (record.structure == Sha256{}) return "none";
  const std::string hash = to_hex(record.structure);
  if (log::signed_kind(record.kind) == log::JournalKind::kCrl)
    return fmt::format("the CRL of number {} with the SHA-256 {}", decimal(record.number), hash);
  return fmt::format("the tree of {} entries with root {} and the checkpoint's SHA-256 {}", record.size,
                     to_hex(record.root), hash);
}

}  // namespace

Result<JournalCheck> JournalCheck::open(const std::vector<std::string>& paths, std::size_t max_unmatched) {
  JournalCheck check(max_unmatched);
  for (const std::string& path : paths) {
    SIGNET_TRY(JournalFile certificates, JournalFile::open(path));
    SIGNET_TRY(JournalFile checkpoints, certificates.again());
    check.journals_.push_back(
        {.certificates = std::move(certificates), .ahead = {}, .checkpoints = std::move(checkpoints), .head = {}});
  }
  return check;
}

std::string JournalCheck::place_of(const Signed& record) const {
  return journals_[record.journal].certificates.place(record.number);
}

void JournalCheck::intent(const Sha256& tbs_sha256) {
  if (!given() || given_up_) return;
  // Signed already: the log's clock stood ahead of the keyholder's, or two intents have one TBS.
  if (secret_.erase(tbs_sha256) > 0) return;
  unsigned_.try_emplace(tbs_sha256);
}

Result<void> JournalCheck::issued(std::uint64_t entry, std::int64_t time_micros, const Sha256& tbs_sha256) {
  if (!given() || given_up_) return {};
  if (const auto waiting = unsigned_.find(tbs_sha256); waiting != unsigned_.end()) {
    waiting->second = {.issued = true, .entry = entry, .time_micros = time_micros};
  }
  const Time time{std::chrono::microseconds(time_micros)};
  SIGNET_CHECK(read_all_until(time));
  if (time_micros > end_of_journals()) later_ += unsigned_.erase(tbs_sha256);  // no record can come any more
  give_up_on_too_many(time);
  return {};
}

/// A record and an entry are one pair, and neither is kept once they have met: a CRL that the log has twice, under
/// whatever number, has no record the second time.
Result<void> JournalCheck::crl(std::uint64_t entry, std::int64_t time_micros, const CrlFacts& crl) {
  if (!given() || given_up_) return {};
  const Time time{std::chrono::microseconds(time_micros)};
  SIGNET_CHECK(read_all_until(time));
  if (given_up_) return {};
  const SignedCrl what{.key = crl.spki_sha256, .tbs = crl.tbs_sha256};
  const LoggedCrl logged{.entry = entry, .time_micros = time_micros, .number = crl.number};
  if (const auto made = crls_.find(what); made != crls_.end()) {
    compare(logged, made->second);
    crls_.erase(made);
  } else if (time_micros > end_of_journals()) {
    ++later_crls_;
  } else {
    logged_crls_.emplace(what, logged);
    give_up_on_too_many(time);
  }
  return {};
}

void JournalCheck::compare(const LoggedCrl& logged, const Signed& made) {
  const std::string number = decimal(made.serial);
  if (logged.number == number) return;
  reporter_->report(about(place_of(made), "crl-other-number",
                          fmt::format("the CRL that the log calls number {}, in entry {}, was signed as number {}",
                                      printable(logged.number), logged.entry, number)));
}

/// Whoever has the journals of another log, or one made up to fill the memory.
void JournalCheck::give_up_on_too_many(Time at) {
  const auto most = std::max({unsigned_.size(), secret_.size(), logged_crls_.size(), crls_.size()});
  if (given_up_ || most <= max_unmatched_) return;
  given_up_ = true;
  reporter_->report(
      about("journal", "journal-unreconciled",
            fmt::format("up to {}, {} intents and {} CRLs of the log have no record, and {} records of "
                        "certificates and {} of CRLs have no entry: these journals are not of this log",
                        to_rfc3339(at), unsigned_.size(), logged_crls_.size(), secret_.size(), crls_.size())));
  unsigned_.clear();
  secret_.clear();
  logged_crls_.clear();
  crls_.clear();
}

/// Of the last record of all; the end of time while one is still to be read.
std::int64_t JournalCheck::end_of_journals() const {
  Time end{};
  for (const Journal& journal : journals_) {
    if (!journal.ended) return Time::max().time_since_epoch().count();
    end = std::max(end, journal.last_time);
  }
  return end.time_since_epoch().count();
}

Result<void> JournalCheck::read_all_until(Time until) {
  for (std::size_t i = 0; i < journals_.size(); ++i) SIGNET_CHECK(read_until(i, until));
  return {};
}

Result<void> JournalCheck::read_until(std::size_t index, Time until) {
  Journal& journal = journals_[index];
  while (!journal.ended) {
    if (!journal.ahead) {
      SIGNET_TRY(journal.ahead, journal.certificates.next());
      journal.ended = !journal.ahead.has_value();
      if (journal.ended) break;
      ++records_;
      reporter_->report(std::move(journal.ahead->complaints));
    }
    if (journal.ahead->record.time > until) break;
    if (journal.ahead->usable) take(index, *journal.ahead);
    give_up_on_too_many(journal.ahead->record.time);
    journal.ahead.reset();
  }
  return {};
}

void JournalCheck::take(std::size_t index, const JournalFile::Item& item) {
  Journal& journal = journals_[index];
  const log::JournalRecord& record = item.record;
  if (record.kind == log::JournalKind::kStart && journal.any && gaps_.size() < kMaxGaps) {
    gaps_.push_back({.from_micros = journal.last_time.time_since_epoch().count(),
                     .to_micros = record.time.time_since_epoch().count()});
  }
  journal.any = true;
  journal.last_time = std::max(journal.last_time, record.time);
  if (log::is_repeat(record.kind)) return check_repeat(index, item);
  if (record.kind == log::JournalKind::kCrl) take_crl(index, item);
  // No token has so many keys; of a journal made up to fill the memory nothing more is known, which is a finding, too.
  if (log::is_remembered(record.kind) && journal.last.size() < kMaxUnmatched)
    journal.last.insert_or_assign({record.key, record.kind}, record);
  if (!log::is_certificate(record.kind) || given_up_) return;
  if (unsigned_.erase(record.structure) > 0) return;
  secret_.try_emplace(record.structure,
                      Signed{.journal = index, .number = item.number, .time = record.time, .serial = record.number});
}

/// A keyholder signs no number that is not above the last one it remembers.
void JournalCheck::take_crl(std::size_t index, const JournalFile::Item& item) {
  if (given_up_) return;
  const log::JournalRecord& record = item.record;
  const Signed made{.journal = index, .number = item.number, .time = record.time, .serial = record.number};
  const SignedCrl what{.key = record.key, .tbs = record.structure};
  const auto [begin, end] = logged_crls_.equal_range(what);
  if (begin == end) {
    crls_.emplace(what, made);
  } else {  // the log's clock stood behind the keyholder's
    const auto same = std::find_if(
        begin, end, [number = decimal(record.number)](const auto& logged) { return logged.second.number == number; });
    const auto logged = same == end ? begin : same;
    compare(logged->second, made);
    logged_crls_.erase(logged);
  }
  const auto [last, is_first] = journals_[index].crl_numbers.try_emplace(record.key, record.number);
  if (!is_first && record.number <= last->second) {
    reporter_->report(about(place_of(made), "journal-crl-number",
                            fmt::format("the key {} signed the CRL of number {} after that of {}", to_hex(record.key),
                                        decimal(record.number), decimal(last->second))));
  }
  last->second = std::max(last->second, record.number);
}

/// A keyholder believes the newest repeat: one that says something else makes it forget.
void JournalCheck::check_repeat(std::size_t index, const JournalFile::Item& item) {
  const log::JournalRecord& repeat = item.record;
  const auto& last = journals_[index].last;
  const auto found = last.find({repeat.key, log::signed_kind(repeat.kind)});
  const std::string was = what_it_says(found == last.end() ? log::JournalRecord{} : found->second);
  const std::string says = what_it_says(repeat);
  if (says == was) return;
  const bool of_crls = repeat.kind == log::JournalKind::kLastCrl;
  reporter_->report(about(journals_[index].certificates.place(item.number), "journal-repeat",
                          fmt::format("says that the last {} of the key {} is {}; in front of it the last is {}",
                                      of_crls ? "CRL" : "checkpoint", to_hex(repeat.key), says, was)));
}

Result<void> JournalCheck::finish() {
  SIGNET_CHECK(read_all_until(Time::max()));
  for (const Journal& journal : journals_) {
    if (const std::uint64_t rest = journal.certificates.rest_bytes(); rest > 0) {
      reporter_->note(about(printable(journal.certificates.path()), "journal-torn",
                            fmt::format("ends with {} bytes of a record that was cut off", rest)));
    }
  }
  report_secret();
  report_missing();
  report_secret_crls();
  report_missing_crls();
  report_later();
  return {};
}

void JournalCheck::report_secret_crls() {
  std::vector<std::pair<Signed, SignedCrl>> records;
  for (const auto& [crl, made] : crls_) records.emplace_back(made, crl);
  std::ranges::sort(records, {}, [](const auto& each) { return std::pair(each.first.journal, each.first.number); });
  for (const auto& [made, crl] : records) {
    reporter_->report(
        about(place_of(made), "crl-signed-in-secret",
              fmt::format("at {} the key {} signed the CRL of number {} whose TBSCertList has the "
                          "SHA-256 {}, which the log does not have, or it was signed twice",
                          to_rfc3339(made.time), to_hex(crl.key), decimal(made.serial), to_hex(crl.tbs))));
  }
}

/// A keyholder writes a CRL down, and syncs, before it signs it: no crash takes its record.
void JournalCheck::report_missing_crls() {
  std::vector<std::pair<LoggedCrl, SignedCrl>> missing;
  for (const auto& [crl, logged] : logged_crls_) missing.emplace_back(logged, crl);
  std::ranges::sort(missing, {}, [](const auto& each) { return each.first.entry; });
  const std::int64_t end = end_of_journals();
  for (const auto& [logged, crl] : missing) {
    if (logged.time_micros > end) {
      ++later_crls_;
      continue;
    }
    reporter_->report(about_entry(logged.entry, "crl-not-in-journal",
                                  fmt::format("no journal has a record of the CRL of number {}, by the key {}, whose "
                                              "TBSCertList has the SHA-256 {}; or the log has this CRL more than once",
                                              printable(logged.number), to_hex(crl.key), to_hex(crl.tbs))));
  }
}

void JournalCheck::report_secret() {
  std::vector<std::pair<Signed, Sha256>> records;
  for (const auto& [hash, record] : secret_) records.emplace_back(record, hash);
  std::ranges::sort(records, {}, [](const auto& each) { return std::pair(each.first.journal, each.first.number); });
  for (const auto& [record, hash] : records) {
    reporter_->report(about(place_of(record), "signed-in-secret",
                            fmt::format("at {} a certificate{} was signed whose TBS has the SHA-256 {}: no intent of "
                                        "the log has it, or it was signed twice",
                                        to_rfc3339(record.time), serial_text(record.serial), to_hex(hash))));
  }
}

/// Whether a record of that time fits what a keyholder that ended badly could lose.
bool JournalCheck::lost_in_gap(std::int64_t time_micros) {
  for (Gap& gap : gaps_) {
    if (time_micros < gap.from_micros || time_micros > gap.to_micros) continue;
    if (!gap.first_lost) gap.first_lost = time_micros;
    if (time_micros - *gap.first_lost <= std::chrono::microseconds(kLostSpan).count()) return true;
  }
  return false;
}

void JournalCheck::report_missing() {
  std::vector<Unsigned> missing;
  for (const auto& [hash, intent] : unsigned_) {
    if (intent.issued) missing.push_back(intent);
  }
  std::ranges::sort(missing, {}, &Unsigned::entry);
  const std::int64_t end = end_of_journals();
  std::uint64_t lost = 0;
  for (const Unsigned& intent : missing) {
    if (intent.time_micros > end) {
      ++later_;
    } else if (lost_in_gap(intent.time_micros)) {
      ++lost;
    } else {
      reporter_->report(about_entry(intent.entry, "issued-not-in-journal",
                                    "no journal has a record of this signature, and it fits no restart of a "
                                    "keyholder"));
    }
  }
  if (lost > 0) {
    reporter_->note(about("journal", "journal-lost",
                          fmt::format("{} certificates have no record and fit the last second before a keyholder "
                                      "started again",
                                      lost)));
  }
}

void JournalCheck::report_later() {
  if (later_ + later_crls_ == 0) return;
  reporter_->note(
      about("journal", "journal-ends-earlier",
            fmt::format("{} certificates and {} CRLs were issued after the last record, of {}: not "
                        "reconciled",
                        later_, later_crls_, to_rfc3339(Time(std::chrono::microseconds(end_of_journals()))))));
}

Result<void> JournalCheck::next_head(Journal& journal) {
  while (!journal.head && !journal.heads_ended) {
    SIGNET_TRY(const std::optional<JournalFile::Item> item, journal.checkpoints.next());
    journal.heads_ended = !item.has_value();
    if (!item || !item->usable || item->record.kind != log::JournalKind::kLogCheckpoint ||
        item->record.key != log_key_) {
      continue;
    }
    Head head{.size = item->record.size,
              .root = item->record.root,
              .place = journal.checkpoints.place(item->number),
              .time = item->record.time};
    if (head.size < journal.largest) {
      reporter_->report(
          about(head.place, "journal-checkpoint-size",
                fmt::format("the log's key signed a tree of {} entries after one of {}", head.size, journal.largest)));
      continue;
    }
    journal.largest = head.size;
    journal.head = std::move(head);
  }
  return {};
}

Result<std::optional<JournalCheck::Head>> JournalCheck::peek_head() {
  const Journal* first = nullptr;
  for (Journal& journal : journals_) {
    SIGNET_CHECK(next_head(journal));
    if (journal.head && (first == nullptr || journal.head->size < first->head->size)) first = &journal;
  }
  if (first == nullptr) return std::nullopt;
  return first->head;
}

Result<void> JournalCheck::take_head() {
  SIGNET_TRY(const std::optional<Head> head, peek_head());
  for (Journal& journal : journals_) {
    if (!head || !journal.head || journal.head->place != head->place) continue;
    journal.head.reset();
    break;
  }
  return {};
}

}  // namespace signet::audit
