// What the desk does with what operators ask, without signetd around it. The issuer is a fake child.
#include "supervisor/admin_desk.h"

#include <gmock/gmock.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>

#include "supervisor/links.h"
#include "support/command.h"
#include "support/temp_directory.h"
#include "wire/status.h"

namespace signet::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

ChildPlan plan_of(std::string_view process, const TempDirectory& folder, const std::string& token = {}) {
  ChildPlan plan{.process = std::string(process),
                 .path = std::string(SIGNET_BIN_DIR) + "/test_fake_child",
                 .start = {},
                 .descriptors = {}};
  plan.start.set_config_file(folder / "signet.toml");
  plan.start.set_token(token);
  return plan;
}

class Desk : public testing::Test {
 protected:
  Desk() {
    TokenConfig& token = loaded_.config.tokens["soft"];
    token.name = "soft";
    token.pin.source = PinSource::kOperator;
    children_.emplace_back(plan_of(kIssuer, folder_));
    children_.emplace_back(plan_of(kKeyholder, folder_, "soft"));
    tokens_.emplace(loaded_.config, folder_ / "state");
    tokens_->know(children_);
    desk_.emplace(AdminDeskWorld{.tokens = *tokens_,
                                 .reload = reload_,
                                 .reports = reports_,
                                 .clock = system_clock(),
                                 .issuer = [this]() -> Child& { return issuer(); },
                                 .facts = [this] { return facts(); },
                                 .start_keyholder = [this](Child&) { ++opened_; },
                                 .go_on_reloading = [] {}},
                  AdminSocket::open({.socket = path(), .group = {}}).value());
  }
  ~Desk() override {
    for (Child& child : children_) {
      if (child.pid() <= 0) continue;
      child.kill_now();
      waitpid(child.pid(), nullptr, 0);
      child.reaped();
    }
  }

  Child& issuer() { return children_[0]; }
  DaemonFacts facts() {
    return {
        .loaded = loaded_, .children = children_, .tokens = *tokens_, .state = "test", .address = "", .started = {}};
  }
  [[nodiscard]] std::string path() const { return folder_ / "admin.socket"; }

  static admin::Request drain(const std::string& token = "soft") {
    admin::Request request;
    request.mutable_drain()->set_token(token);
    return request;
  }
  static admin::Request undrain() {
    admin::Request request;
    request.mutable_undrain()->set_token("soft");
    return request;
  }
  static admin::Request unlock() {
    admin::Request request;
    request.mutable_unlock()->set_token("soft");
    return request;
  }
  static admin::Request reload() {
    admin::Request request;
    request.mutable_reload();
    return request;
  }

  /// The desk has taken it when this returns.
  UniqueFd ask(const admin::Request& request, std::string_view pin = {}) {
    UniqueFd socket = connect_to_daemon(path()).value();
    EXPECT_TRUE(send_admin_request(socket.get(), request, pin.empty() ? Secret() : Secret(bytes_of(pin))).has_value());
    for (int turn = 0; turn < 2; ++turn) desk_->serve(std::chrono::steady_clock::now());  // connect, read
    return socket;
  }
  static bool is_answered(const UniqueFd& socket) {
    pollfd watched{.fd = socket.get(), .events = POLLIN, .revents = 0};
    return poll(&watched, 1, 0) > 0;
  }
  /// The sentence of what was done, or the failure.
  static Result<std::string> answer(const UniqueFd& socket) {
    SIGNET_TRY(const admin::Response response, receive_admin_response(socket.get(), seconds(10)));
    if (response.has_failure()) return std::unexpected(from_failure(response.failure()));
    return response.done().text();
  }
  Error refusal(const admin::Request& request, std::string_view pin = {}) {
    const auto got = answer(ask(request, pin));
    return got.has_value() ? Error{.code = ErrorCode::kInternal, .message = *got} : got.error();
  }

  void start(Child& child) {
    const DoorKey key{.pin = Secret(bytes_of("1234"))};
    ASSERT_TRUE(child.start(child.token().empty() ? nullptr : &key).has_value());
    ASSERT_TRUE(eventually([&] {
      static_cast<void>(child.read_control());
      return child.state() == Child::State::kReady;
    }));
  }
  /// Sends the issuer what waits, until it has recorded so many reports. What it noted of them.
  std::vector<std::string> logged(std::size_t count) {
    std::size_t recorded = 0;
    EXPECT_TRUE(eventually([&] {
      reports_.send(issuer());
      for (auto said = issuer().read_control(); said.has_value(); said = issuer().read_control()) {
        if (!said->has_recorded()) continue;
        reports_.recorded(said->recorded().report());
        ++recorded;
      }
      return recorded >= count;
    }));
    EXPECT_EQ(recorded, count);
    std::vector<std::string> lines;
    std::ifstream notes(folder_ / "signet-issuer.seen");
    for (std::string line; std::getline(notes, line);) {
      if (line.starts_with("act ")) lines.push_back(line);
    }
    return lines;
  }

  const TempDirectory folder_;
  LoadedConfig loaded_;
  Reload reload_{loaded_};
  LogReports reports_;
  std::deque<Child> children_;
  std::optional<Tokens> tokens_;
  int opened_ = 0;
  std::optional<AdminDesk> desk_;
};

TEST_F(Desk, RefusedActsLeaveRoomForTheOneThatOpensTheToken) {
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(refusal(drain("nowhere")).code, ErrorCode::kNotFound) << i;
  const UniqueFd waiting = ask(unlock(), "1234");
  EXPECT_EQ(opened_, 1);
  EXPECT_FALSE(is_answered(waiting));
  desk_->opened("soft");
  EXPECT_EQ(answer(waiting).value(), "token 'soft' is open");
  start(issuer());
  const auto acts = logged(LogReports::kMostIdleActs + 2);
  EXPECT_THAT(acts[0], HasSubstr("act drain nowhere failed: there is no token 'nowhere'; tokens are: soft"));
  EXPECT_EQ(acts[LogReports::kMostIdleActs], "act unlock soft ok");
  EXPECT_THAT(acts.back(), HasSubstr("799 acts before it changed nothing either")) << "and it is the thousandth";
}

TEST_F(Desk, AnActThatFoundNothingToDoIsLoggedAsDone) {
  EXPECT_EQ(answer(ask(undrain())).value(), "token 'soft' was not drained; nothing was done");
  start(issuer());
  EXPECT_THAT(logged(1), testing::ElementsAre("act undrain soft ok"));
}

TEST_F(Desk, WhatCannotBeLoggedIsNotDone) {
  while (reports_.reserve()) {
  }
  const Error refused = refusal(drain());
  EXPECT_EQ(refused.code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(refused.message, HasSubstr("what cannot be logged is not done"));
  EXPECT_FALSE(tokens_->find("soft")->door.drained());
  reports_.give_back();
  EXPECT_TRUE(answer(ask(drain())).has_value());
  EXPECT_TRUE(tokens_->find("soft")->door.drained());
}

TEST_F(Desk, AnActHasItsRoomFromItsBeginning) {
  for (std::size_t i = 1; i < LogReports::kMostActs; ++i) ASSERT_TRUE(reports_.reserve());
  const UniqueFd waiting = ask(unlock(), "1234");  // takes the last room, and its time
  EXPECT_EQ(refusal(drain()).code, ErrorCode::kResourceExhausted);
  desk_->opened("soft");
  EXPECT_EQ(answer(waiting).value(), "token 'soft' is open");
  start(issuer());
  EXPECT_THAT(logged(1), testing::ElementsAre("act unlock soft ok"));
}

TEST_F(Desk, EveryActGivesItsRoomBack) {
  start(issuer());
  for (std::size_t i = 0; i < LogReports::kMostActs + 10; ++i) {
    const UniqueFd waiting = ask(unlock(), "1234");
    desk_->not_opened("soft", Error{.code = ErrorCode::kUnauthenticated, .message = "CKR_PIN_INCORRECT"});
    ASSERT_EQ(answer(waiting).error().code, ErrorCode::kFailedPrecondition) << i;
    EXPECT_EQ(refusal(drain("nowhere")).code, ErrorCode::kNotFound);
    ASSERT_THAT(answer(ask(drain())).value(), HasSubstr("is drained")) << i;
    const UniqueFd undraining = ask(undrain());  // with the PIN that was not tried, since nobody is started here
    desk_->opened("soft");
    ASSERT_EQ(answer(undraining).value(), "token 'soft' is open") << i;
    const UniqueFd reloading = ask(reload());
    reload_.stop();
    ASSERT_EQ(answer(reloading).error().message, "signetd is stopping") << i;
    static_cast<void>(logged(5));
  }
}

TEST_F(Desk, ADrainThatTheNextSignetdWillNotKnowOfIsDoneAndTheAnswerAndTheLogSayIt) {
  const std::string note = folder_ / "state/token-soft.drained";
  std::filesystem::create_directories(note + "/in the way");
  const Error answered = refusal(drain());
  EXPECT_THAT(answered.message, testing::AllOf(HasSubstr("token 'soft' is drained: nothing is in flight"),
                                               HasSubstr("but this could not be noted"), HasSubstr(note),
                                               HasSubstr("when it is started again, uses the token"),
                                               HasSubstr("signet admin drain soft")));
  EXPECT_TRUE(tokens_->find("soft")->door.drained());
  start(issuer());
  EXPECT_THAT(logged(1), testing::ElementsAre(HasSubstr("act drain soft failed: token 'soft' is drained")));

  std::filesystem::remove_all(note);
  EXPECT_THAT(answer(ask(drain())).value(), HasSubstr("is drained")) << "once more, and it is noted";
  EXPECT_TRUE(std::filesystem::is_regular_file(note));
}

TEST_F(Desk, AnUndrainThatTheNextSignetdWillNotKnowOfIsDoneAndTheAnswerSaysIt) {
  const std::string note = folder_ / "state/token-soft.drained";
  ASSERT_TRUE(answer(ask(drain())).has_value());
  std::filesystem::remove(note);
  std::filesystem::create_directories(note + "/in the way");
  EXPECT_THAT(refusal(undrain()).message,
              testing::AllOf(HasSubstr("token 'soft' waits for its PIN"), HasSubstr("but this could not be noted"),
                             HasSubstr("when it is started again, takes it for drained"),
                             HasSubstr("signet admin undrain soft")));
  EXPECT_FALSE(tokens_->find("soft")->door.drained());

  std::filesystem::remove_all(note);
  EXPECT_THAT(answer(ask(undrain())).value(), HasSubstr("was not drained")) << "and nothing is left";
}

TEST_F(Desk, OperatorsThatWaitForTheSameAreLimited) {
  start(issuer());
  for (std::size_t i = 0; i < AdminDesk::kMostAlike; ++i) EXPECT_FALSE(is_answered(ask(reload())));  // and goes
  const Error refused = refusal(reload());
  EXPECT_EQ(refused.code, ErrorCode::kUnavailable);
  EXPECT_TRUE(refused.retryable);
  EXPECT_THAT(refused.message, HasSubstr("too many operators wait"));
  start(children_[1]);  // a keyholder that finishes what is in flight
  for (std::size_t i = 0; i < AdminDesk::kMostAlike; ++i) EXPECT_FALSE(is_answered(ask(drain())));
  EXPECT_THAT(refusal(drain()).message, HasSubstr("too many operators wait"));
}

TEST_F(Desk, WhoeverWaitsIsToldThatSignetdStops) {
  start(issuer());
  std::vector<UniqueFd> waiting;
  waiting.push_back(ask(unlock(), "1234"));
  waiting.push_back(ask(reload()));
  start(children_[1]);
  waiting.push_back(ask(drain()));
  admin::Request status;
  status.mutable_status();
  const UniqueFd asks_for_status = ask(status);
  for (const UniqueFd& each : waiting) EXPECT_FALSE(is_answered(each));
  EXPECT_FALSE(is_answered(asks_for_status));
  desk_->stop();
  for (const UniqueFd& each : waiting) {
    const auto told = answer(each);
    ASSERT_FALSE(told.has_value());
    EXPECT_EQ(told.error().message, "signetd is stopping");
  }
  const auto last = receive_admin_response(asks_for_status.get(), seconds(10));
  ASSERT_TRUE(last.has_value()) << last.error().message;
  EXPECT_EQ(last->status().issuer_silent(), "signetd is stopping");
  EXPECT_EQ(logged(3).size(), 3U);
}

}  // namespace
}  // namespace signet::test
