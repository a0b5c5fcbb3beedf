// What keeps certificates from being issued although everything runs.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>

#include "base/trusted_clock.h"
#include "signet/result.h"

namespace signet {

/// Closed as long as one of the reasons holds, or the machine's clock is not to be believed. Answers that are in the
/// store already are given all the same. Thread-safe.
class IssuingGate {
 public:
  enum class Reason : std::uint8_t {
    kMemory,       ///< the keyholder remembers another log than this one
    kCheckpoints,  ///< entries wait for a checkpoint for too long
    kStore,        ///< the store's disk is nearly full
  };

  /// `clock` outlives the gate.
  explicit IssuingGate(const TrustedClock& clock) : clock_(clock) {}

  /// `why` is what requests are refused with. Logs the change for the operator.
  void close(Reason reason, Error why);
  void open(Reason reason);
  /// What keeps certificates from being issued. The clock is looked at in each call: what it says now counts.
  [[nodiscard]] Result<void> check() const;

 private:
  static constexpr std::size_t kReasons = 3;
  const TrustedClock& clock_;
  mutable std::mutex mutex_;
  std::array<std::optional<Error>, kReasons> closed_;
};

}  // namespace signet
