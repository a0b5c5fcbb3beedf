// Requests whose certificate is there and whose proof is not yet.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "log/publisher.h"

namespace signet {

/// Waits for checkpoints, so that no worker has to. Thread-safe.
class ProofDesk {
 public:
  /// What wait() hands over: the tlog-proof, or why there is none.
  using Done = std::function<void(Result<Bytes>)>;

  /// How many may wait at once.
  struct Places {
    std::size_t all = 4096;
    std::size_t of_one_client = 256;
  };

  /// Nobody waits longer than `patience`. `publisher` and `clock` outlive it.
  ProofDesk(log::Publisher& publisher, const Clock& clock, std::chrono::milliseconds patience, Places places);
  ProofDesk(log::Publisher& publisher, const Clock& clock, std::chrono::milliseconds patience)
      : ProofDesk(publisher, clock, patience, Places{}) {}
  /// As finish().
  ~ProofDesk();
  ProofDesk(const ProofDesk&) = delete;
  ProofDesk& operator=(const ProofDesk&) = delete;

  /// Calls `done` once, on this thread or the desk's own, with the proof of entry `index` when a checkpoint covers it.
  /// Errors it is given: kUnavailable (retryable) after the patience; kResourceExhausted (retryable) when too many
  /// wait, of `client` (its name in the policy) or of all; those of Publisher::prove.
  void wait(const std::string& client, std::uint64_t index, Done done);
  /// How many wait.
  [[nodiscard]] std::size_t waiting() const;
  /// Serves who waits, as long as the patience lasts, and ends the thread. Nobody may call wait() any more.
  void finish();

 private:
  struct Waiting {
    std::string client;
    std::uint64_t index = 0;
    std::chrono::microseconds until{0};
    Done done;
  };
  [[nodiscard]] bool has_place(const std::string& client) const;
  void run();
  [[nodiscard]] std::vector<Waiting> take_due(std::uint64_t covered);
  void serve(Waiting& one, std::uint64_t covered) const;

  log::Publisher& publisher_;
  const Clock& clock_;
  const std::chrono::milliseconds patience_;
  const Places places_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Waiting> waiting_;
  std::size_t serving_ = 0;
  bool finishing_ = false;
  std::thread thread_;
};

}  // namespace signet
