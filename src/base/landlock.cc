#include "base/landlock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <set>
#include <thread>

#include "base/file.h"
#include "base/sanitizers.h"

namespace signet {

namespace {

// From <linux/landlock.h>, which is older than the kernel on the reference platform.
struct RulesetAttributes {
  std::uint64_t handled_access_fs;
  std::uint64_t handled_access_net;
  std::uint64_t scoped;
};
struct [[gnu::packed]] PathBeneath {
  std::uint64_t allowed_access;
  std::int32_t parent_fd;
};
struct NetPort {
  std::uint64_t allowed_access;
  std::uint64_t port;
};
constexpr std::uint32_t kAskVersion = 1;
constexpr int kRulePathBeneath = 1;
constexpr int kRuleNetPort = 2;

enum Files : std::uint64_t {
  kExecute = 1U << 0U,
  kWriteFile = 1U << 1U,
  kReadFile = 1U << 2U,
  kReadDirectory = 1U << 3U,
  kRemoveDirectory = 1U << 4U,
  kRemoveFile = 1U << 5U,
  kMakeDirectory = 1U << 7U,
  kMakeFile = 1U << 8U,
  kUpToMakeSymlink = (1U << 13U) - 1,  // all of version 1
  kRefer = 1U << 13U,
  kTruncate = 1U << 14U,
  kIoctlDevice = 1U << 15U,
};
constexpr std::uint64_t kNetBind = 1U << 0U;
constexpr std::uint64_t kNetConnect = 1U << 1U;
constexpr std::uint64_t kScopes = 0b11;  // abstract Unix sockets, signals

constexpr std::uint64_t kToRead = kReadFile | kReadDirectory;
constexpr std::uint64_t kToWrite =
    kToRead | kWriteFile | kRemoveDirectory | kRemoveFile | kMakeDirectory | kMakeFile | kRefer | kTruncate;
constexpr std::uint64_t kToUseDevice = kReadFile | kWriteFile | kIoctlDevice;
// What a rule for a file can have; the others are of directories.
constexpr std::uint64_t kOfAFile = kExecute | kReadFile | kWriteFile | kTruncate | kIoctlDevice;

RulesetAttributes attributes_of(int abi) {
  RulesetAttributes attributes{.handled_access_fs = kUpToMakeSymlink, .handled_access_net = 0, .scoped = 0};
  if (abi >= 2) attributes.handled_access_fs |= kRefer;
  if (abi >= 3) attributes.handled_access_fs |= kTruncate;
  if (abi >= 4) attributes.handled_access_net = kNetBind | kNetConnect;
  if (abi >= 5) attributes.handled_access_fs |= kIoctlDevice;
  if (abi >= 6) attributes.scoped = kScopes;
  return attributes;
}

/// As long as that version knows it to be: an older kernel wants what follows to be absent.
std::size_t size_for(int abi) {
  if (abi >= 6) return sizeof(RulesetAttributes);
  return abi >= 4 ? offsetof(RulesetAttributes, scoped) : offsetof(RulesetAttributes, handled_access_net);
}

class Ruleset {
 public:
  static Result<Ruleset> create(int abi) {
    Ruleset ruleset;
    ruleset.attributes_ = attributes_of(abi);
    ruleset.fd_ =
        UniqueFd{static_cast<int>(syscall(SYS_landlock_create_ruleset, &ruleset.attributes_, size_for(abi), 0))};
    if (!ruleset.fd_.valid()) return fail_errno(errno, "landlock_create_ruleset");
    return ruleset;
  }

  Result<void> allow(const std::vector<std::string>& paths, std::uint64_t access) {
    for (const std::string& path : paths) SIGNET_CHECK(allow_path(path, access));
    return {};
  }

  Result<void> allow_connecting(const std::vector<std::uint16_t>& ports) {
    if (attributes_.handled_access_net == 0) return {};
    for (const std::uint16_t port : ports) {
      const NetPort rule{.allowed_access = kNetConnect, .port = port};
      if (syscall(SYS_landlock_add_rule, fd_.get(), kRuleNetPort, &rule, 0) != 0)
        return fail_errno(errno, fmt::format("landlock_add_rule for port {}", port));
    }
    return {};
  }

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  Result<void> allow_path(const std::string& path, std::uint64_t access) {
    const UniqueFd file{open(path.c_str(), O_PATH | O_CLOEXEC)};
    if (!file.valid() && (errno == ENOENT || errno == ENOTDIR || errno == EACCES)) return {};
    struct stat status{};
    if (!file.valid() || fstat(file.get(), &status) != 0) return fail_errno(errno, "sandbox: " + path);
    if (!S_ISDIR(status.st_mode)) access &= kOfAFile;
    const PathBeneath rule{.allowed_access = access & attributes_.handled_access_fs, .parent_fd = file.get()};
    if (syscall(SYS_landlock_add_rule, fd_.get(), kRulePathBeneath, &rule, 0) != 0)
      return fail_errno(errno, "landlock_add_rule for " + path);
    return {};
  }

  RulesetAttributes attributes_{};
  UniqueFd fd_;
};

// All threads --------------------------------------------------------------------------------------------------------

constexpr std::chrono::seconds kPatience{2};

std::atomic<int> ruleset_in_force{-1};
std::atomic<unsigned> threads_done{0};
std::atomic<int> failure_of_a_thread{0};

void confine_this_thread(int) {
  const int saved = errno;
  if (syscall(SYS_landlock_restrict_self, ruleset_in_force.load(), 0) != 0) failure_of_a_thread = errno;
  ++threads_done;
  errno = saved;
}

/// Its handler while this lives; ignored afterwards: a thread that blocked the signal would otherwise end the process
/// when it unblocks it. A thread that waits to read or for a lock goes on waiting; one in poll(2), select(2),
/// epoll_wait(2) or a sleep gets EINTR once, whatever the flags (signal(7)).
class SignalHandler {
 public:
  SignalHandler() {
    struct sigaction action{};
    action.sa_handler = &confine_this_thread;
    action.sa_flags = SA_RESTART;
    sigaction(SIGRTMAX, &action, nullptr);
  }
  ~SignalHandler() { signal(SIGRTMAX, SIG_IGN); }
  SignalHandler(const SignalHandler&) = delete;
  SignalHandler& operator=(const SignalHandler&) = delete;
};

[[maybe_unused]] Result<void> confine_thread(pid_t thread) {
  const unsigned before = threads_done;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  const auto has_gone = [&] { return syscall(SYS_tgkill, getpid(), thread, 0) != 0; };
  if (syscall(SYS_tgkill, getpid(), thread, SIGRTMAX) != 0) return {};  // it has ended
  while (threads_done == before && !has_gone()) {
    if (std::chrono::steady_clock::now() > deadline)
      return fail(ErrorCode::kFailedPrecondition, fmt::format("thread {} cannot be confined by Landlock", thread));
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  if (const int failure = failure_of_a_thread; failure != 0) return fail_errno(failure, "landlock_restrict_self");
  return {};
}

[[maybe_unused]] Result<std::set<pid_t>> threads_of_this_process() {
  std::set<pid_t> threads;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task", error)) {
    const std::string name = entry.path().filename();
    pid_t thread = 0;
    std::from_chars(name.data(), name.data() + name.size(), thread);
    threads.insert(thread);
  }
  if (error) return fail_errno(error.value(), "/proc/self/task");
  return threads;
}

Result<void> confine_caller() {
  confine_this_thread(0);
  if (const int failure = failure_of_a_thread; failure != 0) return fail_errno(failure, "landlock_restrict_self");
  return {};
}

#if defined(SIGNET_THREAD_SANITIZER)
// It has a thread of its own that takes no signals, and puts signals of others off.
Result<void> confine() { return confine_caller(); }
#else
/// What a confined thread starts is confined. So nobody is left out once a look finds no thread that is not known. The
/// caller comes last: once confined, it might send no signals to the others. The first failure is told at the end.
Result<void> confine() {
  const SignalHandler handler;
  Result<void> others;
  std::set<pid_t> confined{static_cast<pid_t>(syscall(SYS_gettid))};
  for (bool found_new = true; found_new;) {
    found_new = false;
    SIGNET_TRY(const std::set<pid_t> threads, threads_of_this_process());
    for (const pid_t thread : threads) {
      if (!confined.insert(thread).second) continue;
      found_new = true;
      const auto done = confine_thread(thread);
      if (!done.has_value() && others.has_value()) others = done;
    }
  }
  SIGNET_CHECK(confine_caller());
  return others;
}
#endif

}  // namespace

int landlock_abi() noexcept {
  const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskVersion);
  return version < 0 ? 0 : static_cast<int>(version);
}

Result<void> keep_only(const PathRights& rights) {
  const int abi = landlock_abi();
  if (abi == 0) return {};
  SIGNET_TRY(Ruleset ruleset, Ruleset::create(abi));
  SIGNET_CHECK(ruleset.allow(rights.readable, kToRead));
  SIGNET_CHECK(ruleset.allow(rights.writable, kToWrite));
  SIGNET_CHECK(ruleset.allow(rights.devices, kToUseDevice));
  SIGNET_CHECK(ruleset.allow_connecting(rights.tcp_ports));
  ruleset_in_force = ruleset.fd();
  auto confined = confine();
  ruleset_in_force = -1;
  return confined;
}

}  // namespace signet
