#include "issuer/keyholders.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <tuple>
#include <unordered_map>

#include "base/ops_log.h"
#include "issuer/token_trust.h"
#include "wire/channel.h"
#include "wire/status.h"

namespace signet {

namespace {

using Answer = Result<internal::KeyholderToIssuer>;
constexpr std::chrono::milliseconds kRetryAfter{500};
constexpr std::chrono::milliseconds kRetryAfterDrain{5000};
constexpr std::chrono::milliseconds kLongestSend{1000};  // a keyholder reads at once, whatever its token does

std::unexpected<Error> gone() {
  return fail_retryable(ErrorCode::kUnavailable, "the key's token does not answer at present", kRetryAfter);
}

std::unexpected<Error> drained_by_operator() {
  return fail_retryable(ErrorCode::kUnavailable, "an operator has taken the key's token out of use for now",
                        kRetryAfterDrain);
}

std::unexpected<Error> another_answer() {
  return fail(ErrorCode::kInternal, "the keyholder answered something else than it was asked");
}

/// One keyholder, from its start to its end. Answers come in on a thread of its own.
class Connection {
 public:
  Connection(UniqueFd socket, std::uint64_t generation, std::function<void()> on_lost)
      : channel_(std::move(socket), kLongestSend),
        generation_(generation),
        on_lost_(std::move(on_lost)),
        reader_([this] { read_answers(); }) {}
  ~Connection() {
    close();
    reader_.join();
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Everybody who waits fails; the object lives as long as one of them still looks at it.
  void close() noexcept { channel_.shutdown(); }

  bool open() const {
    const std::scoped_lock lock(mutex_);
    return open_;
  }
  std::uint64_t generation() const noexcept { return generation_; }
  TokenTrust& trust() noexcept { return trust_; }

  Answer ask(internal::IssuerToKeyholder question, std::chrono::milliseconds deadline) {
    auto waiting = expect_answer(question);
    if (!waiting.has_value()) return gone();
    if (!channel_.send(question).has_value()) {
      channel_.shutdown();  // the reader answers everybody, this caller included
    }
    if (waiting->wait_for(deadline) == std::future_status::ready) return waiting->get();
    return give_up(question.id(), *waiting, deadline);
  }

 private:
  /// Nothing when the connection has ended.
  std::optional<std::future<Answer>> expect_answer(internal::IssuerToKeyholder& question) {
    const std::scoped_lock lock(mutex_);
    if (!open_) return std::nullopt;
    question.set_id(++last_id_);
    return waiting_[question.id()].get_future();
  }

  Answer give_up(std::uint64_t id, std::future<Answer>& waiting, std::chrono::milliseconds deadline) {
    const std::scoped_lock lock(mutex_);
    if (waiting_.erase(id) == 0) return waiting.get();  // the answer came in this very moment
    return fail_retryable(ErrorCode::kDeadlineExceeded,
                          fmt::format("the key's token did not answer within {} ms", deadline.count()), kRetryAfter);
  }

  void read_answers() {
    while (true) {
      auto answer = channel_.receive<internal::KeyholderToIssuer>();
      if (!answer.has_value()) return end();
      deliver(*std::move(answer));
    }
  }

  void deliver(internal::KeyholderToIssuer answer) {
    const std::scoped_lock lock(mutex_);
    const auto found = waiting_.find(answer.id());
    if (found == waiting_.end()) return;  // nobody waits any more: its intent is orphaned already
    if (answer.has_error()) {
      found->second.set_value(std::unexpected(from_failure(answer.error())));
    } else {
      found->second.set_value(std::move(answer));
    }
    waiting_.erase(found);
  }

  void end() {
    channel_.shutdown();
    {
      const std::scoped_lock lock(mutex_);
      open_ = false;
      for (auto& [id, promise] : waiting_) promise.set_value(gone());
      waiting_.clear();
    }
    on_lost_();
  }

  Channel channel_;
  const std::uint64_t generation_;
  std::function<void()> on_lost_;
  TokenTrust trust_;
  mutable std::mutex mutex_;
  bool open_ = true;
  std::uint64_t last_id_ = 0;
  std::unordered_map<std::uint64_t, std::promise<Answer>> waiting_;
  std::thread reader_;  // last: it uses all of the above
};

/// Counts a caller as long as it is there.
class CountedIn {
 public:
  explicit CountedIn(std::atomic<std::uint32_t>& count) : count_(count) { ++count_; }
  ~CountedIn() { --count_; }
  CountedIn(const CountedIn&) = delete;
  CountedIn& operator=(const CountedIn&) = delete;

 private:
  std::atomic<std::uint32_t>& count_;
};

}  // namespace

struct KeyholderLink::Impl {
  mutable std::mutex mutex;
  mutable std::condition_variable connected;
  std::shared_ptr<Connection> connection;
  std::uint64_t generation = 0;
  std::uint32_t connects = 0;
  std::atomic<std::uint32_t> in_flight{0};
  std::atomic<std::uint64_t> asked{0};

  std::shared_ptr<Connection> current() const {
    const std::scoped_lock lock(mutex);
    return connection;
  }

  std::atomic<bool> away{false};
  std::atomic<bool> drained{false};
  std::function<void()> on_idle;  // when it is drained; under the mutex

  /// Whoever asks counts himself first and looks at `drained` then; whoever drains sets it first and looks at the count
  /// then. So nobody asks behind the last word.
  void tell_when_idle() {
    if (!drained || in_flight != 0) return;
    std::function<void()> told;
    {
      const std::scoped_lock lock(mutex);
      told = std::exchange(on_idle, nullptr);
    }
    if (told) told();
  }

  Answer ask(internal::IssuerToKeyholder question, std::chrono::milliseconds deadline) const {
    const auto now = current();
    if (now == nullptr) return gone();
    return now->ask(std::move(question), deadline);
  }

  /// As above, and the keyholder that was asked is trusted accordingly, though another one may have come meanwhile.
  Result<SignatureValue> ask_to_sign(internal::IssuerToKeyholder question, std::chrono::milliseconds deadline,
                                     const SignatureCheck& check) const {
    const auto now = current();
    if (now == nullptr) return gone();
    auto signature = signature_in(now->ask(std::move(question), deadline), check);
    now->trust().note(signature.has_value() ? Result<void>() : std::unexpected(signature.error()));
    return signature;
  }

  static Result<SignatureValue> signature_in(const Answer& answer, const SignatureCheck& check) {
    if (!answer.has_value()) return std::unexpected(answer.error());
    if (answer->answer_case() != internal::KeyholderToIssuer::kSignature) return another_answer();
    SignatureValue signature(copy_of(bytes_of(answer->signature())));
    if (check) SIGNET_CHECK(check(signature));
    return signature;
  }
};

KeyholderLink::KeyholderLink() : impl_(std::make_unique<Impl>()) {}
KeyholderLink::~KeyholderLink() = default;

void KeyholderLink::connect(UniqueFd socket, std::uint64_t generation, std::function<void()> on_lost) {
  std::shared_ptr<Connection> before;
  {
    const std::scoped_lock lock(impl_->mutex);
    if (generation <= impl_->generation) return;  // of an older pair
    impl_->generation = generation;
    ++impl_->connects;
    impl_->away = false;
    before = std::exchange(impl_->connection,
                           std::make_shared<Connection>(std::move(socket), generation, std::move(on_lost)));
  }
  impl_->connected.notify_all();
  if (before != nullptr) before->close();
}

bool KeyholderLink::connected() const { return generation() != 0; }

std::uint64_t KeyholderLink::generation() const {
  const auto connection = impl_->current();
  return connection != nullptr && connection->open() ? connection->generation() : 0;
}

bool KeyholderLink::wait_connected(std::chrono::milliseconds patience) const {
  std::unique_lock lock(impl_->mutex);
  return impl_->connected.wait_for(lock, patience,
                                   [&] { return impl_->connection != nullptr && impl_->connection->open(); });
}

std::uint32_t KeyholderLink::reconnects() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->connects == 0 ? 0 : impl_->connects - 1;
}

void KeyholderLink::drain(std::function<void()> on_idle) {
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->on_idle = std::move(on_idle);
  }
  impl_->drained = true;
  impl_->tell_when_idle();
}

void KeyholderLink::undrain() { impl_->drained = false; }

bool KeyholderLink::drained() const noexcept { return impl_->drained; }

void KeyholderLink::set_away(bool away) noexcept { impl_->away = away; }

bool KeyholderLink::away() const noexcept { return impl_->away; }

std::uint32_t KeyholderLink::in_flight() const noexcept { return impl_->in_flight; }

std::uint64_t KeyholderLink::asked() const noexcept { return impl_->asked; }

bool KeyholderLink::doubted() const {
  const auto connection = impl_->current();
  return connection != nullptr && connection->trust().doubted();
}

bool KeyholderLink::take_trial(std::chrono::microseconds now) const {
  const auto connection = impl_->current();
  return connection != nullptr && connection->trust().take_trial(now);
}

void KeyholderLink::refused_alone(std::uint64_t generation) {
  const auto connection = impl_->current();
  if (connection != nullptr && connection->generation() == generation) connection->trust().note_failure();
}

Result<SignatureValue> KeyholderLink::sign(internal::SignRequest request, std::chrono::milliseconds deadline,
                                           const SignatureCheck& check) {
  struct TellWhenIdle {
    Impl& impl;
    ~TellWhenIdle() { impl.tell_when_idle(); }
  };
  const TellWhenIdle tell{*impl_};  // when `counted` has gone
  const CountedIn counted(impl_->in_flight);
  if (impl_->drained) return drained_by_operator();
  ++impl_->asked;
  request.set_deadline_millis(static_cast<std::uint32_t>(std::max<std::int64_t>(deadline.count(), 1)));
  internal::IssuerToKeyholder question;
  *question.mutable_sign() = std::move(request);
  return impl_->ask_to_sign(std::move(question), deadline, check);
}

Result<internal::TokenDescription> KeyholderLink::describe(std::chrono::milliseconds deadline) {
  internal::IssuerToKeyholder question;
  question.mutable_describe();
  SIGNET_TRY(internal::KeyholderToIssuer answer, impl_->ask(std::move(question), deadline));
  if (!answer.has_description()) return another_answer();
  return std::move(*answer.mutable_description());
}

Keyholders::Keyholders(const DaemonConfig& config) {
  for (const auto& [name, token] : config.tokens) links_.emplace(name, std::make_unique<KeyholderLink>());
  for (const auto& [name, key] : config.keys) tokens_of_key_.emplace(name, key.tokens);
}

KeyholderLink* Keyholders::find_token(const std::string& token) const {
  const auto found = links_.find(token);
  return found == links_.end() ? nullptr : found->second.get();
}

const std::vector<std::string>& Keyholders::tokens_of(const std::string& key) const { return tokens_of_key_.at(key); }

KeyholderLink& Keyholders::of_key(const std::string& key) const { return *links_.at(token_of(key)); }

bool Keyholders::can_sign(const std::string& key) const {
  return std::ranges::any_of(tokens_of(key), [&](const std::string& token) { return links_.at(token)->usable(); });
}

std::vector<std::string> Keyholders::keys_of(const std::string& token) const {
  std::vector<std::string> keys;
  for (const auto& [key, tokens] : tokens_of_key_) {
    if (std::ranges::find(tokens, token) != tokens.end()) keys.push_back(key);
  }
  return keys;
}

namespace {

constexpr std::chrono::milliseconds kShortestTurn{10};  // in less, no token signs: the intent would be for nothing

}  // namespace

SigningRoute::SigningRoute(const Keyholders& keyholders, const std::string& key, std::chrono::milliseconds deadline,
                           const Clock& clock)
    : keyholders_(keyholders),
      tokens_(keyholders.tokens_of(key)),
      clock_(clock),
      give_up_at_(clock.monotonic() + deadline) {}

std::vector<std::string> SigningRoute::untried() const {
  std::vector<std::string> names;
  for (const std::string& token : tokens_) {
    if (!tried_.contains(token) && keyholders_.find_token(token)->usable()) names.push_back(token);
  }
  return names;
}

const std::string& SigningRoute::choose(const std::vector<std::string>& candidates) const {
  const auto link = [&](const std::string& token) -> const KeyholderLink& { return *keyholders_.find_token(token); };
  const auto now = clock_.monotonic();
  const auto trial = std::ranges::find_if(candidates, [&](const auto& token) { return link(token).take_trial(now); });
  if (trial != candidates.end()) return *trial;
  return *std::ranges::min_element(candidates, {}, [&](const std::string& token) {
    return std::tuple(link(token).doubted(), link(token).in_flight(), link(token).asked());
  });
}

std::optional<SigningRoute::Turn> SigningRoute::next() {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(give_up_at_ - clock_.monotonic());
  const std::vector<std::string> candidates = untried();
  if (candidates.empty() || left < kShortestTurn) return std::nullopt;
  const std::string& token = choose(candidates);
  tried_.insert(token);
  KeyholderLink* const link = keyholders_.find_token(token);
  return Turn{.link = link,
              .generation = link->generation(),
              .token = token,
              .patience = std::max(left / static_cast<std::int64_t>(candidates.size()), kShortestTurn)};
}

}  // namespace signet
