#include "log/newest_checkpoint.h"

#include <utility>

namespace signet::log {

Result<PublishedStatePtr> make_published_state(SignedHead head, MerkleFrontier frontier, Time now) {
  SIGNET_TRY(Bytes note, format_note(head.note));
  const Checkpoint& checkpoint = head.checkpoint;
  Published published{.size = checkpoint.size, .root = checkpoint.root, .time = now, .note = std::move(note)};
  return std::make_shared<const PublishedState>(
      PublishedState{.published = std::move(published), .head = std::move(head), .frontier = std::move(frontier)});
}

PublishedStatePtr NewestCheckpoint::get() const {
  const std::lock_guard guard(mutex_);
  return newest_;
}

void NewestCheckpoint::set(PublishedStatePtr newest, std::chrono::microseconds began) {
  const std::lock_guard guard(mutex_);
  newest_ = std::move(newest);
  waiting_ = began;  // waiting_since() finds out whether anything came
  progress_.notify_all();
}

void NewestCheckpoint::end() {
  const std::lock_guard guard(mutex_);
  ended_ = true;
  progress_.notify_all();
}

bool NewestCheckpoint::wait_for(std::uint64_t index, std::chrono::milliseconds patience) {
  std::unique_lock guard(mutex_);
  const auto covered = [&] { return newest_->size() > index; };
  progress_.wait_for(guard, patience, [&] { return covered() || ended_; });
  return covered();
}

std::optional<std::chrono::microseconds> NewestCheckpoint::waiting_since(std::uint64_t size,
                                                                         std::chrono::microseconds now) {
  const std::lock_guard guard(mutex_);
  if (size <= newest_->size()) {
    waiting_.reset();
  } else if (!waiting_) {
    waiting_ = now;
  }
  return waiting_;
}

}  // namespace signet::log
