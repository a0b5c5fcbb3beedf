// The operator's socket with clients that may use it, may not, or do not behave.
#include "supervisor/admin_socket.h"

#include <gmock/gmock.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "support/temp_directory.h"
#include "wire/status.h"

namespace signet::test {
namespace {

using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

constexpr uid_t kNobody = 65534;
constexpr const char* kGroup = "nogroup";  // Debian's: 65534

UniqueFd connected_to(const std::string& path) {
  UniqueFd socket_fd{socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (connect(socket_fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  return socket_fd;
}

admin::Request drain_request() {
  admin::Request request;
  request.mutable_drain()->set_token("soft");
  return request;
}

class Socket : public testing::Test {
 protected:
  /// Open to whoever reaches it: what keeps others out here are the credentials alone.
  void open(const std::string& group = {}) {
    auto opened = AdminSocket::open({.socket = path(), .group = group});
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    socket_.emplace(*std::move(opened));
    ASSERT_EQ(chmod((directory_ / "").c_str(), 0755), 0);
    ASSERT_EQ(chmod(path().c_str(), 0666), 0);
  }

  /// Serves until the child has left; its exit status.
  int serve_child(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) serve_once();
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  /// As the supervisor's loop does it; every request is done.
  void serve_once(int wait_millis = 20) {
    std::vector<pollfd> watched;
    socket_->watch(watched);
    poll(watched.data(), watched.size(), wait_millis);
    const auto begin = Clock::now();
    socket_->serve(now(), [this](AdminSocket::ConnectionId id, const AdminPeer& peer, const AdminRequest& request) {
      ++requests_;
      last_peer_ = peer;
      if (!answers_) return;
      admin::Response response;
      response.mutable_done()->set_text(request.message.drain().token());
      socket_->answer(id, response);
    });
    socket_->act_on_time(now());
    EXPECT_LT(Clock::now() - begin, std::chrono::seconds(1)) << "nobody makes it wait";
  }

  [[nodiscard]] AdminSocket::Time now() const { return Clock::now() + later_; }
  [[nodiscard]] std::string path() const { return directory_ / "admin.socket"; }

  TempDirectory directory_;
  std::optional<AdminSocket> socket_;
  int requests_ = 0;
  AdminPeer last_peer_;
  bool answers_ = true;
  Clock::duration later_{0};
};

/// A child with these ids asks once. 0: it was served; 1: it was refused, with the reason; 2: anything else.
pid_t ask_as(const std::string& path, uid_t uid, gid_t gid, std::vector<gid_t> groups) {
  const pid_t child = fork();
  if (child != 0) return child;
  if (setgroups(groups.size(), groups.data()) != 0 || setgid(gid) != 0 || setuid(uid) != 0) _exit(3);
  const UniqueFd socket_fd = connected_to(path);
  if (!socket_fd.valid()) _exit(4);
  static_cast<void>(send_admin_request(socket_fd.get(), drain_request(), Secret()));
  const auto answer = receive_admin_response(socket_fd.get(), std::chrono::seconds(10));
  if (!answer.has_value()) _exit(2);
  if (answer->has_done()) _exit(0);
  const Error error = from_failure(answer->failure());
  const bool said = error.code == ErrorCode::kPermissionDenied &&
                    error.message.find("may not use the operator's socket") != std::string::npos;
  _exit(said ? 1 : 2);
}

TEST_F(Socket, ServesRootAndRefusesAnotherUser) {
  ASSERT_EQ(geteuid(), 0U) << "this test takes on other users' ids";
  open();
  EXPECT_EQ(serve_child(ask_as(path(), 0, 0, {})), 0);
  EXPECT_EQ(last_peer_.uid, 0U);
  EXPECT_EQ(serve_child(ask_as(path(), kNobody, kNobody, {})), 1);
  EXPECT_EQ(requests_, 1) << "what a refused one asks is not even read";
}

TEST_F(Socket, ServesTheMembersOfItsGroupByTheirFirstGroupOrAnother) {
  ASSERT_EQ(geteuid(), 0U) << "this test takes on other users' ids";
  const group* const found = getgrnam(kGroup);
  ASSERT_NE(found, nullptr);
  const gid_t gid = found->gr_gid;
  open(kGroup);
  EXPECT_EQ(serve_child(ask_as(path(), kNobody, gid, {})), 0);
  EXPECT_EQ(last_peer_.uid, kNobody);
  EXPECT_EQ(serve_child(ask_as(path(), 1, 1, {gid})), 0);
  EXPECT_EQ(serve_child(ask_as(path(), 1, 1, {1, 2, 3})), 1);
  EXPECT_EQ(requests_, 2);
}

TEST_F(Socket, OfAGroupThatDoesNotExistIsAnError) {
  const auto opened = AdminSocket::open({.socket = path(), .group = "no-such-group-here"});
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().field, "admin.group");
}

TEST_F(Socket, IsNotTakenFromADaemonThatRuns) {
  open();
  const auto second = AdminSocket::open({.socket = path(), .group = {}});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(second.error().message, HasSubstr("another process holds this lock"));
  EXPECT_TRUE(connected_to(path()).valid());
  socket_.reset();
  EXPECT_FALSE(std::filesystem::exists(path())) << "it goes with its daemon";
  EXPECT_TRUE(AdminSocket::open({.socket = path(), .group = {}}).has_value());
}

/// Sends these bytes, and what became of it.
Error said_to(const std::string& path, const std::string& bytes, const std::function<void()>& serve) {
  const UniqueFd socket_fd = connected_to(path);
  EXPECT_EQ(send(socket_fd.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  serve();
  serve();
  const auto answer = receive_admin_response(socket_fd.get(), std::chrono::seconds(5));
  if (!answer.has_value()) return answer.error();
  return answer->has_failure() ? from_failure(answer->failure()) : Error{.message = "done"};
}

TEST_F(Socket, AnswersGarbageWithTheReasonAndGoesOn) {
  open();
  const auto serve = [this] { serve_once(); };
  EXPECT_THAT(said_to(path(), "x", serve).message, HasSubstr("shorter than its PIN record"));
  EXPECT_THAT(said_to(path(), std::string(300, '\xFF'), serve).message, HasSubstr("not a valid"));
  EXPECT_THAT(said_to(path(), std::string(256, '\0') + "\xFF\xFF", serve).message, HasSubstr("not a valid"));
  EXPECT_THAT(said_to(path(), std::string(100'000, '\0'), serve).message, HasSubstr("too long"));
  EXPECT_EQ(requests_, 0);
  EXPECT_EQ(serve_child(ask_as(path(), 0, 0, {})), 0);
}

TEST_F(Socket, ClosesWhoeverDoesNotAsk) {
  open();
  const UniqueFd silent = connected_to(path());
  serve_once();
  EXPECT_TRUE(socket_->next_time().has_value());
  later_ = AdminSocket::kTimeToAsk + std::chrono::seconds(1);
  serve_once();
  EXPECT_FALSE(socket_->next_time().has_value());
  char byte = 0;
  EXPECT_EQ(recv(silent.get(), &byte, 1, MSG_DONTWAIT), 0) << "closed";
}

TEST_F(Socket, ManyThatDoNotAskKeepNobodyOut) {
  open();
  std::vector<UniqueFd> silent;
  for (std::size_t i = 0; i < 3 * AdminSocket::kMostConnections; ++i) {
    silent.push_back(connected_to(path()));
    serve_once(0);
  }
  std::vector<pollfd> watched;
  socket_->watch(watched);
  EXPECT_EQ(watched.size(), AdminSocket::kMostConnections + 1) << "bounded";
  EXPECT_EQ(serve_child(ask_as(path(), 0, 0, {})), 0);
}

TEST_F(Socket, ThoseThatWaitForAnswersAreNotPushedOut) {
  open();
  answers_ = false;
  std::vector<UniqueFd> waiting;
  for (std::size_t i = 0; i < AdminSocket::kMostConnections; ++i) {
    waiting.push_back(connected_to(path()));
    ASSERT_TRUE(send_admin_request(waiting.back().get(), drain_request(), Secret()).has_value());
    serve_once();
    serve_once();
  }
  EXPECT_EQ(requests_, static_cast<int>(AdminSocket::kMostConnections));
  EXPECT_EQ(serve_child(ask_as(path(), 0, 0, {})), 2) << "closed without an answer";
  waiting.pop_back();  // who leaves makes room
  serve_once();
  answers_ = true;
  EXPECT_EQ(serve_child(ask_as(path(), 0, 0, {})), 0);
}

TEST_F(Socket, ServesSeveralOperatorsAtOnce) {
  open();
  std::atomic<int> served{0};
  std::atomic<bool> done{false};
  std::vector<std::thread> operators;
  for (int i = 0; i < 8; ++i) {
    operators.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        const UniqueFd socket_fd = connected_to(path());
        if (!send_admin_request(socket_fd.get(), drain_request(), Secret()).has_value()) continue;
        const auto answer = receive_admin_response(socket_fd.get(), std::chrono::seconds(10));
        if (answer.has_value() && answer->done().text() == "soft") ++served;
      }
    });
  }
  std::thread end([&] {
    for (std::thread& each : operators) each.join();
    done = true;
  });
  while (!done) serve_once();
  end.join();
  EXPECT_EQ(served, 160);
}

}  // namespace
}  // namespace signet::test
