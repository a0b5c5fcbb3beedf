// Reports to the audit log of peers that did not get as far as a request, so few that a flood cannot fill it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
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

/// At most kMaxPerSecond reports of one reason within any second go out at once. What is above that is counted; the
/// count goes out with the next report of that reason, at the latest when flush() is called after the second has
/// passed. The counts of all reports add up to the events. Single-threaded.
class AccessReports {
 public:
  static constexpr std::size_t kMaxPerSecond = 5;
  /// A larger certificate is left out of its report: it would not fit into an entry of the log.
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
    std::deque<std::chrono::microseconds> sent;  ///< when the last reports went out, at most kMaxPerSecond
    std::uint32_t unsent = 0;                    ///< events counted since
    AccessEvent latest;                          ///< the last of them
  };
  [[nodiscard]] bool may_send(const Reason& reason) const;
  void send(Reason& reason);

  const Clock& clock_;
  Sink sink_;
  std::map<std::string, Reason> reasons_;
};

}  // namespace signet
