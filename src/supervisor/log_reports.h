// What the issuer has to log for the supervisor: deaths of processes, and what operators did.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "supervisor/child.h"

namespace signet {

/// Keeps each report until the issuer says that it is recorded; the next issuer is told again of those that this one
/// was told of when it died, so that an entry can be there twice, but none is missing. A process that dies as it did
/// before, and was not ready in between, has no further report, or a token that is away for a week would fill the log:
/// Crash.restarts says how often it was started. Bounded, with room of its own
/// for each kind: however many processes die, or acts are refused, while the issuer waits for its token, the act that
/// opens it can be logged. Single-threaded.
class LogReports {
 public:
  static constexpr std::size_t kMostDeaths = 500;
  static constexpr std::size_t kMostActs = 300;      ///< that changed something, or tried to
  static constexpr std::size_t kMostIdleActs = 200;  ///< that changed nothing

  /// A death, unless it repeats the last one (above). One that finds no room is lost, which the operations log has.
  void add(const Child& child, const Exit& exit);

  /// Keeps room for an act that is about to be done: what cannot be logged is not done. False where there is none. Each
  /// room is used by add(), or given back.
  [[nodiscard]] bool reserve() noexcept;
  void give_back() noexcept { --reserved_; }
  /// Into the room that was reserved for it.
  void add(const internal::AdminAct& act);
  /// An act that was refused before anything was done, or found nothing to do; needs no reserved room. Of those beyond
  /// kMostIdleActs the newest is kept, and says how many there were.
  void add_idle(const internal::AdminAct& act);

  /// Sends what this issuer has not been told yet, in order, if it is ready.
  void send(Child& issuer);
  /// The issuer has recorded the report with this number.
  void recorded(std::uint64_t report);
  void issuer_died() noexcept { told_ = 0; }

 private:
  enum class Kind : std::uint8_t { kDeath, kAct, kIdleAct };
  struct Waiting {
    internal::SupervisorToChild report;
    Kind kind;
  };
  /// Acts for which there was no room.
  struct LeftOut {
    internal::AdminAct newest;
    std::size_t older = 0;
  };

  [[nodiscard]] bool repeats(const Child& child, const Exit& exit);
  void wait(internal::SupervisorToChild report, Kind kind);
  [[nodiscard]] std::size_t count(Kind kind) const noexcept;
  void take_up_left_out();

  std::deque<Waiting> waiting_;  // by their numbers
  std::size_t told_ = 0;         // so many, from the front, the present issuer has been told
  std::uint64_t last_ = 0;       // number of a report
  std::size_t reserved_ = 0;
  std::optional<LeftOut> left_out_;
  std::map<std::string, std::set<std::pair<int, int>>> deaths_;  // by process, since it was ready: signal and status
};

}  // namespace signet
