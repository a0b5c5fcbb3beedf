// The end of the daemon: its processes leave, one kind after the other.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string_view>

#include "supervisor/child.h"

namespace signet {

/// The front leaves first, so that every request in flight is answered; then the issuer; then the keyholders. Single-
/// threaded.
class Shutdown {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::seconds kPatience{30};  ///< with each kind, before it is killed

  /// `children` outlives it.
  explicit Shutdown(std::deque<Child>& children) : children_(children) {}

  /// Nothing is started again. Nobody is told to leave yet.
  void begin();
  [[nodiscard]] bool begun() const noexcept { return begun_; }
  /// Tells the next kind to leave, if any process is left. One that cannot be told is killed.
  void go_on();
  /// A child has left: the next kind follows when it was the last of its own.
  void has_left();
  /// Everybody has.
  [[nodiscard]] bool finished() const;

  void act_on_time(Time now);
  [[nodiscard]] std::optional<Time> next_time() const;

 private:
  bool tell(std::string_view process);

  std::deque<Child>& children_;
  bool begun_ = false;
  std::string_view leaving_;  // the kind
  Time deadline_{};           // of that
};

}  // namespace signet
