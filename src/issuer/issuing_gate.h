// What keeps certificates from being issued although everything runs.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>

#include "signet/result.h"

namespace signet {

/// Closed as long as one of the reasons holds. Answers that are in the store already are given all the same.
/// Thread-safe.
class IssuingGate {
 public:
  enum class Reason : std::uint8_t {
    kMemory,       ///< the keyholder remembers another log than this one
    kClock,        ///< the machine's clock was set
    kCheckpoints,  ///< entries wait for a checkpoint for too long
  };

  /// `why` is what requests are refused with. Logs the change for the operator.
  void close(Reason reason, Error why);
  void open(Reason reason);
  [[nodiscard]] Result<void> check() const;

 private:
  static constexpr std::size_t kReasons = 3;
  mutable std::mutex mutex_;
  std::array<std::optional<Error>, kReasons> closed_;
};

}  // namespace signet
