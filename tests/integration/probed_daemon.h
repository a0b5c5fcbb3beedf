// The daemon with a library in its processes that does what it is told to: tests/support/sandbox_probe.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "integration/daemon.h"
#include "support/sandbox_probe/probe.h"

namespace signet::test {

/// The processes that are confined by lists of what they may do.
inline constexpr const char* kConfined[] = {"signet-front", "signet-issuer", "signet-keyholder"};

class ProbedDaemon {
 public:
  /// Of the programs in this folder, those of the tests among them. Throws std::runtime_error when it does not start,
  /// or when a process does not load the library.
  explicit ProbedDaemon(const Installation& ca, std::string programs = SIGNET_BIN_DIR);
  ~ProbedDaemon();
  ProbedDaemon(const ProbedDaemon&) = delete;
  ProbedDaemon& operator=(const ProbedDaemon&) = delete;

  /// Lets `process` do it. What the kernel gives back (negative: an errno), or nothing when the process was ended by
  /// SIGSYS for it. Throws when neither comes.
  [[nodiscard]] std::optional<std::int64_t> attempt(const std::string& process, ProbeAct act,
                                                    const std::string& path = {});

  /// Whether it issues a certificate within 30 s.
  [[nodiscard]] bool issues();

  [[nodiscard]] Daemon& daemon() noexcept { return *daemon_; }

 private:
  ProbePage& put_probe_into(const std::string& process);

  const Installation& ca_;
  const std::string programs_;
  TempDirectory folder_;
  Bytes csr_;
  std::map<std::string, ProbePage*> pages_;
  std::unique_ptr<Daemon> daemon_;
};

}  // namespace signet::test
