#include "keyholder/memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ranges>
#include <vector>

#include "base/ops_log.h"

namespace signet {
namespace {

constexpr std::chrono::seconds kBetweenReports{5};

/// Says that a journal is read for long: whole, for what it holds no repeat of (log/journal.h).
class LongRead {
 public:
  LongRead(const std::string& token, const Clock& clock, const std::function<void()>& still_reading)
      : token_(token),
        clock_(clock),
        still_reading_(still_reading),
        next_report_(clock.monotonic() + kBetweenReports) {}

  void go_on(std::uint64_t read, std::uint64_t records) {
    still_reading_();
    if (clock_.monotonic() < next_report_) return;
    next_report_ = clock_.monotonic() + kBetweenReports;
    ops::info(
        "still reading the journal back, for a key that signs the log or CRLs and was not asked for before; once "
        "done, this is not needed again",
        {{"token", token_}, {"read", std::to_string(read)}, {"records", std::to_string(records)}});
  }

 private:
  const std::string& token_;
  const Clock& clock_;
  const std::function<void()>& still_reading_;
  std::chrono::microseconds next_report_;
};

/// What each key may only be asked for in one order.
std::vector<log::LastOf> remembered_of(const OpenToken& token) {
  std::vector<log::LastOf> last;
  for (const auto& [name, key] : token.keys) {
    if (!key.origin.empty()) last.push_back({key.spki_sha256, log::JournalKind::kLogCheckpoint});
    if (key.rules.may_sign.contains(ArtifactKind::kCrl)) last.push_back({key.spki_sha256, log::JournalKind::kCrl});
  }
  return last;
}

Result<std::unique_ptr<log::Journal>> open_journal(const std::string& directory, const OpenToken& token,
                                                   const Clock& clock, const std::function<void()>& still_reading) {
  SIGNET_CHECK(make_directory(directory_of(directory), 0700));
  SIGNET_CHECK(make_directory(directory, 0700));
  LongRead report(token.name, clock, still_reading);
  return log::Journal::open(
      directory + "/journal",
      {.last = remembered_of(token),
       .certificates_in = kRememberedSerials,
       .progress = [&](std::uint64_t read, std::uint64_t records) { report.go_on(read, records); }},
      clock);
}

/// One key, one purpose: who verifies the log and who verifies certificates must never be shown one for the other.
Result<void> check_log_keys(const OpenToken& token) {
  for (const auto& [name, key] : token.keys) {
    if (key.certificate) continue;
    for (const auto& [other_name, other] : token.keys) {
      if (!other.certificate || other.spki_sha256 != key.spki_sha256) continue;
      const std::string part = fmt::format("key.{}.uri", name);
      return fail(ErrorCode::kFailedPrecondition,
                  fmt::format("{} is the key of key.{}, too; give the log a key of its own", part, other_name), part);
    }
  }
  return {};
}

/// Serial numbers are positive, and a zero in front is DER's only.
log::JournalNumber journal_number(const SerialNumber& serial) {
  log::JournalNumber number{};
  std::ranges::copy(serial.bytes(), number.end() - static_cast<std::ptrdiff_t>(serial.bytes().size()));
  return number;
}

}  // namespace

Memory::Memory(std::unique_ptr<log::Journal> journal) : journal_(std::move(journal)) {
  const std::vector<log::JournalRecord> newest_first = journal_->take_certificates();
  for (const auto& record : newest_first | std::views::reverse) {
    // What an older version signed twice is remembered once.
    static_cast<void>(serials_.add(record.key, record.number));
  }
}

Result<std::unique_ptr<Memory>> Memory::open(const StateConfig& state, const OpenToken& token, const Clock& clock,
                                             const std::function<void()>& still_reading) {
  SIGNET_CHECK(check_log_keys(token));
  auto journal = open_journal(state.keyholder_directory(token.name), token, clock, still_reading);
  if (journal.has_value()) return std::unique_ptr<Memory>(new Memory(*std::move(journal)));
  Error error = std::move(journal).error();
  error.message = fmt::format("token.{}: the keyholder's journal: {}", token.name, error.message);
  error.field = "state.directory";
  return std::unexpected(std::move(error));
}

std::optional<log::TreeHead> Memory::last_checkpoint(const HeldKey& key) const {
  return journal_->last_checkpoint(key.spki_sha256);
}

std::optional<CrlNumber> Memory::last_crl_number(const HeldKey& key) const {
  const auto number = journal_->last_crl_number(key.spki_sha256);
  if (!number) return {};
  auto read = CrlNumber::from_padded(*number);
  // Nobody writes another one. Were one there, no CRL would be signed any more, which is safe.
  return read.has_value() ? *read : CrlNumber::highest();
}

Result<void> Memory::note_certificate(const HeldKey& key, log::JournalKind kind, ByteView structure,
                                      const SerialNumber& serial) {
  const log::JournalNumber number = journal_number(serial);
  {
    const std::scoped_lock lock(serials_mutex_);
    if (!serials_.add(key.spki_sha256, number)) {
      return fail(ErrorCode::kAlreadyExists,
                  fmt::format("the keyholder's fence refuses: this key signed a certificate with serial number {} "
                              "before; another certificate needs another number",
                              serial.hex()),
                  "fence.serial");
    }
  }
  return watch(journal_->append_numbered(kind, key.spki_sha256, sha256(structure), number));
}

Result<void> Memory::note_checkpoint(const HeldKey& key, ByteView structure, const log::TreeHead& head) {
  return watch(journal_->append(log::JournalKind::kLogCheckpoint, key.spki_sha256, sha256(structure), head));
}

Result<void> Memory::note_crl(const HeldKey& key, ByteView structure, const CrlNumber& number) {
  return watch(journal_->append_numbered(log::JournalKind::kCrl, key.spki_sha256, sha256(structure), number.padded()));
}

Result<void> Memory::note_ocsp_response(const HeldKey& key, ByteView structure) {
  return watch(journal_->append(log::JournalKind::kOcspResponse, key.spki_sha256, sha256(structure)));
}

Result<void> Memory::sync() { return watch(journal_->sync()); }

/// The request may succeed once the process was started again, with another descriptor of the file.
Result<void> Memory::watch(Result<void> done) {
  if (done.has_value()) return done;
  Error error = std::move(done).error();
  error.code = ErrorCode::kUnavailable;
  error.message = "the keyholder cannot note what it is about to sign, so it signs nothing: " + error.message;
  error.retryable = true;
  error.retry_after = std::chrono::seconds(1);
  const std::scoped_lock lock(health_mutex_);
  if (health_.has_value()) health_ = std::unexpected(error);
  return std::unexpected(std::move(error));
}

Result<void> Memory::health() const {
  const std::scoped_lock lock(health_mutex_);
  return health_;
}

}  // namespace signet
