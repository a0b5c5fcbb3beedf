// The issuer's parts, opened in the order they depend on each other, and closed in reverse.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "config/daemon_config.h"
#include "issuer/housekeeper.h"
#include "issuer/log_parts.h"
#include "issuer/own_keys.h"
#include "issuer/request_handler.h"
#include "issuer/worker_pool.h"
#include "wire/channel.h"

namespace signet {

/// Threads: open() and start() run on one thread, one after the other. Meanwhile the control thread may introduce
/// keyholders; everything else is for it once start() has returned. Workers and readers run inside.
class Service {
 public:
  /// `rules` are the first, `clock` what is believed of the clock. `on_lost` is told, on any thread, the generation of
  /// a front's or keyholder's link that has ended.
  Service(DaemonConfig config, std::shared_ptr<const Rules> rules, ClockReference clock,
          std::function<void(std::uint64_t)> on_lost)
      : config_(std::move(config)),
        rules_(std::move(rules)),
        clock_(system_clock(), clock, config_.log.clock_tolerance),
        on_lost_(std::move(on_lost)),
        keyholders_(config_) {}
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// Loads certificates, opens the log, what is published of it and the store, and brings the store up to date.
  [[nodiscard]] Result<void> open();

  /// In the sandbox: waits for the log key's keyholder, whose memory has to agree with the log, ends the predecessor if
  /// this log is new, logs the start, closes what a crash left open, and starts the threads. docs/issuance.md has the
  /// order, and what a crash leaves at each step.
  [[nodiscard]] Result<void> start();

  /// New peers, as the supervisor introduces them.
  void connect_keyholder(const std::string& token, UniqueFd socket, std::uint64_t generation);
  void connect_front(UniqueFd socket, std::uint64_t generation);
  /// False where the log took no entry.
  [[nodiscard]] bool log_crash(const internal::Crash& crash);

  // What operators do and ask, by way of the supervisor. log_admin_act() as log_crash().
  [[nodiscard]] bool log_admin_act(const internal::AdminAct& act);
  /// `on_drained` is called when no signature of a token that is taken out of use is waited for; on any thread.
  void use_token(const internal::TokenUse& use, std::function<void()> on_drained);
  [[nodiscard]] internal::IssuerStatus status() const;

  /// Logs that these rules take the place of the present ones, and then lets them: for every request that comes from
  /// now on, while those that are under way end by the old ones. On any error the old ones stay in force: the log did
  /// not take the entry.
  [[nodiscard]] Result<void> reload(std::shared_ptr<const Rules> rules);

  [[nodiscard]] const DaemonConfig& config() const noexcept { return config_; }

  /// Works off what is in flight, logs the stop, has a last checkpoint signed, and closes the log.
  void finish();

 private:
  [[nodiscard]] Result<void> open_authorities();
  [[nodiscard]] Result<void> open_log_and_store();
  [[nodiscard]] Result<std::optional<log::Predecessor>> predecessor_of_new_log();
  [[nodiscard]] Result<void> begin();
  [[nodiscard]] Result<void> make_handler();
  void read_front(const std::shared_ptr<Channel>& channel, std::uint64_t generation);
  static void answer(Channel& channel, const internal::Call& call, const v1::Response& response);
  void dispatch(const std::shared_ptr<Channel>& channel, internal::FrontToIssuer message);

  const DaemonConfig config_;
  RulesInForce rules_;
  const TrustedClock clock_;
  const std::function<void(std::uint64_t)> on_lost_;
  WakeUp wake_up_;
  Keyholders keyholders_;  // its threads use what stands above
  IssuingGate gate_{clock_};
  Authorities authorities_;
  TrustBundle bundle_;
  OwnKeys own_keys_;
  std::unique_ptr<Callers> callers_;
  std::unique_ptr<Store> store_;
  std::optional<LogParts> log_;
  std::unique_ptr<TokenWatch> tokens_;
  std::unique_ptr<Housekeeper> housekeeper_;
  RateLimiter rates_{clock_};
  std::unique_ptr<Issuance> issuance_;
  std::unique_ptr<CertificateMethods> certificates_;
  std::unique_ptr<RefusalLog> refusals_;
  std::unique_ptr<ProofDesk> proof_desk_;
  std::unique_ptr<RequestHandler> handler_;
  std::unique_ptr<WorkerPool> workers_;
  std::shared_ptr<Channel> front_;
  std::uint64_t front_generation_ = 0;
  std::thread front_reader_;
};

}  // namespace signet
