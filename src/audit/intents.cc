#include "audit/intents.h"

#include <fmt/format.h>

#include <algorithm>

namespace signet::audit {
namespace {

/// How far beyond the number of entries a seq may lie and still be remembered. (One that is wrong can be anything.)
constexpr std::uint64_t kMaxSeqAhead = 65'536;

/// What an outcome says of its intent must be what the intent says.
void check_outcome(std::uint64_t entry, std::uint64_t seq, const OpenIntent& intent, ByteView serial,
                   std::string_view issuer, Complaints& complaints) {
  if (!serial.empty() && !equal(serial, intent.facts.serial)) {
    complaints.push_back(about_entry(entry, "outcome-other-serial",
                                     fmt::format("the serial is {}, that of the intent {} is {}", to_hex(serial), seq,
                                                 to_hex(intent.facts.serial))));
  }
  if (!issuer.empty() && issuer != intent.facts.issuer) {
    complaints.push_back(about_entry(entry, "outcome-other-issuer",
                                     fmt::format("the issuer is {}, that of the intent {} is {}", printable(issuer),
                                                 seq, printable(intent.facts.issuer))));
  }
}

}  // namespace

void Intents::add(std::uint64_t seq, OpenIntent intent, Complaints& complaints) {
  ++count_;
  if (seq <= intent.entry + kMaxSeqAhead) {
    if (intents_.size() <= seq) intents_.resize(static_cast<std::size_t>(seq) + 1);
    intents_[static_cast<std::size_t>(seq)] = true;
  }
  const std::size_t bytes = intent.facts.tbs.size();
  const std::uint64_t entry = intent.entry;
  intent.waits_since = intent.time_micros;
  if (const auto [old, added] = open_.try_emplace(seq, std::move(intent)); !added) {
    complaints.push_back(
        about_entry(entry, "intent-repeated",
                    fmt::format("entry {} is an open intent with the same seq {}", old->second.entry, seq)));
    return;
  }
  open_bytes_ += bytes;
  while (open_.size() > kMaxOpenIntents || open_bytes_ > kMaxOpenBytes) drop_oldest(complaints);
}

void Intents::drop_oldest(Complaints& complaints) {
  const auto oldest = open_.begin();
  complaints.push_back(about_entry(oldest->second.entry, "intents-too-many",
                                   fmt::format("this intent is open while {} others are; an outcome of it is not "
                                               "looked for any more",
                                               open_.size() - 1)));
  open_bytes_ -= oldest->second.facts.tbs.size();
  if (oldest->second.survived_start && !oldest->second.complained) --survivors_;
  open_.erase(oldest);
}

bool Intents::was_intent(std::uint64_t seq) const {
  return seq < intents_.size() && intents_[static_cast<std::size_t>(seq)];
}

std::optional<OpenIntent> Intents::close(std::uint64_t entry, EntryType type, std::uint64_t intent, ByteView serial,
                                         std::string_view issuer, Complaints& complaints) {
  const auto found = open_.find(intent);
  if (found == open_.end()) {
    complaints.push_back(
        was_intent(intent)
            ? about_entry(
                  entry, "outcome-twice",
                  fmt::format("this {} closes the intent {}, which has an outcome already", name_of(type), intent))
            : about_entry(entry, "outcome-without-intent",
                          fmt::format("this {} names the intent {}, and no intent before it has this seq",
                                      name_of(type), intent)));
    return std::nullopt;
  }
  OpenIntent closed = std::move(found->second);
  open_bytes_ -= closed.facts.tbs.size();
  open_.erase(found);
  const bool survivor = closed.survived_start && !closed.complained;
  if (survivor) --survivors_;
  if (survivor && type == EntryType::kIssued) {
    complaints.push_back(about_entry(
        entry, "intent-open-across-start",
        fmt::format("the intent {} was open when the daemon started again and is issued all the same; only orphaned "
                    "and rejected close it then",
                    intent)));
  }
  check_outcome(entry, intent, closed, serial, issuer, complaints);
  return closed;
}

void Intents::pass(EntryType type, std::int64_t time_micros, Complaints& complaints) {
  if (type == EntryType::kStart) {
    for (auto& [seq, intent] : open_) {
      if (!intent.survived_start) ++survivors_;
      intent.survived_start = true;
      intent.waits_since = time_micros;
    }
    return;
  }
  // Requests come only after the issuer has closed what it found open.
  const bool works = type == EntryType::kIntent || type == EntryType::kAccess || type == EntryType::kRejected;
  if (!works || survivors_ == 0) return;
  for (auto& [seq, intent] : open_) {
    if (!intent.survived_start || intent.complained) continue;
    intent.complained = true;
    complaints.push_back(about_entry(intent.entry, "intent-open-across-start",
                                     "this intent was open when the daemon started again, and work went on without an "
                                     "outcome for it"));
  }
  survivors_ = 0;
}

}  // namespace signet::audit
