// Measures the audit log; ci/bench runs it and docs/benchmarks.md has the figures.
//   log_bench append FOLDER WRITERS SECONDS preallocated|growing
//   log_bench make FOLDER ENTRIES       a log with certificates, its key's verifier and its CA's certificate beside
//   log_bench open FOLDER               EntryLog and Publisher, as after a crash
//   log_bench start ENTRIES             the whole daemon; status 1 when a start after a crash takes 3 s or longer
//   log_bench run COMMAND...            another program: its time and the most memory it had
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "bench/daemon_start.h"
#include "bench/large_log.h"
#include "fault/log_life/fixed_key.h"
#include "log/entry_log.h"
#include "log/publisher.h"
#include "x509/certificate.h"

namespace signet::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

template <class T>
T must(Result<T> result) {
  if (!result.has_value()) throw std::runtime_error(result.error().message);
  return *std::move(result);
}
void must(const Result<void>& result) {
  if (!result.has_value()) throw std::runtime_error(result.error().message);
}

class Nobody : public log::Observer {
 public:
  Result<void> apply(std::span<const log::Entry>) override { return {}; }
};

/// The kernel's, but a file grows by being written.
class GrowingFile : public log::FileOps {
 public:
  ssize_t pwrite(int fd, const void* data, std::size_t size, off_t offset) override {
    return ::pwrite(fd, data, size, offset);
  }
  int fdatasync(int fd) override { return ::fdatasync(fd); }
  int allocate(int, off_t, off_t) override { return 0; }
  std::int64_t free_bytes(int fd) override { return log::system_file_ops().free_bytes(fd); }
};

void append(const std::string& folder, int writers, int seconds, bool preallocated) {
  GrowingFile growing;
  Nobody nobody;
  const auto log = must(log::EntryLog::open(folder, system_clock(), preallocated ? log::system_file_ops() : growing));
  must(log->start(nobody));
  const Authority authority;
  const log::Draft draft = log::intent_draft(authority.intent(system_clock().now()));
  std::atomic<std::uint64_t> appended = 0;
  std::vector<std::thread> threads;
  const auto begin = SteadyClock::now();
  for (int i = 0; i < writers; ++i) {
    threads.emplace_back([&] {
      while (seconds_since(begin) < seconds) {
        must(log->append(draft));
        ++appended;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  fmt::print("{:.0f}\n", static_cast<double>(appended) / seconds_since(begin));
}

class Key : public log::CheckpointKey {
 public:
  Result<std::optional<log::TreeHead>> last_signed() override { return last_; }
  Result<Bytes> sign(std::string_view text, std::uint64_t, const log::Proof&) override {
    const log::Checkpoint checkpoint = must(log::parse_checkpoint(text));
    last_ = {.size = checkpoint.size, .root = checkpoint.root};
    return key_.sign(text);
  }
  [[nodiscard]] const test::FixedKey& key() const { return key_; }

 private:
  test::FixedKey key_;
  std::optional<log::TreeHead> last_;
};

void write_text(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  if (!file.flush()) throw std::runtime_error(path + " cannot be written");
}

void publish_all(const std::string& folder, Key& key) {
  Nobody nobody;
  const auto log = must(log::EntryLog::open(folder, system_clock()));
  must(log->start(nobody));
  const auto publisher =
      must(log::Publisher::open({.directory = folder, .verifier = key.key().verifier()}, *log, system_clock()));
  must(publisher->start(key));
  if (!publisher->wait_for(log->size() - 1, std::chrono::minutes(10))) throw std::runtime_error("no checkpoint");
  publisher->stop();
}

void make(const std::string& folder, std::uint64_t entries) {
  constexpr std::uint64_t kBehindTheCheckpoint = 1000;
  if (entries <= 2 * kBehindTheCheckpoint) throw std::runtime_error("the log must have more than 2000 entries");
  Key key;
  const Authority authority;
  const std::string verifier = key.key().verifier().key_string();
  log::GenesisFields genesis{.origin = test::kFixedOrigin, .log_key = verifier, .version = "0"};
  extend_log(folder, entries - kBehindTheCheckpoint, authority, genesis);
  publish_all(folder, key);
  extend_log(folder, entries, authority);
  write_text(folder + ".vkey", verifier + "\n");
  write_text(folder + ".pem", encode_pem("CERTIFICATE", authority.certificate().der().view()));
}

void open_log(const std::string& folder) {
  const auto begin = SteadyClock::now();
  const auto log = must(log::EntryLog::open(folder, system_clock()));
  const auto publisher =
      must(log::Publisher::open({.directory = folder, .verifier = test::FixedKey().verifier()}, *log, system_clock()));
  fmt::print("{:.3f} s, {} entries, {} of them under a checkpoint\n", seconds_since(begin), log->size(),
             publisher->newest().size);
}

/// What is promised of a start after a crash with a million entries.
constexpr double kLongestStartSeconds = 3;

/// The status: 1 when a start after a crash took too long.
int start(std::uint64_t entries) {
  const StartTimes times = measure_daemon_start(entries);
  fmt::print("the first (all of them new to it): {:.2f} s\n", times.first_seconds);
  fmt::print("after a crash: {:.2f} s\n", times.after_crash_seconds);
  fmt::print("after a power cut (the store has lost {} kB): {:.2f} s\n", times.lost_bytes / 1000,
             times.after_power_cut_seconds);
  return std::max(times.after_crash_seconds, times.after_power_cut_seconds) < kLongestStartSeconds ? 0 : 1;
}

int run(std::span<char*> command) {
  const auto begin = SteadyClock::now();
  const pid_t pid = fork();
  if (pid == 0) {
    execvp(command.front(), command.data());
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  wait4(pid, &status, 0, &usage);
  fmt::print(stderr, "{:.1f} s, {} MiB\n", seconds_since(begin), usage.ru_maxrss / 1024);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int measure(std::span<char*> arguments) {
  const std::string what = arguments.empty() ? "" : arguments[0];
  if (what == "append" && arguments.size() == 5) {
    append(arguments[1], std::stoi(arguments[2]), std::stoi(arguments[3]), std::string(arguments[4]) == "preallocated");
  } else if (what == "make" && arguments.size() == 3) {
    make(arguments[1], std::stoull(arguments[2]));
  } else if (what == "open" && arguments.size() == 2) {
    open_log(arguments[1]);
  } else if (what == "start" && arguments.size() == 2) {
    return start(std::stoull(arguments[1]));
  } else if (what == "run" && arguments.size() >= 2) {
    return run(arguments.subspan(1));
  } else {
    fmt::print(stderr, "usage: log_bench append|make|open|start|run ... (see ci/bench)\n");
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace signet::bench

int main(int count, char** values) {
  try {
    return signet::bench::measure(std::span(values + 1, static_cast<std::size_t>(count) - 1));
  } catch (const std::exception& e) {
    fmt::print(stderr, "log_bench: {}\n", e.what());
    return 1;
  }
}
