#include "supervisor/admin_desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ops_log.h"
#include "wire/status.h"

namespace signet {

namespace {

constexpr std::chrono::milliseconds kPatienceWithIssuer{1000};
constexpr std::chrono::milliseconds kInAMoment{1000};

/// The name of an act, as log and operations log have it, and the token it is about.
std::pair<std::string, std::string> name_of(const admin::Request& request) {
  switch (request.act_case()) {
    case admin::Request::kUnlock: return {"unlock", request.unlock().token()};
    case admin::Request::kDrain: return {"drain", request.drain().token()};
    case admin::Request::kUndrain: return {"undrain", request.undrain().token()};
    default: return {"reload", ""};
  }
}

std::string drained_text(const std::string& token) {
  return fmt::format("token '{}' is drained: nothing is in flight, and no process uses it", token);
}

std::unexpected<Error> too_many_wait() {
  return fail_retryable(ErrorCode::kUnavailable, "too many operators wait for the same already; wait with them",
                        kInAMoment);
}

internal::AdminAct report_of(const std::string& what, const std::string& token, const AdminPeer& peer, Time at,
                             const Result<std::string>& done) {
  internal::AdminAct report;
  report.set_act(what);
  report.set_token(token);
  report.set_uid(peer.uid);
  report.set_pid(static_cast<std::uint32_t>(peer.pid));
  report.set_at_micros(at.time_since_epoch().count());
  if (!done.has_value()) report.set_failure(printable(done.error().message, 1024));
  return report;
}

/// A wrong PIN is no matter of who asks: for the operator the token refused.
internal::Failure answer_of(Error error) {
  if (error.code == ErrorCode::kUnauthenticated) error.code = ErrorCode::kFailedPrecondition;
  return to_failure(error);
}

}  // namespace

void AdminDesk::serve(Time now) {
  socket_.serve(now, [this](AdminSocket::ConnectionId connection, const AdminPeer& peer, AdminRequest request) {
    take(connection, peer, std::move(request));
  });
}

void AdminDesk::act_on_time(Time now) {
  socket_.act_on_time(now);
  if (status_deadline_.has_value() && *status_deadline_ <= now)
    answer_status(nullptr, fmt::format("the issuer did not answer within {} ms", kPatienceWithIssuer.count()));
}

std::optional<AdminDesk::Time> AdminDesk::next_time() const {
  const std::optional<Time> of_socket = socket_.next_time();
  if (!of_socket.has_value() || !status_deadline_.has_value())
    return of_socket.has_value() ? of_socket : status_deadline_;
  return std::min(*of_socket, *status_deadline_);
}

void AdminDesk::take(AdminSocket::ConnectionId connection, const AdminPeer& peer, AdminRequest request) {
  if (request.message.has_status()) return begin_status(connection);
  auto [what, token] = name_of(request.message);
  const Act act{.connection = connection,
                .peer = peer,
                .what = std::move(what),
                .token = printable(token, 64),
                .at = world_.clock.now()};
  ops::info(
      "an operator asks",
      {{"act", act.what}, {"token", act.token}, {"uid", std::to_string(peer.uid)}, {"pid", std::to_string(peer.pid)}});
  if (!world_.reports.reserve()) {
    admin::Response response;
    *response.mutable_failure() = to_failure(
        fail(ErrorCode::kResourceExhausted,
             "too many acts wait for the issuer to log them, and what cannot be logged is not done; signet admin "
             "status says why it is not ready, and a restart of signetd begins anew")
            .error());
    return socket_.answer(connection, response);
  }
  switch (request.message.act_case()) {
    case admin::Request::kUnlock: return unlock(act, request.message.unlock(), std::move(request.pin));
    case admin::Request::kDrain: return drain(act);
    case admin::Request::kUndrain: return undrain(act);
    default: return reload(act);
  }
}

Result<Token*> AdminDesk::token_of(const Act& act) {
  Token* const token = world_.tokens.find(act.token);
  if (token != nullptr) return token;
  return fail(ErrorCode::kNotFound,
              fmt::format("there is no token '{}'; tokens are: {}", act.token, world_.tokens.names()), "token");
}

void AdminDesk::unlock(const Act& act, const admin::Unlock& wish, Secret pin) {
  const auto token = token_of(act);
  if (!token.has_value()) return decline(act, std::unexpected(token.error()));
  const Child& keyholder = *(*token)->keyholder;
  if ((*token)->door.drained()) return decline(act, fail(ErrorCode::kFailedPrecondition, (*token)->door.next_step()));
  if (keyholder.state() == Child::State::kReady)
    return decline(act, fmt::format("token '{}' is open already; nothing was done with the PIN", act.token));
  if (keyholder.pid() > 0) {
    return decline(act, fail_retryable(ErrorCode::kUnavailable,
                                       fmt::format("token '{}' is being opened at present; wait for that", act.token),
                                       kInAMoment));
  }
  if (const auto used = use_pin(**token, wish, std::move(pin)); !used.has_value())
    return decline(act, std::unexpected(used.error()));
  open(act, **token);
}

Result<void> AdminDesk::use_pin(Token& token, const admin::Unlock& wish, Secret pin) const {
  if (wish.configured() != pin.empty())
    return fail(ErrorCode::kInvalidArgument, "either a PIN or the configured one is to be tried: give one of them");
  if (wish.configured()) return token.door.open_again(wish.despite_count_low(), wish.despite_final_try());
  token.door.open_with(DoorKey{.pin = std::move(pin),
                               .despite_count_low = wish.despite_count_low(),
                               .despite_final_try = wish.despite_final_try()});
  return {};
}

void AdminDesk::open(const Act& act, Token& token) {
  opening_.emplace(act.token, act);
  world_.start_keyholder(*token.keyholder);
}

void AdminDesk::drain(const Act& act) {
  const auto token = token_of(act);
  if (!token.has_value()) return decline(act, std::unexpected(token.error()));
  if (draining_.count(act.token) >= kMostAlike) return decline(act, too_many_wait());
  const bool was_drained = (*token)->door.drained();
  if (was_drained && !(*token)->door.drained_is_noted().has_value())
    static_cast<void>((*token)->door.set_drained(true));  // the disk may take it now
  if (was_drained && (*token)->keyholder->pid() <= 0) return decline(act, drained_text(act.token));
  draining_.emplace(act.token, act);
  if (!was_drained) world_.tokens.drain(**token);
  if ((*token)->keyholder->pid() <= 0) has_left(act.token);
}

void AdminDesk::undrain(const Act& act) {
  const auto token = token_of(act);
  if (!token.has_value()) return decline(act, std::unexpected(token.error()));
  TokenDoor& door = (*token)->door;
  if (!door.drained()) {
    if (!door.drained_is_noted().has_value()) static_cast<void>(door.set_drained(false));  // likewise
    return decline(act, fmt::format("token '{}' was not drained; nothing was done", act.token));
  }
  if ((*token)->keyholder->pid() > 0) {
    return decline(act,
                   fail_retryable(ErrorCode::kUnavailable,
                                  fmt::format("token '{}' still finishes what is in flight; wait for that", act.token),
                                  kInAMoment));
  }
  world_.tokens.undrain(**token);
  if (door.state() != TokenDoor::State::kFree) return finish(act, door.next_step());
  open(act, **token);
}

void AdminDesk::reload(const Act& act) {
  if (world_.issuer().state() != Child::State::kReady) {
    return decline(
        act, fail_retryable(ErrorCode::kUnavailable,
                            "the issuer is not ready and takes no policy; signet admin status says why", kInAMoment));
  }
  if (reloading_ >= kMostAlike) return decline(act, too_many_wait());
  ++reloading_;
  world_.reload.want([this, act](const Result<void>& result) {
    --reloading_;
    const std::string sha256 = to_hex(world_.facts().loaded.rules.policy_sha256);
    finish(act, result.has_value() ? Result<std::string>(fmt::format("the policy {} is in force", sha256))
                                   : std::unexpected(result.error()));
  });
  world_.go_on_reloading();
}

void AdminDesk::opened(const std::string& token) {
  finish_all(opening_, token, fmt::format("token '{}' is open", token));
}

void AdminDesk::not_opened(const std::string& token, const Error& why) {
  finish_all(opening_, token, std::unexpected(why));
}

void AdminDesk::has_left(const std::string& token) {
  if (!world_.tokens.find(token)->door.drained()) return;
  finish_all(draining_, token, drained_text(token));
}

void AdminDesk::finish_all(std::multimap<std::string, Act>& acts, const std::string& token,
                           const Result<std::string>& done) {
  const auto [first, last] = acts.equal_range(token);
  std::vector<Act> finished;
  for (auto each = first; each != last; ++each) finished.push_back(each->second);
  acts.erase(first, last);
  for (const Act& act : finished) finish(act, done);
}

Result<std::string> AdminDesk::with_note(const Act& act, const Result<std::string>& done) const {
  if (act.what != "drain" && act.what != "undrain") return done;
  const Token* const token = world_.tokens.find(act.token);
  if (token == nullptr || token->door.drained_is_noted().has_value()) return done;
  const Error& why = token->door.drained_is_noted().error();
  return fail(why.code,
              fmt::format("{}; but this could not be noted ({}), so signetd, when it is started again, {}: "
                          "mend the state folder, then signet admin {} {} again",
                          done.has_value() ? *done : done.error().message, why.message,
                          token->door.drained() ? "uses the token" : "takes it for drained", act.what, act.token),
              why.field);
}

/// Logged first, then answered.
void AdminDesk::finish(const Act& act, const Result<std::string>& outcome) {
  const Result<std::string> done = with_note(act, outcome);
  world_.reports.add(report_of(act.what, act.token, act.peer, act.at, done));
  tell(act, done);
}

void AdminDesk::decline(const Act& act, const Result<std::string>& outcome) {
  const Result<std::string> why = with_note(act, outcome);
  world_.reports.give_back();
  world_.reports.add_idle(report_of(act.what, act.token, act.peer, act.at, why));
  tell(act, why);
}

void AdminDesk::tell(const Act& act, const Result<std::string>& done) {
  world_.reports.send(world_.issuer());
  ops::info(done.has_value() ? "an operator's act is done" : "an operator's act failed",
            {{"act", act.what},
             {"token", act.token},
             {"uid", std::to_string(act.peer.uid)},
             {"result", done.has_value() ? *done : done.error().message}});
  admin::Response response;
  if (done.has_value()) {
    response.mutable_done()->set_text(*done);
  } else {
    *response.mutable_failure() = answer_of(done.error());
  }
  socket_.answer(act.connection, response);
}

/// One question at a time: an issuer that does not answer is not asked again and again.
void AdminDesk::begin_status(AdminSocket::ConnectionId connection) {
  status_waits_.push_back(connection);
  Child& issuer = world_.issuer();
  if (issuer.state() != Child::State::kReady) {
    return answer_status(nullptr, issuer.pid() > 0 ? "the issuer is starting; it waits for the token of the log's key"
                                                   : "the issuer is down");
  }
  if (!status_deadline_.has_value()) status_deadline_ = std::chrono::steady_clock::now() + kPatienceWithIssuer;
  if (question_.has_value()) return;
  internal::SupervisorToChild message;
  message.mutable_status()->set_id(++last_question_);
  if (issuer.send(message).has_value()) question_ = last_question_;
}

void AdminDesk::answered(const internal::IssuerStatus& status) {
  if (status.id() != question_) return;
  question_.reset();
  answer_status(&status, {});
}

void AdminDesk::answer_status(const internal::IssuerStatus* issuer, const std::string& silent) {
  status_deadline_.reset();
  if (status_waits_.empty()) return;
  admin::Response response;
  *response.mutable_status() = status_report(world_.facts());
  if (issuer != nullptr) *response.mutable_status()->mutable_issuer() = *issuer;
  response.mutable_status()->set_issuer_silent(silent);
  for (const AdminSocket::ConnectionId connection : std::exchange(status_waits_, {}))
    socket_.answer(connection, response);
}

void AdminDesk::issuer_died() {
  question_.reset();
  answer_status(nullptr, "the issuer has just died");
}

void AdminDesk::stop() {
  const auto stopping = fail(ErrorCode::kUnavailable, "signetd is stopping");
  for (auto* const acts : {&opening_, &draining_}) {
    while (!acts->empty()) finish_all(*acts, std::string(acts->begin()->first), stopping);
  }
  world_.reload.stop();
  answer_status(nullptr, "signetd is stopping");
}

}  // namespace signet
