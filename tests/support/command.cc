#include "support/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "base/file.h"

extern char** environ;

namespace signet::test {

namespace {

struct Pipe {
  UniqueFd read;
  UniqueFd write;
  Pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    read = UniqueFd(ends[0]);
    write = UniqueFd(ends[1]);
  }
};

std::string joined(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += word + ' ';
  return line;
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> result;
  for (const std::string& word : words) result.push_back(const_cast<char*>(word.c_str()));
  result.push_back(nullptr);
  return result;
}

pid_t spawn(const std::vector<std::string>& arguments, const std::vector<std::string>& environment, int in, int out,
            int err) {
  std::vector<std::string> all_environment;
  for (char** entry = environ; *entry != nullptr; ++entry) all_environment.emplace_back(*entry);
  all_environment.insert(all_environment.end(), environment.begin(), environment.end());
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, 0);
  posix_spawn_file_actions_adddup2(&actions, out, 1);
  posix_spawn_file_actions_adddup2(&actions, err, 2);
  pid_t pid = -1;
  const int status = posix_spawnp(&pid, arguments.front().c_str(), &actions, nullptr, pointers(arguments).data(),
                                  pointers(all_environment).data());
  posix_spawn_file_actions_destroy(&actions);
  if (status != 0) throw std::runtime_error(joined(arguments) + ": " + std::strerror(status));
  return pid;
}

int status_of(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/// Reads both to their ends; false when the time is over.
bool collect(Pipe& out, Pipe& err, CommandResult& result, std::chrono::steady_clock::time_point deadline) {
  std::array<pollfd, 2> watched{
      {{.fd = out.read.get(), .events = POLLIN, .revents = 0}, {.fd = err.read.get(), .events = POLLIN, .revents = 0}}};
  std::array<std::string*, 2> sinks{&result.out, &result.err};
  std::size_t open = 2;
  while (open > 0) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    poll(watched.data(), watched.size(), 100);
    for (std::size_t i = 0; i < 2; ++i) {
      if (watched[i].fd < 0 || watched[i].revents == 0) continue;
      std::array<char, 65536> buffer{};
      const ssize_t got = read(watched[i].fd, buffer.data(), buffer.size());
      if (got > 0) sinks[i]->append(buffer.data(), static_cast<std::size_t>(got));
      if (got <= 0) {
        watched[i].fd = -1;
        --open;
      }
    }
  }
  return true;
}

}  // namespace

CommandResult run_command(const std::vector<std::string>& arguments, const std::string& input,
                          const std::vector<std::string>& environment, std::chrono::seconds timeout) {
  Pipe in;
  Pipe out;
  Pipe err;
  const pid_t pid = spawn(arguments, environment, in.read.get(), out.write.get(), err.write.get());
  in.read.reset();
  out.write.reset();
  err.write.reset();
  signal(SIGPIPE, SIG_IGN);
  if (!input.empty() && write(in.write.get(), input.data(), input.size()) < 0) { /* it did not want its input */
  }
  in.write.reset();
  CommandResult result;
  const bool in_time = collect(out, err, result, std::chrono::steady_clock::now() + timeout);
  if (!in_time) kill(pid, SIGKILL);
  int status = 0;
  waitpid(pid, &status, 0);
  if (!in_time) throw std::runtime_error(joined(arguments) + ": took too long\n" + result.out + result.err);
  result.status = status_of(status);
  return result;
}

std::string run_ok(const std::vector<std::string>& arguments, const std::string& input) {
  CommandResult result = run_command(arguments, input);
  if (result.status != 0) {
    throw std::runtime_error(joined(arguments) + ": status " + std::to_string(result.status) + "\n" + result.out +
                             result.err);
  }
  return std::move(result.out);
}

std::vector<std::string> redirected(const std::string& redirection, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"sh", "-c", "exec \"$0\" \"$@\" " + redirection});
  return arguments;
}

BackgroundProcess::BackgroundProcess(const std::vector<std::string>& arguments, const std::string& stderr_file) {
  const UniqueFd null{open("/dev/null", O_RDWR | O_CLOEXEC)};
  const UniqueFd err{open(stderr_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
  pid_ = spawn(arguments, {}, null.get(), null.get(), err.get());
}

BackgroundProcess::~BackgroundProcess() {
  if (!running()) return;
  kill(pid_, SIGKILL);
  static_cast<void>(wait());
}

void BackgroundProcess::send_signal(int signal) const { kill(pid_, signal); }

int BackgroundProcess::wait(std::chrono::milliseconds timeout) {
  const bool ended = eventually([this] { return !running(); }, timeout);
  return ended ? status_ : -1;
}

bool BackgroundProcess::running() {
  int status = 0;
  if (!ended_ && waitpid(pid_, &status, WNOHANG) == pid_) {
    ended_ = true;
    status_ = status_of(status);
  }
  return !ended_;
}

std::vector<pid_t> children_of(pid_t pid, const std::string& prefix) {
  std::vector<pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::istringstream stat(slurp(entry.path() / "stat"));  // pid (comm) state ppid ...
    std::string text;
    std::getline(stat, text);
    const std::size_t open = text.find('(');
    const std::size_t close = text.rfind(')');
    if (open == std::string::npos || close == std::string::npos) continue;
    std::istringstream rest(text.substr(close + 1));
    char state = 0;
    pid_t parent = -1;
    rest >> state >> parent;
    if (parent == pid && state != 'Z' && text.substr(open + 1, close - open - 1).starts_with(prefix))
      children.push_back(std::stoi(name));
  }
  return children;
}

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace signet::test
