#include "bench/daemon_start.h"

#include <chrono>
#include <stdexcept>

#include "bench/large_log.h"
#include "integration/daemon.h"

namespace signet::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

}  // namespace

StartTimes measure_daemon_start(std::uint64_t entries) {
  const test::Installation ca;
  StartTimes times;
  if (test::Daemon(ca).stop() != 0) throw std::runtime_error("the daemon did not stop well");
  extend_log(ca.path("state/log"), entries, Authority());
  {
    const auto begin = SteadyClock::now();
    test::Daemon daemon(ca, test::program("signetd"), std::chrono::minutes(10));
    times.first_seconds = seconds_since(begin);
    const auto client = daemon.client("plain");
    const auto csr = ca.make_csr("DNS:a.plain.example");
    for (int i = 0; i < 20; ++i) {
      const bool wait = i == 10;  // then a checkpoint covers the log, and some entries stand behind it
      if (!client->issue({.profile = "tls-server", .csr = csr, .wait_for_proof = wait}).has_value())
        throw std::runtime_error("the daemon does not issue");
    }
    daemon.kill_supervisor();
  }
  const auto begin = SteadyClock::now();
  test::Daemon daemon(ca);
  times.after_crash_seconds = seconds_since(begin);
  return times;
}

}  // namespace signet::bench
