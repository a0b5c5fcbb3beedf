#include "bench/daemon_start.h"

#include <chrono>
#include <filesystem>
#include <stdexcept>

#include "bench/large_log.h"
#include "integration/daemon.h"

namespace signet::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

constexpr int kIssued = 400;

/// Issues certificates, of which the last have no checkpoint, and kills everything.
void issue_and_kill(const test::Installation& ca, test::Daemon& daemon) {
  const auto client = daemon.client("plain");
  const auto csr = ca.make_csr("DNS:a.plain.example");
  for (int i = 0; i < kIssued; ++i) {
    const bool wait = i == kIssued - 10;  // then a checkpoint covers the log, and some entries stand behind it
    if (!client->issue({.profile = "tls-server", .csr = csr, .wait_for_proof = wait}).has_value())
      throw std::runtime_error("the daemon does not issue");
  }
  daemon.kill_supervisor();
}

/// Starts the daemon, issues, kills it; how long the start took.
double start_issue_and_kill(const test::Installation& ca, std::chrono::milliseconds patience) {
  const auto begin = SteadyClock::now();
  test::Daemon daemon(ca, test::program("signetd"), patience);
  const double seconds = seconds_since(begin);
  issue_and_kill(ca, daemon);
  return seconds;
}

/// Returns how many bytes it had.
std::uint64_t remove_write_ahead_log(const test::Installation& ca) {
  const std::string file = ca.path("state/store/store.sqlite-wal");
  const std::uint64_t bytes = std::filesystem::file_size(file);
  if (bytes == 0 || !std::filesystem::remove(file)) throw std::runtime_error(file + ": there is nothing to lose");
  return bytes;
}

}  // namespace

StartTimes measure_daemon_start(std::uint64_t entries) {
  const test::Installation ca;
  StartTimes times;
  if (test::Daemon(ca).stop() != 0) throw std::runtime_error("the daemon did not stop well");
  extend_log(ca.path("state/log"), entries, Authority());
  times.first_seconds = start_issue_and_kill(ca, std::chrono::minutes(10));
  times.after_crash_seconds = start_issue_and_kill(ca, std::chrono::minutes(1));
  times.lost_bytes = remove_write_ahead_log(ca);
  times.after_power_cut_seconds = start_issue_and_kill(ca, std::chrono::minutes(1));
  return times;
}

}  // namespace signet::bench
