// A secret that is asked for on a terminal, and what comes in between.
#include <gmock/gmock.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "base/file.h"
#include "base/secret.h"

namespace signet {
namespace {

using testing::HasSubstr;

constexpr std::string_view kTyped = "1234";

bool echoes(int terminal) {
  termios now{};
  return tcgetattr(terminal, &now) == 0 && (now.c_lflag & ECHO) != 0;
}

/// Asks and shows the error, if there is one. 0 when what was typed came out.
int ask() {
  const auto secret = ask_secret("PIN");
  if (!secret.has_value()) {
    static_cast<void>(write_all(STDOUT_FILENO, bytes_of("error: " + secret.error().message + "\n")));
    return 1;
  }
  return secret->expose([](std::span<const std::uint8_t> bytes) { return text_of(bytes) == kTyped; }) ? 0 : 2;
}

/// A process on a terminal of its own.
class OnATerminal {
 public:
  explicit OnATerminal(const std::function<int()>& act) {
    int master = -1;
    child_ = forkpty(&master, nullptr, nullptr, nullptr);
    if (child_ == 0) _exit(act());
    master_ = UniqueFd{master};
  }
  ~OnATerminal() {
    if (child_ > 0) kill(child_, SIGKILL);
    if (child_ > 0) waitpid(child_, nullptr, 0);
  }
  OnATerminal(const OnATerminal&) = delete;
  OnATerminal& operator=(const OnATerminal&) = delete;

  /// Until it asks and hides what is typed, for the `time`th time.
  void wait_until_it_asks(std::size_t time = 1) {
    while (times_asked() < time && read_more()) continue;
    ASSERT_EQ(times_asked(), time) << shown_;
    while (echoes(master_.get())) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  void type(std::string_view text) const { ASSERT_TRUE(write_all(master_.get(), bytes_of(text)).has_value()); }
  void signal(int number) const { ASSERT_EQ(kill(child_, number), 0); }
  [[nodiscard]] bool shows_what_is_typed() const { return echoes(master_.get()); }
  /// Its status, or 128 + signal.
  int wait() {
    while (read_more()) continue;
    int how = 0;
    waitpid(std::exchange(child_, -1), &how, 0);
    return WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
  }
  [[nodiscard]] const std::string& shown() const { return shown_; }

 private:
  [[nodiscard]] std::size_t times_asked() const {
    std::size_t times = 0;
    for (std::size_t at = shown_.find("PIN: "); at != std::string::npos; at = shown_.find("PIN: ", at + 1)) ++times;
    return times;
  }
  bool read_more() {
    std::array<char, 256> some{};
    const ssize_t got = read(master_.get(), some.data(), some.size());
    if (got > 0) shown_.append(some.data(), static_cast<std::size_t>(got));
    return got > 0;
  }

  pid_t child_ = -1;
  UniqueFd master_;
  std::string shown_;
};

/// As a shell does it: the job has the terminal until it stops, and gets it back (fg).
int ask_as_a_job() {
  ::signal(SIGTTOU, SIG_IGN);
  const pid_t job = fork();
  if (job == 0) {
    if (setpgid(0, 0) != 0 || tcsetpgrp(STDIN_FILENO, getpid()) != 0) _exit(97);
    ::signal(SIGTTOU, SIG_DFL);
    _exit(ask());
  }
  int how = 0;
  if (waitpid(job, &how, WUNTRACED) != job || !WIFSTOPPED(how)) return 98;
  if (WSTOPSIG(how) != SIGTSTP || !echoes(STDIN_FILENO)) return 99;
  if (tcsetpgrp(STDIN_FILENO, getpgrp()) != 0 || tcsetpgrp(STDIN_FILENO, job) != 0) return 96;
  kill(job, SIGCONT);
  waitpid(job, &how, 0);
  return WIFEXITED(how) ? WEXITSTATUS(how) : 95;
}

TEST(AskedSecret, IsWhatWasTypedAndNotShown) {
  OnATerminal terminal(ask);
  terminal.wait_until_it_asks();
  terminal.type("1234\n");
  EXPECT_EQ(terminal.wait(), 0) << terminal.shown();
  EXPECT_THAT(terminal.shown(), Not(HasSubstr("1234")));
  EXPECT_TRUE(terminal.shows_what_is_typed());
}

TEST(AskedSecret, IsAskedForAgainAfterAPause) {
  OnATerminal terminal(ask_as_a_job);
  terminal.wait_until_it_asks();
  terminal.type("99\x1a");  // Ctrl-Z
  terminal.wait_until_it_asks(2);
  terminal.type("1234\n");
  EXPECT_EQ(terminal.wait(), 0) << terminal.shown();
  EXPECT_TRUE(terminal.shows_what_is_typed());
}

TEST(AskedSecret, DoesNotMindASignalThatIsIgnored) {
  OnATerminal terminal([] {
    ::signal(SIGHUP, SIG_IGN);  // nohup
    return ask();
  });
  terminal.wait_until_it_asks();
  terminal.signal(SIGHUP);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // were it minded, what is typed would come too late
  terminal.type("1234\n");
  EXPECT_EQ(terminal.wait(), 0) << terminal.shown();
}

TEST(AskedSecret, SaysThatASignalCameInBetween) {
  OnATerminal terminal([] {
    ::signal(SIGTERM, [](int) {});
    return ask();
  });
  terminal.wait_until_it_asks();
  terminal.signal(SIGTERM);
  EXPECT_EQ(terminal.wait(), 1);
  EXPECT_THAT(terminal.shown(), HasSubstr("error: PIN: SIGTERM came before it was typed; nothing was taken"));
  EXPECT_TRUE(terminal.shows_what_is_typed());
}

TEST(AskedSecret, SaysThatNothingWasTyped) {
  OnATerminal terminal(ask);
  terminal.wait_until_it_asks();
  terminal.type("\n");
  EXPECT_EQ(terminal.wait(), 1);
  EXPECT_THAT(terminal.shown(), HasSubstr("nothing, or more than 255 bytes, was typed"));
}

}  // namespace
}  // namespace signet
