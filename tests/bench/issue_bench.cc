// Measures what issuing costs beside the cryptography that it cannot do without; ci/bench runs it and
// docs/benchmarks.md has the figures. Real policy, log, store and keyholder's channel; the token is software, as fast
// as OpenSSL signs.
//   issue_bench [ROUNDS]       5 unless told
//   issue_bench profile SECONDS   issues and measures nothing, for a profiler
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "issuer/callers.h"
#include "issuer/issuing_world.h"
#include "wire/message.h"
#include "wire/request_signature.h"
#include "x509/csr.h"

namespace signet::bench {
namespace {

constexpr std::string_view kOrigin = "ca.example/test";
constexpr int kIssuancesOfARound = 2000;
constexpr std::size_t kRequests = 100;

constexpr std::string_view kPolicy = R"([profile.tls-server]
issuer = "issuing-1"
validity = "90d"
validity_max = "397d"
keys = ["ec-p256"]
common_name = "from-san"
key_usage = ["digitalSignature"]
extended_key_usage = ["serverAuth"]
[profile.tls-server.names]
dns = ["**"]
[client.web]
identity = "spiffe://example/web"
profiles = ["tls-server"]
must_sign = false
[client.web.names]
dns = ["**.web.example"]
)";

template <class T>
T must(Result<T> result) {
  if (!result.has_value()) throw std::runtime_error(result.error().field + ": " + result.error().message);
  return *std::move(result);
}

/// Microseconds that all threads of this process have computed, or this one.
double cpu_micros(clockid_t whose = CLOCK_PROCESS_CPUTIME_ID) {
  timespec time{};
  clock_gettime(whose, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

enum class Signed { kNo, kYes };

/// CPU of one issuance, in microseconds.
struct Cost {
  double all = 0;     ///< of all threads: also of the log's, which writes the store, too, and of the token's stand-in
  double caller = 0;  ///< of the thread that calls prepare() and issue()
};

/// One call as the daemon gets it.
struct Call {
  v1::IssueRequest message;
  v1::Request envelope;
};

class Bench {
 public:
  Bench() : world_(setup()), client_(test::make_client(client_root_, "spiffe://example/web")) {
    world_.folder().write("trust.pem", client_root_.pem());
    callers_ = must(Callers::open(world_.folder() / "trust.pem", world_.clock()));
    for (std::size_t i = 0; i < kRequests; ++i) calls_.push_back(make_call(i));
  }

  /// With so many workers at a time.
  Cost issuance(unsigned workers, Signed how, int count = kIssuancesOfARound) {
    std::atomic<int> left = count;
    std::atomic<double> callers = 0;
    std::vector<std::thread> threads;
    const double begin = cpu_micros();
    for (unsigned i = 0; i < workers; ++i) {
      threads.emplace_back([&] {
        for (int n = left--; n > 0; n = left--) issue(calls_[static_cast<std::size_t>(n) % calls_.size()], how);
        callers += cpu_micros(CLOCK_THREAD_CPUTIME_ID);
      });
    }
    for (std::thread& thread : threads) thread.join();
    return {.all = (cpu_micros() - begin) / count, .caller = callers / count};
  }

  /// CPU of what no issuance can do without: the request's proof of possession, the CA's signature, its verification.
  double floor_micros() {
    const Csr csr = must(Csr::parse(bytes_of(calls_[0].message.csr())));
    const ByteView text = csr.der();
    const PublicKey ca = world_.issuing().certificate.public_key();
    const double begin = cpu_micros();
    for (int i = 0; i < kIssuancesOfARound; ++i) {
      const auto possessed = csr.verify_possession();
      const SignatureValue signature = test::sign_with(world_.issuing(), text);
      const auto verified = ca.verify(SignatureAlgorithm::kEcdsaSha256, text, signature.view());
      if (!possessed.has_value() || !verified.has_value()) throw std::runtime_error("a signature does not verify");
    }
    return (cpu_micros() - begin) / kIssuancesOfARound;
  }

 private:
  static test::IssuingWorldSetup setup() {
    test::Identity root = test::make_root("Root");
    test::Identity issuing = test::make_ca(root, "Issuing CA");
    return {.root = std::move(root), .issuing = std::move(issuing), .policy = std::string(kPolicy), .blocked_keys = {}};
  }

  Call make_call(std::size_t number) {
    const std::string name = fmt::format("host-{}.web.example", number);
    const EvpPkeyPtr key = test::make_key(KeyType::kEcP256);
    Call call;
    call.message.set_profile("tls-server");
    call.message.set_csr(std::string(text_of(test::make_csr(key.get(), name, {{"subjectAltName", "DNS:" + name}}))));
    call.message.set_idempotency_key(fmt::format("key-{}", number));
    call.envelope.set_method(v1::METHOD_ISSUE);
    call.envelope.set_payload(call.message.SerializeAsString());
    const std::int64_t now = system_clock().now().time_since_epoch().count();
    const Bytes text = signed_request_bytes(kOrigin, v1::METHOD_ISSUE, now, bytes_of(call.envelope.payload()));
    call.envelope.mutable_signature()->set_time_micros(now);
    call.envelope.mutable_signature()->set_signature(std::string(text_of(test::sign_with(client_, text).view())));
    return call;
  }

  std::optional<log::RequestProof> verify_signature(const Call& call) {
    const ByteView chain = client_.certificate.der().view();
    const auto caller = must(callers_->identify({chain}));
    return must(verify_request_signature(call.envelope, world_.rules().policy.clients().at("web"), *caller,
                                         {.origin = std::string(kOrigin), .skew = std::chrono::hours(1)},
                                         world_.clock().now()));
  }

  void issue(const Call& call, Signed how) {
    std::optional<log::RequestProof> proof;
    if (how == Signed::kYes) proof = verify_signature(call);
    static_cast<void>(must(world_.issue("web", call.message, std::move(proof))));
  }

  test::IssuingWorld world_;
  const test::Identity client_root_ = test::make_root("Client root");
  const test::Identity client_;
  std::unique_ptr<Callers> callers_;
  std::vector<Call> calls_;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// Floor and issuance are measured in turns, so that a machine that grows slower does so to both.
void measure(Bench& bench, unsigned workers, Signed how, int rounds) {
  std::vector<double> floors;
  std::vector<double> issuances;
  std::vector<double> ratios;
  std::vector<double> callers;
  for (int round = 0; round < rounds; ++round) {
    floors.push_back(bench.floor_micros());
    const Cost cost = bench.issuance(workers, how);
    issuances.push_back(cost.all);
    callers.push_back(cost.caller);
    ratios.push_back(issuances.back() / floors.back());
  }
  fmt::print(
      "CPU of an issuance, {} at a time, request {}signed: {:.0f} us, {:.2f} times verify + sign + verify ({:.0f} us); "
      "{:.0f} us of it in the thread of the request\n",
      workers, how == Signed::kYes ? "" : "not ", median(issuances), median(ratios), median(floors), median(callers));
}

int run(const std::vector<std::string>& arguments) {
  Bench bench;
  if (arguments.size() == 2 && arguments[0] == "profile") {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(std::stoi(arguments[1]));
    while (std::chrono::steady_clock::now() < end) bench.issuance(16, Signed::kNo, 100);
    return 0;
  }
  const int rounds = arguments.empty() ? 5 : std::stoi(arguments[0]);
  bench.issuance(16, Signed::kYes, 200);  // everything once
  for (const unsigned workers : {1U, 16U}) {
    for (const Signed how : {Signed::kNo, Signed::kYes}) measure(bench, workers, how, rounds);
  }
  return 0;
}

}  // namespace
}  // namespace signet::bench

int main(int count, char** values) {
  try {
    return signet::bench::run(std::vector<std::string>(values + 1, values + count));
  } catch (const std::exception& e) {
    fmt::print(stderr, "issue_bench: {}\n", e.what());
    return 1;
  }
}
