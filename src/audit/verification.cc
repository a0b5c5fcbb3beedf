#include "audit/verification.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "base/rng.h"
#include "log/entry_log.h"

namespace signet::audit {
namespace {

constexpr std::size_t kCertificatesAtOnce = 32;
constexpr unsigned kMaxThreads = 256;
constexpr std::size_t kMaxBytesAhead = std::size_t{64} << 20U;  // of entries that are being checked

unsigned threads_of(const VerifyOptions& options) {
  const unsigned wanted = options.threads > 0 ? options.threads : std::thread::hardware_concurrency();
  return std::clamp(wanted, 1U, kMaxThreads);
}

}  // namespace

Verification::Verification(const VerifyOptions& options, Listener& listener, Sources sources,
                           std::unique_ptr<WorkPool> pool, JournalCheck journal)
    : options_(options),
      listener_(listener),
      reporter_(listener, options.findings_per_kind),
      sources_(std::move(sources)),
      pool_(std::move(pool)),
      journal_(std::move(journal)) {
  journal_.report_to(reporter_);
  if (sources_.keys.log) journal_.set_log_key(sources_.keys.log->key().spki_sha256());
  certificates_.emplace(sources_.issuers);
  certificate_results_.emplace(4 * pool_->threads() + 4);
}

Result<Summary> Verification::run(const VerifyOptions& options, Listener& listener) {
  // What grows last is opened first: of a live log, a journal never names more than the entries, nor a checkpoint.
  SIGNET_TRY(JournalCheck journal, JournalCheck::open(options.journals));
  SIGNET_TRY(Sources sources, load_sources(options));
  SIGNET_TRY(std::unique_ptr<WorkPool> pool, WorkPool::make(threads_of(options)));
  Verification verification(options, listener, std::move(sources), std::move(pool), std::move(journal));
  SIGNET_CHECK(verification.open());
  SIGNET_CHECK(verification.read_entries());
  SIGNET_CHECK(verification.finish());
  return std::move(verification.summary_);
}

Result<void> Verification::open() {
  SIGNET_CHECK(system_rng().fill(secret_));
  SIGNET_CHECK(read_newest());
  SIGNET_TRY(stream_, CheckpointStream::open(options_.directory, *pool_, sources_.keys));
  SIGNET_TRY(file_, EntryFile::open(options_.directory));
  derived_.emplace(options_.directory, published_);
  tree_.emplace(*derived_);
  serials_.emplace(file_->size());
  if (sources_.since) {
    const auto text = log::format_note(*sources_.since);
    fixed_.push_back({.checkpoint = check_checkpoint(std::string(text_of(text.value())), "--since", sources_.keys),
                      .root_id = "since-root",
                      .short_id = "log-shorter-than-since"});
  }
  for (Fixed& fixed : fixed_) reporter_.report(std::move(fixed.checkpoint.complaints));
  if (sources_.genesis) check_genesis(*sources_.genesis, sources_, reporter_);
  return {};
}

/// The file `checkpoint`.
Result<void> Verification::read_newest() {
  const auto content = read_regular(options_.directory + "/checkpoint", log::kMaxNoteBytes);
  if (!content.has_value() && content.error().native == ENOENT) return {};
  if (!content.has_value() && content.error().native != 0) return std::unexpected(content.error());
  if (content.has_value()) {
    newest_ = check_checkpoint(std::string(text_of(*content)), "checkpoint", sources_.keys);
  } else {  // a link, a folder, too long
    newest_ = check_checkpoint({}, "checkpoint", sources_.keys);
    newest_->complaints.assign(1, about("checkpoint", "checkpoint-malformed", printable(content.error().message)));
  }
  published_ = newest_->size;
  fixed_.push_back({.checkpoint = *newest_, .root_id = "checkpoint-root", .short_id = "log-shorter-than-checkpoint"});
  return {};
}

Result<void> Verification::read_entries() {
  Pipeline<CheckedBlock> blocks(2 * pool_->threads() + 2);
  for (bool more = true; more || !blocks.empty();) {
    while (more && !blocks.full() && (blocks.empty() || file_->offset() - end_ < kMaxBytesAhead)) {
      SIGNET_TRY(std::optional<Block> block, file_->next());
      more = block.has_value();
      if (!more) break;
      blocks.push(pool_->submit([block = std::move(*block), files = &*derived_, secret = secret_]() mutable {
        return check_block(std::move(block), *files, secret);
      }));
    }
    if (blocks.empty()) break;
    CheckedBlock checked = blocks.pop();
    SIGNET_CHECK(take_block(checked));
    listener_.progress({.bytes = end_, .total_bytes = file_->size(), .entries = entries_});
    if (!torn_) continue;
    while (!blocks.empty()) static_cast<void>(blocks.pop());  // they use what lives here
    break;
  }
  submit_certificates();
  while (!certificate_results_->empty()) collect_certificates();
  return {};
}

Result<bool> Verification::is_torn_at(std::uint64_t offset) {
  if (!content_end_) {
    SIGNET_TRY(content_end_, file_->end_of_content(offset));
  }
  return *content_end_ <= offset + log::kMaxBatchBytes;
}

/// How many entries of the block belong to the log: a frame that is not whole near the end of what was written, and
/// that no checkpoint covers, is where a write was cut off (docs/log-format.md, "Recovery").
Result<std::size_t> Verification::whole_entries(const CheckedBlock& checked) {
  for (std::size_t i = 0; i < checked.leaves.size(); ++i) {
    if (checked.whole[i]) continue;
    const std::uint64_t entry = checked.block.first + i;
    const std::uint64_t offset = checked.block.offset_of(i);
    if (entry >= published_) {
      SIGNET_TRY(torn_, is_torn_at(offset));
      if (torn_) return i;
    }
    reporter_.report(about_entry(entry, "frame-hash",
                                 fmt::format("at byte {} of the file: the frame has the hash {}, its entry {}", offset,
                                             to_hex(checked.block.hash(i)),
                                             to_hex(ByteView(checked.leaves[i]).first(checked.block.hash(i).size())))));
  }
  return checked.leaves.size();
}

Result<void> Verification::take_block(CheckedBlock& checked) {
  SIGNET_TRY(const std::size_t count, whole_entries(checked));
  const std::uint64_t end = checked.block.first + count;
  for (Complaint& complaint : checked.complaints) {
    if (!complaint.entry || *complaint.entry < end) reporter_.report(std::move(complaint));
  }
  summary_.tiles += checked.files;
  checked.leaves.resize(count);
  tree_->begin_block(checked.leaves);
  for (std::size_t i = 0; i < count; ++i) {
    SIGNET_CHECK(take_entry(checked.facts[i], checked.block.first + i));
  }
  entries_ = end;
  end_ = torn_ ? checked.block.offset_of(count) : checked.block.end();
  SIGNET_CHECK(check_roots());
  note_uncovered(checked, count);
  Complaints complaints;
  tree_->end_block(checked.root, complaints);
  reporter_.report(std::move(complaints));
  return {};
}

/// For how long a daemon ran without a checkpoint for its entries. In front of a `start` there was none.
void Verification::note_uncovered(const CheckedBlock& checked, std::size_t count) {
  const std::uint64_t covered = std::max(summary_.covered, checked.block.first);
  if (summary_.covered > checked.block.first) {
    uncovered_time_.reset();
    uncovered_for_ = {};
  }
  for (std::size_t i = static_cast<std::size_t>(covered - checked.block.first); i < count; ++i) {
    const EntryFacts& facts = checked.facts[i];
    if (!facts.has_time) continue;
    if (uncovered_time_ && facts.type != EntryType::kStart && facts.time_micros > *uncovered_time_) {
      uncovered_for_ += std::chrono::microseconds(facts.time_micros - *uncovered_time_);
    }
    uncovered_time_ = facts.time_micros;
  }
}

Result<void> Verification::take_entry(EntryFacts& facts, std::uint64_t entry) {
  Complaints complaints;
  order_.check(facts, entry, complaints);
  if (facts.readable) {
    if (!std::holds_alternative<ClosedFacts>(facts.what)) intents_.pass(facts.type, order_.last_time(), complaints);
    if (auto* intent = std::get_if<IntentFacts>(&facts.what)) {
      serials_->add(intent->serial_key);
      journal_.intent(intent->tbs_sha256);
      intents_.add(facts.has_seq ? facts.seq : entry,
                   {.facts = std::move(*intent), .entry = entry, .time_micros = facts.time_micros}, complaints);
    } else {
      SIGNET_CHECK(take_outcome(facts, entry));
    }
  }
  reporter_.report(std::move(complaints));
  return {};
}

Result<void> Verification::take_outcome(EntryFacts& facts, std::uint64_t entry) {
  Complaints complaints;
  if (const auto* closed = std::get_if<ClosedFacts>(&facts.what)) {
    static_cast<void>(intents_.close(entry, facts.type, closed->intent, closed->serial, closed->issuer, complaints));
  } else if (const auto* crl = std::get_if<CrlFacts>(&facts.what)) {
    SIGNET_CHECK(journal_.crl(entry, facts.time_micros, *crl));
  } else if (auto* issued = std::get_if<IssuedFacts>(&facts.what)) {
    ++summary_.certificates;
    auto intent = intents_.close(entry, facts.type, issued->intent, issued->serial, {}, complaints);
    if (intent) {
      SIGNET_CHECK(journal_.issued(entry, facts.time_micros, intent->facts.tbs_sha256));
      if (!intent->facts.tbs.empty()) {
        queue_certificate({.entry = entry, .intent = std::move(intent->facts), .issued = std::move(*issued)});
      } else {
        complaints.push_back(about_entry(entry, "certificate-not-rebuilt",
                                         fmt::format("the intent in entry {} has no TBS that can be read: what was "
                                                     "issued is not known",
                                                     intent->entry)));
      }
    }
  }
  reporter_.report(std::move(complaints));
  return {};
}

void Verification::queue_certificate(CertificateJob job) {
  jobs_.push_back(std::move(job));
  if (jobs_.size() == kCertificatesAtOnce) submit_certificates();
}

void Verification::submit_certificates() {
  if (jobs_.empty()) return;
  while (certificate_results_->full()) collect_certificates();
  certificate_results_->push(
      pool_->submit([jobs = std::exchange(jobs_, {}), check = &*certificates_] { return check->check(jobs); }));
}

void Verification::collect_certificates() {
  CertificateResult result = certificate_results_->pop();
  summary_.certificates_rebuilt += result.rebuilt;
  summary_.certificates_verified += result.verified;
  reporter_.report(std::move(result.complaints));
}

bool Verification::has_right_root(const CheckedCheckpoint& checkpoint, std::string_view id) {
  const Sha256 root = tree_->root_at(checkpoint.size);
  if (root != checkpoint.root) {
    reporter_.report(about(checkpoint.place, id,
                           fmt::format("the root of the first {} entries is {}; the checkpoint says {}",
                                       checkpoint.size, to_hex(root), to_hex(checkpoint.root))));
    return false;
  }
  for (const Cosigned& cosigned : checkpoint.cosigned) {
    cosigners_.insert(cosigned.witness);
    if (cosigned.time < cosigned_at_ || checkpoint.size < cosigned_size_) continue;
    cosigned_at_ = cosigned.time;
    cosigned_size_ = checkpoint.size;
    summary_.newest_cosignature = fmt::format("{} at {}, {} entries", printable(cosigned.witness),
                                              to_rfc3339(Time(cosigned.time)), checkpoint.size);
    anchor(checkpoint.size, "cosignature of " + summary_.newest_cosignature);
  }
  if (sources_.keys.log) summary_.covered = std::max(summary_.covered, checkpoint.size);
  return true;
}

void Verification::anchor(std::uint64_t size, std::string by) {
  if (summary_.anchor && summary_.anchor->size >= size) return;
  summary_.anchor = Anchor{.size = size, .by = std::move(by)};
}

/// Everything that was signed about a tree of up to so many entries as there are now.
Result<void> Verification::check_roots() {
  for (Fixed& fixed : fixed_) {
    const CheckedCheckpoint& checkpoint = fixed.checkpoint;
    if (fixed.done || !checkpoint.readable || checkpoint.size > tree_->size()) continue;
    fixed.done = true;
    if (checkpoint.by_log && has_right_root(checkpoint, fixed.root_id) && fixed.root_id == "since-root") {
      anchor(checkpoint.size, "the checkpoint given with --since");
    }
  }
  while (true) {
    SIGNET_TRY(CheckedCheckpoint* const next, stream_->peek());
    if (next == nullptr || (next->readable && next->by_log && next->size > tree_->size())) break;
    SIGNET_CHECK(take_checkpoint(*next));
    stream_->next();
  }
  return take_heads(tree_->size());
}

/// Whether one of the file `checkpoints` is that in `checkpoint`.
void Verification::note_kept(const CheckedCheckpoint& checkpoint) {
  if (!newest_ || !newest_->readable || checkpoint.size != newest_->size || checkpoint.root != newest_->root) return;
  newest_kept_ = true;
  kept_behind_newest_ = 0;
}

Result<void> Verification::take_checkpoint(const CheckedCheckpoint& checkpoint) {
  ++summary_.checkpoints;
  reporter_.report(checkpoint.complaints);
  if (newest_kept_) ++kept_behind_newest_;
  // What the log's key did not sign has been complained about; nothing else follows from it.
  if (!checkpoint.readable || !checkpoint.by_log) return {};
  note_kept(checkpoint);
  if (checkpoint.size < last_size_) {
    reporter_.report(
        about(checkpoint.place, "checkpoint-size",
              fmt::format("is of {} entries, the one before of {}: sizes do not fall", checkpoint.size, last_size_)));
    return {};
  }
  last_size_ = checkpoint.size;
  SIGNET_CHECK(compare_with_journal(checkpoint));
  if (has_right_root(checkpoint, "checkpoint-root") && sources_.keys.log) ++summary_.checkpoints_verified;
  return {};
}

/// A keyholder writes a checkpoint down before it signs it.
Result<void> Verification::compare_with_journal(const CheckedCheckpoint& checkpoint) {
  SIGNET_CHECK(take_heads(checkpoint.size));
  if (!first_head_ || *first_head_ > checkpoint.size || last_head_ == checkpoint.size) return {};
  SIGNET_TRY(const auto later, journal_.peek_head());
  if (!later) return {};  // signed after the journal was copied
  reporter_.report(about(checkpoint.place, "checkpoint-not-in-journal",
                         fmt::format("no journal has a record of this checkpoint, of {} entries", checkpoint.size)));
  return {};
}

Result<void> Verification::take_heads(std::uint64_t up_to) {
  while (true) {
    SIGNET_TRY(const auto head, journal_.peek_head());
    if (!head || head->size > up_to) return {};
    SIGNET_CHECK(journal_.take_head());
    if (!first_head_) first_head_ = head->size;
    last_head_ = head->size;
    const Sha256 root = tree_->root_at(head->size);
    if (root == head->root) {
      anchor(head->size, fmt::format("the journal ({}, of {})", head->place, to_rfc3339(head->time)));
      continue;
    }
    reporter_.report(about(head->place, "journal-checkpoint-root",
                           fmt::format("the root of the first {} entries is {}; the journal says that {} was signed",
                                       head->size, to_hex(root), to_hex(head->root))));
  }
}

Result<Summary> verify(const VerifyOptions& options, Listener& listener) {
  try {
    return Verification::run(options, listener);
  } catch (const std::exception& error) {
    return fail(ErrorCode::kInternal, std::string("the verification broke off: ") + error.what());
  }
}

}  // namespace signet::audit
