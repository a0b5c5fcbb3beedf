#include "keyholder/process.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "base/ops_log.h"
#include "base/sandbox.h"
#include "config/hsm_profile.h"
#include "keyholder/confine.h"
#include "keyholder/describe.h"
#include "keyholder/leave.h"
#include "keyholder/sign_request.h"
#include "keyholder/watch.h"
#include "wire/channel.h"
#include "wire/child.h"
#include "wire/control.h"
#include "wire/internal.pb.h"
#include "wire/status.h"

namespace signet {
namespace {

constexpr std::size_t kMaxConfigBytes = std::size_t{1024} * 1024;
constexpr unsigned kThreadsForEachSession = 2;  // one is at the token while the other one checks, notes and verifies
constexpr std::chrono::milliseconds kLongestSend{1000};  // an issuer reads at once; the watching thread answers, too

/// What the supervisor gave in Start.
struct Startup {
  DaemonConfig config;
  std::string token;
  HsmProfile profile;
  GivenPin pin;
};

Result<Startup> read_start(ControlChannel& control, const Received<internal::SupervisorToChild>& received) {
  if (!received.message.has_start() || received.descriptors.size() != 2) {
    return fail(ErrorCode::kInternal, "the first message on the control socket is not Start with two descriptors");
  }
  const internal::Start& start = received.message.start();
  SIGNET_TRY(const Bytes text, read_memory_file(received.descriptors[0].get(), kMaxConfigBytes));
  SIGNET_TRY(const Bytes profile_text, read_memory_file(received.descriptors[1].get(), kMaxConfigBytes));
  SIGNET_TRY(DaemonConfig config, parse_daemon_config(text, start.config_file()));
  SIGNET_TRY(HsmProfile profile, profile_of(config, start.token(), profile_text));
  if (!start.has_pin()) return fail(ErrorCode::kInternal, "Start says nothing of a PIN");
  SIGNET_TRY(Secret pin, control.receive_secret());
  const PinTolerance tolerance{.count_low = start.pin().despite_count_low(),
                               .final_try = start.pin().despite_final_try()};
  return Startup{.config = std::move(config),
                 .token = start.token(),
                 .profile = std::move(profile),
                 .pin = {.pin = std::move(pin), .tolerance = tolerance}};
}

/// Before any thread is there: setenv is not thread-safe.
void set_environment(const HsmProfile& profile) {
  for (const auto& [name, value] : profile.environment) setenv(name.c_str(), value.c_str(), 1);
}

[[noreturn]] void refuse_to_start(ControlChannel& control, const Error& error) {
  ops::error("cannot start", {{"why", error.message}});
  leave(control, error);
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
    say(ready);
  }

  /// What the supervisor has to know before this goes on.
  void say(const internal::ChildToSupervisor& message) {
    if (!control_.send(message).has_value()) _exit(0);
  }

  void say_that_it_still_reads() {
    internal::ChildToSupervisor message;
    message.mutable_still_starting();
    say(message);
  }

  [[nodiscard]] PinReports pin_reports() {
    return {.about_to_try =
                [this] {
                  begin_login();
                  internal::ChildToSupervisor message;
                  message.mutable_logging_in();
                  say(message);
                },
            .was_right =
                [this] {
                  internal::ChildToSupervisor message;
                  message.mutable_logged_in();
                  say(message);
                  end_login();
                }};
  }

  // A login that has begun is ended before this process leaves as it was told: signetd would have to believe that the
  // PIN was wrong.
  void begin_login() {
    const std::scoped_lock lock(login_mutex_);
    if (told_to_leave_) _exit(0);
    logs_in_ = true;
  }
  void end_login() {
    const std::scoped_lock lock(login_mutex_);
    logs_in_ = false;
    if (told_to_leave_) _exit(0);
  }
  void leave_before_it_is_open() {
    const std::scoped_lock lock(login_mutex_);
    told_to_leave_ = true;
    if (!logs_in_) _exit(0);
  }

  Result<void> open_everything() {
    SIGNET_TRY(OpenToken opened,
               open_token(startup_.config, startup_.token, startup_.profile, startup_.pin, pin_reports()));
    startup_.pin.pin = Secret();
    token_ = std::make_unique<const OpenToken>(std::move(opened));
    SIGNET_TRY(memory_, Memory::open(startup_.config.state, *token_, clock_, [this] { say_that_it_still_reads(); }));
    sessions_ = std::make_unique<SessionPool>(token_->sessions, clock_);
    health_ = std::make_unique<TokenHealth>(token_->restart_codes);
    SIGNET_CHECK(open_sessions(signing()));
    SIGNET_CHECK(enter_sandbox(sandbox_of_keyholder(startup_.config, startup_.token, startup_.profile)));
    start_threads();
    is_open_ = true;
    ops::info("token open", {{"token", token_->name},
                             {"label", printable(token_->info.label)},
                             {"module", token_->module->describe()},
                             {"sessions", std::to_string(token_->sessions)},
                             {"keys", std::to_string(token_->keys.size())}});
    return {};
  }

  void start_threads() {
    for (unsigned i = 0; i < token_->sessions * kThreadsForEachSession; ++i) workers_.emplace_back();
    watch_ = std::make_unique<Watch>(WatchWorld{
        .control = control_, .signing = signing(), .memory = *memory_, .queue = queue_, .workers = workers_});
    watch_->start();
    for (Worker& worker : workers_) std::thread([this, &worker] { work(worker); }).detach();
  }

  [[nodiscard]] SigningWorld signing() const {
    return {.token = *token_, .sessions = *sessions_, .health = *health_, .clock = clock_};
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
    link_ = std::shared_ptr<IssuerLink>(
        new IssuerLink{Channel(std::move(descriptors.front()), kLongestSend), peer.generation()});
    std::thread([this, link = link_] { read(link); }).detach();
  }

  /// Finishes on a thread of its own, so that the end of the supervisor is still noticed.
  void drain() {
    if (!is_open_) return leave_before_it_is_open();
    std::thread([this] {
      static_cast<void>(queue_.drain(token_->deadline + kGrace));  // longer than that, only what hangs takes
      watch_->leave_if_lost(memory_->sync());
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
      case internal::IssuerToKeyholder::kSign: enqueue(link, received); return {};
      case internal::IssuerToKeyholder::kDescribe: {
        internal::KeyholderToIssuer message;
        message.set_id(received.id());
        *message.mutable_description() = describe(*token_, *memory_);
        return link->channel.send(message);
      }
      default: return fail(ErrorCode::kInvalidArgument, "it asks nothing");
    }
  }

  void enqueue(const std::shared_ptr<IssuerLink>& link, internal::IssuerToKeyholder& received) {
    auto work = std::make_shared<Work>();
    work->link = link;
    work->id = received.id();
    work->request = std::move(*received.mutable_sign());
    work->give_up_at = clock_.monotonic() + patience_for(work->request);
    watch_->note_request();
    if (queue_.push(work)) return;
    answer(*work,
           fail_retryable(ErrorCode::kResourceExhausted,
                          fmt::format("token '{}' takes no more requests: its queue is full, or its keyholder is about "
                                      "to leave; nothing was signed",
                                      startup_.token),
                          std::chrono::milliseconds(100)));
  }

  /// The token's deadline, or that of the issuer, which may have another token to go to.
  [[nodiscard]] std::chrono::milliseconds patience_for(const internal::SignRequest& request) const {
    if (request.deadline_millis() == 0) return token_->deadline;
    return std::min(token_->deadline, std::chrono::milliseconds(request.deadline_millis()));
  }

  void work(Worker& worker) {
    while (true) {
      const WorkPtr work = queue_.pop();
      worker.begin(work);
      serve(*work);
      worker.end();
      queue_.finished();
    }
  }

  void serve(Work& work) {
    if (work.link->generation != generation_)
      return;  // the issuer that asked has gone; the intent is closed by the next one
    if (clock_.monotonic() > work.give_up_at) {
      // The issuer has given this one up already: a signature would be one that nobody accounts for.
      return answer(work, fail_retryable(ErrorCode::kDeadlineExceeded,
                                         "the request waited longer than its deadline; nothing was signed",
                                         std::chrono::milliseconds(100)));
    }
    Signer signer(signing(), work.give_up_at);
    const auto signature = sign_request(work.request, *token_, *memory_, signer, clock_);
    answer(work, signature);
    if (signature.has_value()) return;
    watch_->leave_if_lost(memory_->health());
    watch_->leave_if_token_is_lost();
  }

  ControlChannel& control_;
  Startup startup_;  // does not change once the token is open
  const Clock& clock_ = system_clock();
  WorkQueue<WorkPtr> queue_;
  std::mutex login_mutex_;            // guards the next two
  bool logs_in_ = false;              // a PIN is being tried
  bool told_to_leave_ = false;        // before the token was open
  std::atomic<bool> is_open_{false};  // token_ and memory_ are there, and stay as they are
  std::unique_ptr<const OpenToken> token_;
  std::unique_ptr<Memory> memory_;
  std::unique_ptr<SessionPool> sessions_;
  std::unique_ptr<TokenHealth> health_;
  std::list<Worker> workers_;         // a list, because their threads hold references
  std::unique_ptr<Watch> watch_;      // likewise as token_
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
  auto startup = read_start(control, *received);
  if (!startup.has_value()) refuse_to_start(control, startup.error());
  set_environment(startup->profile);
  // Never destroyed: threads use it until _exit.
  auto* keyholder = new Keyholder(control, *std::move(startup));
  keyholder->run();
}

}  // namespace signet
