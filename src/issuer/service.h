// The issuer's parts, opened in the order they depend on each other, and closed in reverse.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "config/daemon_config.h"
#include "issuer/request_handler.h"
#include "issuer/worker_pool.h"
#include "wire/channel.h"

namespace signet {

/// Threads: the control thread calls everything; workers and readers run inside.
class Service {
 public:
  /// Loads certificates, opens log and store and brings the store up to date. `policy` is its file's text,
  /// `policy_file` its name.
  /// `on_lost` is told, on any thread, the generation of a front's or keyholder's link that has ended.
  [[nodiscard]] static Result<std::unique_ptr<Service>> open(DaemonConfig config, ByteView policy,
                                                             const std::string& policy_file,
                                                             std::function<void(std::uint64_t)> on_lost);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// Starts the log's and the workers' threads, logs the start and closes what a crash left open. To be called once, in
  /// the sandbox.
  [[nodiscard]] Result<void> start();

  /// New peers, as the supervisor introduces them.
  void connect_front(UniqueFd socket, std::uint64_t generation);
  void connect_keyholder(const std::string& token, UniqueFd socket, std::uint64_t generation);
  void log_crash(const internal::Crash& crash);

  /// Works off what is in flight, logs the stop, and closes the log.
  void finish();

 private:
  Service(DaemonConfig config, std::function<void(std::uint64_t)> on_lost)
      : config_(std::move(config)), on_lost_(std::move(on_lost)), keyholders_(config_) {}
  [[nodiscard]] Result<void> open_parts(ByteView policy, const std::string& policy_file);
  [[nodiscard]] Result<void> make_handler();
  [[nodiscard]] Result<void> log_process(log::ProcessEvent event);
  void read_front(const std::shared_ptr<Channel>& channel, std::uint64_t generation);
  static void answer(Channel& channel, const internal::Call& call, const v1::Response& response);
  void dispatch(const std::shared_ptr<Channel>& channel, internal::FrontToIssuer message);

  const DaemonConfig config_;
  const std::function<void(std::uint64_t)> on_lost_;
  Keyholders keyholders_;
  Authorities authorities_;
  std::unique_ptr<const Policy> policy_;
  std::unique_ptr<Callers> callers_;
  std::unique_ptr<log::EntryLog> log_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Issuance> issuance_;
  std::unique_ptr<RefusalLog> refusals_;
  std::unique_ptr<RequestHandler> handler_;
  std::unique_ptr<WorkerPool> workers_;
  std::shared_ptr<Channel> front_;
  std::uint64_t front_generation_ = 0;
  std::thread front_reader_;
};

}  // namespace signet
