#include "keyholder/process.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <list>
#include <memory>
#include <thread>

#include "base/ops_log.h"
#include "base/sandbox.h"
#include "keyholder/describe.h"
#include "keyholder/sign_request.h"
#include "keyholder/work_queue.h"
#include "wire/channel.h"
#include "wire/child.h"
#include "wire/control.h"
#include "wire/internal.pb.h"
#include "wire/status.h"

namespace signet {
namespace {

constexpr std::size_t kMaxConfigBytes = std::size_t{1024} * 1024;
constexpr std::chrono::milliseconds kGrace{1000};  // beyond issue.sign_deadline, for a call of the module
constexpr std::chrono::milliseconds kBetweenWatches{200};
constexpr std::chrono::milliseconds kBetweenSyncs{1000};  // of the journal

/// The channel to one generation of the issuer.
struct IssuerLink {
  Channel channel;
  std::uint64_t generation;
};

struct Work {
  std::shared_ptr<IssuerLink> link;
  std::uint64_t id;
  internal::SignRequest request;
  std::chrono::microseconds received;  // on the monotonic clock
};

/// A thread that signs, and since when it has been at one request (monotonic; 0 = it waits for one).
struct Worker {
  explicit Worker(const OpenToken& token) : signer(token) {}
  Signer signer;
  std::atomic<std::int64_t> busy_since_micros{0};
};

/// What the supervisor gave in Start.
struct Startup {
  DaemonConfig config;
  std::string token;
};

Result<Startup> read_start(const Received<internal::SupervisorToChild>& received) {
  if (!received.message.has_start() || received.descriptors.size() != 1) {
    return fail(ErrorCode::kInternal, "the first message on the control socket is not Start with one descriptor");
  }
  const internal::Start& start = received.message.start();
  SIGNET_TRY(const Bytes text, read_memory_file(received.descriptors.front().get(), kMaxConfigBytes));
  SIGNET_TRY(DaemonConfig config, parse_daemon_config(text, start.config_file()));
  return Startup{.config = std::move(config), .token = start.token()};
}

/// Before any thread is there: setenv is not thread-safe.
void set_environment(const Startup& startup) {
  const auto token = startup.config.tokens.find(startup.token);
  if (token == startup.config.tokens.end()) return;  // open_token says so
  for (const auto& [name, value] : token->second.environment) setenv(name.c_str(), value.c_str(), 1);
}

void answer(const Work& work, const Result<SignatureValue>& result) {
  internal::KeyholderToIssuer message;
  message.set_id(work.id);
  if (result.has_value()) {
    message.set_signature(std::string(text_of(result->view())));
  } else {
    *message.mutable_error() = to_failure(result.error());
  }
  // An issuer that has gone knows what to do about answers it never got.
  static_cast<void>(work.link->channel.send(message));
}

[[noreturn]] void refuse_to_start(ControlChannel& control, const Error& error) {
  ops::error("cannot start", {{"why", error.message}});
  internal::ChildToSupervisor failed;
  *failed.mutable_failed() = to_failure(error);
  static_cast<void>(control.send(failed));
  _exit(1);
}

/// The threads: control (the one that calls run), one that opens the token, one reader per issuer link, the workers.
/// All but the first are detached, because the process ends by _exit under them; this object lives as long as the
/// process.
class Keyholder {
 public:
  Keyholder(ControlChannel& control, Startup startup)
      : control_(control), startup_(std::move(startup)), queue_(startup_.config.issue.queue) {}

  [[noreturn]] void run() {
    std::thread([this] { open(); }).detach();
    while (true) {
      auto received = control_.receive<internal::SupervisorToChild>();
      if (received.has_value()) {
        obey(*std::move(received));
      } else if (received.error().code == ErrorCode::kUnavailable) {
        _exit(0);  // the supervisor has gone
      } else {
        ops::error("a control message was not understood", {{"why", received.error().message}});
      }
    }
  }

 private:
  void open() {
    if (auto opened = open_everything(); !opened.has_value()) refuse_to_start(control_, opened.error());
    internal::ChildToSupervisor ready;
    ready.mutable_ready();
    if (!control_.send(ready).has_value()) _exit(0);
  }

  Result<void> open_everything() {
    SIGNET_TRY(OpenToken opened, open_token(startup_.config, startup_.token));
    token_ = std::make_unique<const OpenToken>(std::move(opened));
    SIGNET_TRY(memory_, Memory::open(startup_.config.state.directory, *token_, clock_));
    for (unsigned i = 0; i < token_->workers; ++i) SIGNET_CHECK(workers_.emplace_back(*token_).signer.open());
    SIGNET_CHECK(enter_sandbox({SandboxNeed::kReadFiles, SandboxNeed::kAppendToFiles}));
    for (Worker& worker : workers_) std::thread([this, &worker] { work(worker); }).detach();
    std::thread([this] { watch_workers(); }).detach();
    std::thread([this] { sync_memory(); }).detach();
    is_open_ = true;
    ops::info("token open", {{"token", token_->name},
                             {"label", printable(token_->info.label)},
                             {"module", token_->module->describe()},
                             {"workers", std::to_string(token_->workers)},
                             {"keys", std::to_string(token_->keys.size())}});
    return {};
  }

  void obey(Received<internal::SupervisorToChild> received) {
    switch (received.message.message_case()) {
      case internal::SupervisorToChild::kPeer:
        return take_peer(received.message.peer(), std::move(received.descriptors));
      case internal::SupervisorToChild::kDrain: return drain();
      default: ops::error("a control message does not concern a keyholder");
    }
  }

  void take_peer(const internal::Peer& peer, std::vector<UniqueFd> descriptors) {
    if (!is_open_ || peer.role() != internal::Peer::ROLE_ISSUER || descriptors.size() != 1 ||
        peer.generation() <= generation_) {
      ops::warning("dropped a peer that is not the next issuer, or came before this process was ready",
                   {{"generation", std::to_string(peer.generation())}});
      return;
    }
    generation_ = peer.generation();
    if (link_ != nullptr) link_->channel.shutdown();
    link_ = std::shared_ptr<IssuerLink>(new IssuerLink{Channel(std::move(descriptors.front())), peer.generation()});
    std::thread([this, link = link_] { read(link); }).detach();
  }

  /// Finishes on a thread of its own, so that the end of the supervisor is still noticed.
  void drain() {
    if (!is_open_) _exit(0);
    std::thread([this] {
      queue_.drain();
      leave_if_lost(memory_->sync());
      _exit(0);
    }).detach();
  }

  void read(const std::shared_ptr<IssuerLink>& link) {
    while (true) {
      auto received = link->channel.receive<internal::IssuerToKeyholder>();
      const auto taken = received.has_value() ? take(link, *std::move(received)) : std::unexpected(received.error());
      if (taken.has_value()) continue;
      if (taken.error().code != ErrorCode::kUnavailable) {
        ops::error("the issuer's message was not understood; its connection is closed",
                   {{"why", taken.error().message}, {"generation", std::to_string(link->generation)}});
      }
      return link->channel.shutdown();
    }
  }

  /// A description is given at once: it needs neither the token nor a turn behind what waits for a signature.
  Result<void> take(const std::shared_ptr<IssuerLink>& link, internal::IssuerToKeyholder received) {
    switch (received.question_case()) {
      case internal::IssuerToKeyholder::kSign:
        enqueue(Work{.link = link,
                     .id = received.id(),
                     .request = std::move(*received.mutable_sign()),
                     .received = clock_.monotonic()});
        return {};
      case internal::IssuerToKeyholder::kDescribe: {
        internal::KeyholderToIssuer message;
        message.set_id(received.id());
        *message.mutable_description() = describe(*token_, *memory_);
        return link->channel.send(message);
      }
      default: return fail(ErrorCode::kInvalidArgument, "it asks nothing");
    }
  }

  void enqueue(const Work& work) {
    if (queue_.push(work)) return;
    answer(work,
           fail_retryable(ErrorCode::kResourceExhausted,
                          fmt::format("token '{}' takes no more requests: its queue is full, or it is being drained",
                                      startup_.token),
                          std::chrono::milliseconds(100)));
  }

  void work(Worker& worker) {
    while (true) {
      const Work work = queue_.pop();
      worker.busy_since_micros = clock_.monotonic().count();
      serve(work, worker.signer);
      worker.busy_since_micros = 0;
      queue_.finished();
    }
  }

  /// A module that hangs in a call cannot be interrupted, but the process can be left: the supervisor starts it again,
  /// and the issuer has given the request up by then.
  void watch_workers() {
    const std::chrono::microseconds longest = startup_.config.issue.sign_deadline + kGrace;
    while (true) {
      std::this_thread::sleep_for(kBetweenWatches);
      const std::int64_t now = clock_.monotonic().count();
      for (const Worker& worker : workers_) {
        const std::int64_t since = worker.busy_since_micros;
        if (since == 0 || now - since < longest.count()) continue;
        ops::error("the token hangs in a call; leaving to be restarted", {{"token", token_->name}});
        _exit(1);
      }
    }
  }

  void sync_memory() {
    while (true) {
      std::this_thread::sleep_for(kBetweenSyncs);
      leave_if_lost(memory_->sync());
    }
  }

  /// A keyholder that cannot remember signs nothing. What it wrote is not to be trusted on this descriptor; the next
  /// one reads the file again.
  static void leave_if_lost(const Result<void>& memory) {
    if (memory.has_value()) return;
    ops::error("leaving to be restarted", {{"why", memory.error().message}});
    _exit(1);
  }

  void serve(const Work& work, Signer& signer) {
    if (work.link->generation != generation_)
      return;  // the issuer that asked has gone; the intent is closed by the next one
    if (clock_.monotonic() - work.received > startup_.config.issue.sign_deadline) {
      // The issuer has given this one up already: a signature would be one that nobody accounts for.
      return answer(work, fail_retryable(ErrorCode::kDeadlineExceeded,
                                         "the request waited longer than issue.sign_deadline; nothing was signed",
                                         std::chrono::milliseconds(100)));
    }
    const auto signature = sign_request(work.request, *token_, *memory_, signer, clock_);
    answer(work, signature);
    if (!signature.has_value()) leave_if_lost(memory_->health());
    if (!signer.token_is_lost()) return;
    ops::error("the token or its login is lost; leaving to be restarted", {{"token", token_->name}});
    _exit(1);
  }

  ControlChannel& control_;
  const Startup startup_;
  const Clock& clock_ = system_clock();
  WorkQueue<Work> queue_;
  std::atomic<bool> is_open_{false};  // token_ and memory_ are there, and stay as they are
  std::unique_ptr<const OpenToken> token_;
  std::unique_ptr<Memory> memory_;
  std::list<Worker> workers_;         // a list, because their threads hold references
  std::shared_ptr<IssuerLink> link_;  // of the control thread
  std::atomic<std::uint64_t> generation_{0};
};

}  // namespace

void run_keyholder() {
  auto socket = begin_child("signet-keyholder");
  if (!socket.has_value()) _exit(1);
  ControlChannel control(*std::move(socket));
  const auto received = control.receive<internal::SupervisorToChild>();
  if (!received.has_value() && received.error().code == ErrorCode::kUnavailable) _exit(0);
  if (!received.has_value()) refuse_to_start(control, received.error());
  auto startup = read_start(*received);
  if (!startup.has_value()) refuse_to_start(control, startup.error());
  set_environment(*startup);
  // Never destroyed: threads use it until _exit.
  auto* keyholder = new Keyholder(control, *std::move(startup));
  keyholder->run();
}

}  // namespace signet
