#include "issuer/proof_desk.h"

#include <fmt/format.h>

#include <algorithm>

namespace signet {

namespace {

constexpr std::chrono::milliseconds kLook{200};  // how soon somebody new is noticed, and a patience that ran out
constexpr std::chrono::milliseconds kRetryAfter{1000};

std::unexpected<Error> later(ErrorCode code, std::string_view why) {
  return fail_retryable(
      code,
      fmt::format("the certificate is issued, but {}; the same request with the same idempotency key gets both", why),
      kRetryAfter);
}

}  // namespace

ProofDesk::ProofDesk(log::Publisher& publisher, const Clock& clock, std::chrono::milliseconds patience, Places places)
    : publisher_(publisher), clock_(clock), patience_(patience), places_(places), thread_([this] { run(); }) {}

ProofDesk::~ProofDesk() { finish(); }

/// The mutex is held.
bool ProofDesk::has_place(const std::string& client) const {
  if (finishing_ || waiting_.size() >= places_.all) return false;
  const auto of_client = std::ranges::count(waiting_, client, &Waiting::client);
  return static_cast<std::size_t>(of_client) < places_.of_one_client;
}

void ProofDesk::wait(const std::string& client, std::uint64_t index, Done done) {
  {
    const std::scoped_lock lock(mutex_);
    if (has_place(client)) {
      waiting_.push_back(
          {.client = client, .index = index, .until = clock_.monotonic() + patience_, .done = std::move(done)});
      changed_.notify_all();
      return;
    }
  }
  done(later(ErrorCode::kResourceExhausted, "too many requests wait for the proof of theirs"));
}

std::size_t ProofDesk::waiting() const {
  const std::scoped_lock lock(mutex_);
  return waiting_.size() + serving_;
}

void ProofDesk::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return finishing_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const std::uint64_t lowest = std::ranges::min(waiting_, {}, &Waiting::index).index;
    lock.unlock();
    static_cast<void>(publisher_.wait_for(lowest, kLook));
    const std::uint64_t covered = publisher_.newest().size;
    lock.lock();
    std::vector<Waiting> due = take_due(covered);
    serving_ = due.size();
    lock.unlock();
    for (Waiting& one : due) serve(one, covered);
    lock.lock();
    serving_ = 0;
  }
}

/// Those whose entry is covered, and those whose patience has run out. The mutex is held.
std::vector<ProofDesk::Waiting> ProofDesk::take_due(std::uint64_t covered) {
  const auto now = clock_.monotonic();
  const auto stays = [&](const Waiting& one) { return one.index >= covered && one.until > now; };
  const auto due = std::ranges::partition(waiting_, stays);
  std::vector<Waiting> taken(std::make_move_iterator(due.begin()), std::make_move_iterator(due.end()));
  waiting_.erase(due.begin(), due.end());
  return taken;
}

void ProofDesk::serve(Waiting& one, std::uint64_t covered) const {
  if (one.index < covered) return one.done(publisher_.prove(one.index));
  one.done(later(ErrorCode::kUnavailable, fmt::format("no checkpoint covers its entry {} yet", one.index)));
}

void ProofDesk::finish() {
  {
    const std::scoped_lock lock(mutex_);
    finishing_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace signet
