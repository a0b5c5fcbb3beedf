// Reports to the audit log of peers that did not get as far as a request. However many there are, at most 8,645 entries
// a day come of one reason (AccessReports::kBurst and one every kInterval), and there are about twenty reasons.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "wire/internal.pb.h"

namespace signet {

/// What a peer did wrong.
struct AccessEvent {
  std::string address;          ///< "192.0.2.1:4711"
  std::string reason;           ///< a short code of a fixed set
  std::string text;             ///< safe to show
  Bytes peer_certificate = {};  ///< DER; empty where there was none
};

/// The first kBurst reports of a reason go out at once, and then one in kInterval; kBurst go out at once again after a
/// rest of kBurst intervals. What is above that is counted; the count goes out with the next report of that reason, at
/// the latest when flush() is called after the interval has passed, or with flush_all(). The counts of all reports add
/// up to the events. Single-threaded.
class AccessReports {
 public:
  static constexpr int kBurst = 5;
  static constexpr std::chrono::seconds kInterval{10};
  /// A larger certificate is left out of its report.
  static constexpr std::size_t kMaxCertificateBytes = std::size_t{16} * 1024;

  /// Takes a report, or says false when it cannot now (no issuer): then it stays counted.
  using Sink = std::function<bool(internal::AccessFailure)>;

  AccessReports(const Clock& clock, Sink sink) : clock_(clock), sink_(std::move(sink)) {}

  void add(AccessEvent event);
  /// Sends what was only counted and may go by now. Call it a few times a second.
  void flush();
  /// Sends everything that is counted, whatever the rate: the process is about to leave.
  void flush_all();

 private:
  struct Reason {
    std::chrono::microseconds rested_at{0};  ///< when kBurst reports may go out at once again, if none goes before
    std::uint32_t unsent = 0;                ///< events counted since the last report
    AccessEvent latest;                      ///< the last of them
  };
  [[nodiscard]] bool may_send(const Reason& reason) const;
  void send(Reason& reason);

  const Clock& clock_;
  Sink sink_;
  std::map<std::string, Reason> reasons_;
};

}  // namespace signet
