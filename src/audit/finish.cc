// What can be said once all entries were read.
#include <fmt/format.h>

#include <algorithm>

#include "audit/verification.h"
#include "base/clock.h"
#include "log/entry_log.h"

namespace signet::audit {
namespace {

/// No signature takes longer (issue.sign_deadline is at most a minute), and a start closes what it finds open at once:
/// an intent that waits longer gets no outcome any more.
constexpr std::chrono::microseconds kLongestOpen = std::chrono::minutes(2);

/// A daemon whose log key is away goes on issuing for log.checkpoint_patience, which is at most 24 hours.
constexpr std::chrono::hours kLongestUncovered{25};

std::string time_text(std::int64_t micros) { return to_rfc3339(Time(std::chrono::microseconds(micros))); }

}  // namespace

Verification::~Verification() { pool_.reset(); }  // its jobs use what else is here

Result<void> Verification::finish() {
  if (entries_ == 0) {
    tree_->begin_block({});
    SIGNET_CHECK(check_roots());
  }
  Complaints complaints;
  tree_->finish(complaints);
  reporter_.report(std::move(complaints));
  summary_.tiles += tree_->files();
  SIGNET_CHECK(check_tail());
  SIGNET_CHECK(check_beyond_end());
  check_kept();
  derived_->check_names(entries_, [this](Complaint complaint) { reporter_.report(std::move(complaint)); });
  check_open_intents();
  check_covered();
  SIGNET_CHECK(check_serials());
  SIGNET_CHECK(journal_.finish());
  note_what_was_not_checked();
  summarize();
  return {};
}

/// Behind the last whole frame there are zeros, or the rest of a write that was cut off.
Result<void> Verification::check_tail() {
  SIGNET_TRY(const std::uint64_t content, file_->end_of_content(end_));
  const std::uint64_t rest = content - end_;
  if (rest == 0) return {};
  Complaint complaint =
      about(fmt::format("entries, byte {}", end_), "entries-torn",
            fmt::format("{} bytes behind entry {} are no whole frame: a write that was cut off, or is "
                        "still going on",
                        rest, static_cast<std::int64_t>(entries_) - 1));
  if (rest <= log::kMaxBatchBytes) {
    reporter_.note(std::move(complaint));
    return {};
  }
  complaint.id = "entries-damaged";
  complaint.message = fmt::format(
      "what stands here is no frame, and {} bytes follow: more than a write that was cut "
      "off can leave ({})",
      rest, log::kMaxBatchBytes);
  reporter_.report(std::move(complaint));
  return {};
}

/// Whatever was signed about more entries than there are.
Result<void> Verification::check_beyond_end() {
  const auto too_short = [this](const std::string& place, std::string_view id, std::uint64_t size) {
    reporter_.report(
        about(place, id,
              fmt::format("was signed for {} entries; the log has {}, which end at byte {}", size, entries_, end_)));
  };
  for (const Fixed& fixed : fixed_) {
    if (fixed.done || !fixed.checkpoint.readable || !fixed.checkpoint.by_log) continue;
    too_short(fixed.checkpoint.place, fixed.short_id, fixed.checkpoint.size);
  }
  while (true) {
    SIGNET_TRY(CheckedCheckpoint* const next, stream_->peek());
    if (next == nullptr) break;
    if (next->readable && next->by_log && next->size > entries_ && next->size >= last_size_) {
      too_short(next->place, "log-shorter-than-checkpoint", next->size);
      last_size_ = next->size;
      ++summary_.checkpoints;
      note_kept(*next);
    } else {
      SIGNET_CHECK(take_checkpoint(*next));
    }
    stream_->next();
  }
  while (true) {
    SIGNET_TRY(const auto head, journal_.peek_head());
    if (!head) return {};
    too_short(head->place, "log-shorter-than-journal", head->size);
    SIGNET_CHECK(journal_.take_head());
  }
}

/// Behind the last whole note of `checkpoints` there is at most the rest of one that was cut off.
void Verification::check_rest_of_checkpoints() {
  const std::uint64_t rest = stream_->rest_bytes();
  if (rest == 0) return;
  const std::string place = fmt::format("checkpoints, byte {}", stream_->end());
  if (rest <= log::kMaxNoteBytes) {
    reporter_.note(about(place, "checkpoints-torn", fmt::format("{} bytes at the end are no whole note", rest)));
    return;
  }
  reporter_.report(about(place, "checkpoints-damaged",
                         fmt::format("no note begins here, and {} bytes follow that were not read: more than a write "
                                     "that was cut off can leave ({})",
                                     rest, log::kMaxNoteBytes)));
}

/// The files `checkpoint` and `checkpoints` belong together.
void Verification::check_kept() {
  check_rest_of_checkpoints();
  if (!newest_) {
    if (summary_.checkpoints > 0) {
      reporter_.report(about("checkpoint", "checkpoint-missing", "the newest checkpoint is missing"));
    } else if (entries_ > 0) {
      reporter_.report(about("checkpoint", "no-checkpoint", "there is none: nothing is signed for these entries"));
    }
    return;
  }
  if (!newest_->readable || !newest_->by_log) return;
  if (!newest_kept_) {
    // It is appended there and synced before `checkpoint` is replaced.
    reporter_.report(about("checkpoint", "checkpoint-not-kept",
                           fmt::format("of {} entries, is not among those in the file checkpoints", newest_->size)));
  } else if (newest_kept_ && kept_behind_newest_ > 0) {
    reporter_.note(about("checkpoint", "checkpoint-behind",
                         fmt::format("{} newer ones stand in the file checkpoints", kept_behind_newest_)));
    if (last_size_ <= entries_) {
      derived_->check_present(published_, last_size_,
                              [this](Complaint complaint) { reporter_.report(std::move(complaint)); });
    }
  }
}

/// What no verified checkpoint covers is signed by nobody. For a while that is so in every log.
void Verification::check_covered() {
  if (summary_.covered >= entries_) return;
  Complaint complaint = about_entry(
      summary_.covered, "not-covered",
      fmt::format("{} entries from here on are under no verified checkpoint: nothing is signed for them yet",
                  entries_ - summary_.covered));
  if (!sources_.keys.log || uncovered_for_ <= kLongestUncovered) {
    reporter_.note(std::move(complaint));
    return;
  }
  complaint.message += fmt::format(
      ", and while they were written a daemon ran for {}; it goes without a checkpoint for {} at most",
      format_duration(std::chrono::floor<std::chrono::seconds>(uncovered_for_)), format_duration(kLongestUncovered));
  reporter_.report(std::move(complaint));
}

void Verification::check_open_intents() {
  std::uint64_t at_end = 0;
  std::uint64_t at_start = 0;
  std::uint64_t first = 0;
  for (const auto& [seq, intent] : intents_.open()) {
    if (intent.complained) continue;
    if (order_.sealed() || order_.last_time() - intent.waits_since > kLongestOpen.count()) {
      reporter_.report(about_entry(
          intent.entry, "intent-open",
          fmt::format("this intent, of {}, has no outcome, and the log {} {}", time_text(intent.time_micros),
                      order_.sealed() ? "is sealed, by" : "goes on until", time_text(order_.last_time()))));
    } else if (intent.survived_start) {
      ++at_start;
    } else if (at_end++ == 0) {
      first = intent.entry;
    }
  }
  if (at_end > 0) {
    reporter_.note(about_entry(first, "intents-open",
                               fmt::format("{} intents near the end, this one first, have no outcome yet", at_end)));
  }
  if (at_start > 0) {
    reporter_.note(
        about("entries", "intents-open-at-start",
              fmt::format("{} intents are open that a start has still to close; the log ends before", at_start)));
  }
}

namespace {

struct Candidate {
  SerialKey key;
  std::uint64_t entry;
  std::string serial;
};

std::vector<Candidate> candidates_in(const Block& block, const Serials& serials, const Sha256& secret) {
  std::vector<Candidate> found;
  Complaints ignored;
  for (std::size_t i = 0; i < block.frames.size(); ++i) {
    const EntryFacts facts = read_entry(block.entry(i), block.first + i, secret, ignored);
    const auto* const intent = std::get_if<IntentFacts>(&facts.what);
    if (intent == nullptr || !serials.is_candidate(intent->serial_key)) continue;
    found.push_back({.key = intent->serial_key, .entry = block.first + i, .serial = to_hex(intent->serial)});
  }
  return found;
}

}  // namespace

Result<void> Verification::check_serials() {
  if (!serials_->needs_second_pass()) return {};
  SIGNET_TRY(EntryFile again, EntryFile::open(options_.directory));
  Pipeline<std::vector<Candidate>> blocks(2 * pool_->threads() + 2);
  for (bool more = true; more || !blocks.empty();) {
    while (more && !blocks.full()) {
      SIGNET_TRY(std::optional<Block> block, again.next());
      more = block.has_value() && block->first < entries_;
      if (!more) break;
      blocks.push(pool_->submit([block = std::move(*block), serials = &*serials_, secret = secret_] {
        return candidates_in(block, *serials, secret);
      }));
    }
    if (blocks.empty()) break;
    // The pool reads what is only changed here: which keys are candidates does not change any more.
    for (const Candidate& candidate : blocks.pop()) check_candidate(candidate.key, candidate.entry, candidate.serial);
  }
  return {};
}

void Verification::check_candidate(const SerialKey& key, std::uint64_t entry, const std::string& serial) {
  if (entry >= entries_) return;
  if (const auto first = serials_->first_use(key, entry)) {
    reporter_.report(about_entry(entry, "serial-reused",
                                 fmt::format("the serial {} is that of the intent in entry {} already, of the same "
                                             "issuer",
                                             serial, *first)));
  }
}

void Verification::note_what_was_not_checked() {
  const auto note = [this](std::string_view id, std::string message) {
    reporter_.note(about("verification", id, std::move(message)));
  };
  if (!sources_.keys.log) {
    note("log-key-unknown", "no key was given and the log names none: the signatures of checkpoints were not checked");
  } else if (!sources_.key_given) {
    note("log-key-not-given",
         "key not given: taken from the log itself, which proves nothing about who made it (--log-key)");
  }
  if (!certificates_->verifies_signatures() && summary_.certificates > 0) {
    note("issuers-not-given", "certificate signatures were not checked: no certificate of an issuer given (--issuer)");
  }
  if (order_.of_other_types() > 0) {
    note("types-unknown", fmt::format("{} entries are of types this version does not know: only what all entries have "
                                      "was checked",
                                      order_.of_other_types()));
  }
  for (const log::NoteVerifier& witness : sources_.keys.witnesses) {
    if (cosigners_.contains(witness.describe())) continue;
    note("witness-not-seen", fmt::format("no checkpoint is cosigned by {}", witness.describe()));
  }
  if (!summary_.anchor) {
    note("rollback-not-excluded",
         "rollback not excluded: an older copy of the folder looks the same (--since, --witness or --journal tell)");
  }
}

void Verification::summarize() {
  summary_.entries = entries_;
  summary_.intents = intents_.count();
  summary_.open_intents = intents_.open().size();
  summary_.journal_records = journal_.records();
  if (order_.has_time()) {
    summary_.first_time = time_text(order_.first_time());
    summary_.last_time = time_text(order_.last_time());
  }
  if (sources_.keys.log) {
    summary_.origin = sources_.keys.log->name();
    summary_.log_key = sources_.keys.log->key_string();
  } else if (sources_.genesis) {
    summary_.origin = printable(sources_.genesis->origin);
  }
  summary_.log_key_given = sources_.key_given;
  summary_.issuers_given = certificates_->verifies_signatures();
  summary_.counts = reporter_.counts();
}

}  // namespace signet::audit
