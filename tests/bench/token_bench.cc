// How much of a slow token's speed reaches the clients of the whole daemon: a token that takes 10 ms for a signature
// and has 10 sessions could make 1,000 certificates per second.
#include <fmt/format.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "fault/token_faults.h"
#include "integration/daemon.h"

namespace signet::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct Setup {
  int clients = 64;
  int seconds = 10;
  int sessions = 10;
  int latency_millis = 10;
};

/// The daemon's token is SoftHSM behind the module that goes wrong, which is slow and nothing else.
void slow_down(const test::Installation& ca, const test::TokenFaults& token, const Setup& setup) {
  const std::string profile =
      ca.folder().write("slow.toml", test::profile_of_softhsm_in(test::program("test_fault_module.so")));
  ca.edit("signet.toml", std::string(SIGNET_SOURCE_DIR) + "/hsm-profiles/softhsm2.toml", profile);
  ca.edit("signet.toml", "environment = {",
          fmt::format("environment = {{ SIGNET_FAULT_CONTROL = \"{}\",", token.file()));
  ca.edit("signet.toml", "[token.soft]\n", fmt::format("[token.soft]\nsessions = {}\n", setup.sessions));
  ca.edit("signet.toml", "checkpoint_interval = \"100ms\"\n", "");
}

/// Clients that ask for one certificate after the other, each on a connection of its own.
class Clients {
 public:
  Clients(const test::Daemon& daemon, const test::Installation& ca, int count) {
    const IssueOptions order{.profile = "tls-server", .csr = ca.make_csr("DNS:a.plain.example")};
    for (int i = 0; i < count; ++i) threads_.emplace_back([this, &daemon, order] { run(daemon, order); });
  }
  ~Clients() {
    stopping_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  [[nodiscard]] std::uint64_t answers() const noexcept { return answers_; }
  [[nodiscard]] std::uint64_t failures() const noexcept { return failures_; }

 private:
  void run(const test::Daemon& daemon, const IssueOptions& order) {
    const auto client = daemon.client("plain");
    while (!stopping_) ++(client->issue(order).has_value() ? answers_ : failures_);
  }

  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> answers_{0};
  std::atomic<std::uint64_t> failures_{0};
  std::vector<std::thread> threads_;
};

void measure(const Setup& setup) {
  const test::Installation ca;
  test::TokenFaults token;
  slow_down(ca, token, setup);
  token.set(fmt::format("C_Sign latency {}ms\n", setup.latency_millis));
  test::Daemon daemon(ca);
  std::uint64_t certificates = 0;
  std::uint64_t signatures = 0;
  double seconds = 0;
  {
    const Clients clients(daemon, ca, setup.clients);
    std::this_thread::sleep_for(std::chrono::seconds(3));  // connections, and everything once
    const auto begin = SteadyClock::now();
    const std::uint64_t answered = clients.answers();
    const std::uint64_t made = token.signatures();
    std::this_thread::sleep_for(std::chrono::seconds(setup.seconds));
    seconds = std::chrono::duration<double>(SteadyClock::now() - begin).count();
    certificates = clients.answers() - answered;
    signatures = token.signatures() - made;
    if (clients.failures() != 0) throw std::runtime_error(fmt::format("{} requests failed", clients.failures()));
  }
  if (daemon.stop() != 0) throw std::runtime_error("the daemon did not stop well");
  const double possible = 1000.0 / setup.latency_millis * setup.sessions * seconds;
  fmt::print(
      "certificates per second through the whole daemon, {} sessions of {} ms, {} clients: {:.0f}, {:.1f} % of what is "
      "possible (signatures of the token, checkpoints included: {:.1f} %)\n",
      setup.sessions, setup.latency_millis, setup.clients, static_cast<double>(certificates) / seconds,
      100.0 * static_cast<double>(certificates) / possible, 100.0 * static_cast<double>(signatures) / possible);
}

}  // namespace
}  // namespace signet::bench

/// token_bench [CLIENTS [SECONDS [SESSIONS [MILLISECONDS]]]]
int main(int count, char** values) {
  try {
    signet::bench::Setup setup;
    int* const numbers[] = {&setup.clients, &setup.seconds, &setup.sessions, &setup.latency_millis};
    for (int i = 1; i < count && i <= 4; ++i) *numbers[i - 1] = std::stoi(values[i]);
    signet::bench::measure(setup);
    return 0;
  } catch (const std::exception& e) {
    fmt::print(stderr, "token_bench: {}\n", e.what());
    return 1;
  }
}
