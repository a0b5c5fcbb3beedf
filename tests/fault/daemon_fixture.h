// The whole daemon, one or more of its processes under faults, and clients that remember what they were told.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "fault/disk.h"
#include "fault/fault_control.h"
#include "fault/log_story.h"
#include "integration/daemon.h"

namespace signet::test {

/// What clients were given. Thread-safe.
class Given {
 public:
  struct Certificate {
    IssuedCertificate issued;
    std::uint64_t position = 0;  ///< how large the trace was when the answer had come
  };

  void add(const IssuedCertificate& issued, std::uint64_t position = 0);
  /// And the checkpoint of its proof, where it has one.
  void add_with_proof(const IssuedCertificate& issued, std::uint64_t position = 0);
  void add_checkpoint(const ByteVector& note, std::uint64_t position = 0);
  /// An error that a client met at last, after all that it tried again.
  void add_error(const Error& error);

  [[nodiscard]] std::size_t size() const;
  /// Copies.
  [[nodiscard]] std::map<std::string, Certificate> certificates() const;  ///< by idempotency key
  [[nodiscard]] std::map<ByteVector, std::uint64_t> checkpoints() const;  ///< the notes, each with its first position
  [[nodiscard]] std::vector<Error> errors() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Certificate> certificates_;
  std::map<ByteVector, std::uint64_t> checkpoints_;
  std::vector<Error> errors_;
};

/// Which of the clients' memories a state is asked for.
struct Asked {
  std::uint64_t position = ~std::uint64_t{0};              ///< what they were given up to there; a place of the trace
  std::function<bool(const std::string& key)> again = {};  ///< the keys that are asked for again; empty = all
};

class DaemonUnderFaults : public testing::Test {
 protected:
  DaemonUnderFaults();

  [[nodiscard]] std::string state() const { return ca_.path("state"); }
  [[nodiscard]] std::string log() const { return state() + "/log"; }
  [[nodiscard]] std::string journal(const std::string& token = "soft") const {
    return state() + "/keyholder-" + token + "/journal";
  }
  /// As before the first start; what clients were given is forgotten.
  void forget_everything();

  /// Control of a process ("signet-issuer") from its next start on. `traced`: what it does is recorded too.
  void put_under_faults(const std::string& process, bool traced = false);
  /// Its next start is without the library.
  void leave_alone(const std::string& process);

  /// The keyholder loads SoftHSM through the module of support/fault_module, with these variables for it, as TOML:
  /// `SIGNET_FAULT_CALL = "C_Sign", ...`. Once; "C_Sign" can be edited away again.
  void use_fault_module(const std::string& variables);

  /// Starts the daemon; nothing when it did not become ready (its text is in start_failure_).
  [[nodiscard]] std::unique_ptr<Daemon> start();
  /// As start(), and must succeed.
  [[nodiscard]] std::unique_ptr<Daemon> start_well();

  [[nodiscard]] IssueOptions order(const std::string& key, bool with_proof = false) const;
  /// The clients' part: certificates, one of them with a proof, a request that is refused, checkpoints. Each client
  /// tries again until `deadline`.
  void run_script(const Daemon& daemon, std::chrono::milliseconds deadline = std::chrono::seconds(20));
  void issue(const Daemon& daemon, const std::string& key, bool with_proof, std::chrono::milliseconds deadline);
  void fetch_checkpoint(const Daemon& daemon, std::chrono::milliseconds deadline);

  /// Everything there is to ask of a state after the daemon has left: signet-audit finds nothing with the newest
  /// checkpoint that a client has and with the keyholder's journal; what clients were given (up to asked.position) is
  /// there, and every checkpoint they have is one of the log's; every signature has its intent, no serial number has
  /// two.
  void expect_sound(const std::string& what, const Asked& asked = {});
  /// Starts without faults, gets the same certificates for the same keys (asked.again) and a new one, stops, and
  /// expects the state to be sound.
  void expect_recovers(const std::string& what, const Asked& asked = {});
  /// By the record of a run and the model of what a disk promises: every answer's entries, intent and outcome, were
  /// durable when the answer came. `disk` is as it was before the run.
  void expect_answers_were_durable(Disk disk, const std::string& what) const;

  Installation ca_;
  Bytes csr_;
  std::unique_ptr<FaultControl> faults_;
  std::unique_ptr<Given> given_;  ///< since forget_everything()
  std::string start_failure_;
  std::vector<std::string> tokens_ = {"soft"};  ///< of the configuration

 private:
  [[nodiscard]] std::uint64_t trace_position() const;
  [[nodiscard]] std::string newest_note(std::uint64_t position) const;
  [[nodiscard]] std::string audit(std::uint64_t position) const;
  void ask_again(const Daemon& daemon, const std::string& what, const Asked& asked) const;
  void expect_given(const LogContent& content, const std::string& what, std::uint64_t position) const;
  void expect_intents_before_signatures(const std::string& what) const;

  TempDirectory programs_;
};

}  // namespace signet::test
