#include "base/secret.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/file.h"

namespace signet {

Secret::Secret(ByteView bytes) {
  if (bytes.empty() || !make_room(bytes.size()).has_value()) return;  // an empty Secret opens nothing: it fails closed
  std::memcpy(data_, bytes.data(), bytes.size());
  size_ = bytes.size();
}

/// Whole pages of its own, so that locking and the advice touch nothing else.
Result<void> Secret::make_room(std::size_t bytes) {
  void* const pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return fail_errno(errno, "no memory for a secret");
  locked_ = syscall(SYS_mlock, pages, bytes) == 0;  // AddressSanitizer has a mlock() that does nothing
  madvise(pages, bytes, MADV_DONTDUMP);
  madvise(pages, bytes, MADV_WIPEONFORK);
  data_ = static_cast<std::uint8_t*>(pages);
  capacity_ = bytes;
  return {};
}

Secret& Secret::operator=(Secret&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
  std::swap(locked_, other.locked_);
  return *this;
}

Secret::~Secret() { wipe(); }

void Secret::wipe() noexcept {
  if (data_ == nullptr) return;
  OPENSSL_cleanse(data_, capacity_);
  munmap(data_, capacity_);
  data_ = nullptr;
  size_ = 0;
  capacity_ = 0;
  locked_ = false;
}

namespace {

/// Reads to the end or until `room` is full.
Result<std::size_t> read_into(int fd, std::span<std::uint8_t> room, const std::string& name, const std::string& field) {
  std::size_t size = 0;
  while (size < room.size()) {
    const ssize_t got = read(fd, room.data() + size, room.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, name, field);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  return size;
}

}  // namespace

Result<Secret> read_secret(int fd, const std::string& name, const std::string& field) {
  // Room for the newline, and for one byte more that says that there are too many.
  return Secret::filled_by(kMaxSecretBytes + 2, [&](std::span<std::uint8_t> room) -> Result<std::size_t> {
    SIGNET_TRY(std::size_t size, read_into(fd, room, name, field));
    if (size > 0 && room[size - 1] == '\n') --size;
    if (size > 0 && size <= kMaxSecretBytes) return size;
    return fail(ErrorCode::kInvalidArgument, name + ": a secret has 1 to 255 bytes; here are none or more", field);
  });
}

Result<Secret> read_secret_file(const std::string& path, const std::string& field) {
  SIGNET_TRY(const UniqueFd file, open_file(path, FileTrust::kOwnerOnly, field));
  return read_secret(file.get(), path, field);
}

namespace {

/// The last stops; the others end.
constexpr int kHeldSignals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP};

bool is_ignored(int signal) {
  struct sigaction now{};
  return sigaction(signal, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_IGN;
}

/// Signals that would end or stop this thread's process wait for as long as it lives: they find a terminal that shows
/// again what is typed. One that is ignored (nohup) stays so.
class HeldSignals {
 public:
  HeldSignals() {
    sigemptyset(&held_);
    for (const int number : kHeldSignals) {
      if (!is_ignored(number)) sigaddset(&held_, number);
    }
    pthread_sigmask(SIG_BLOCK, &held_, &before_);
    arrived_ = UniqueFd{signalfd(-1, &held_, SFD_CLOEXEC)};
  }
  ~HeldSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  /// Until there is something to read (0) or one of the signals came, which is delivered when this one's life ends.
  [[nodiscard]] Result<int> wait_for(int fd) const {
    std::array<pollfd, 2> watched{
        {{.fd = arrived_.get(), .events = POLLIN, .revents = 0}, {.fd = fd, .events = POLLIN, .revents = 0}}};
    while (poll(watched.data(), watched.size(), -1) < 0) {
      if (errno != EINTR) return fail_errno(errno, "the terminal");
    }
    return watched[0].revents == 0 ? 0 : pending();
  }

 private:
  [[nodiscard]] int pending() const {
    sigset_t waiting;
    sigpending(&waiting);
    for (const int number : kHeldSignals) {
      if (sigismember(&waiting, number) == 1 && sigismember(&held_, number) == 1) return number;
    }
    return 0;
  }

  sigset_t held_{};
  sigset_t before_{};
  UniqueFd arrived_;
};

/// Turns the terminal's echo off for as long as it lives.
class NoEcho {
 public:
  explicit NoEcho(int fd) : fd_(fd), changed_(tcgetattr(fd, &before_) == 0) {
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (changed_) tcsetattr(fd_, TCSAFLUSH, &silent);
  }
  ~NoEcho() {
    if (changed_) tcsetattr(fd_, TCSAFLUSH, &before_);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

 private:
  int fd_;
  termios before_{};
  bool changed_;
};

/// A line that was typed, without its newline; 0 where it has none (it is too long, or was broken off). `signal` is
/// the one that came in between and was delivered, or 0.
Result<std::size_t> read_line(int terminal, std::span<std::uint8_t> room, int& signal) {
  const HeldSignals held;  // longer than the silence
  const NoEcho silent(terminal);
  SIGNET_TRY(signal, held.wait_for(terminal));
  if (signal != 0) return std::size_t{0};
  const ssize_t got = read(terminal, room.data(), room.size());
  const auto size = static_cast<std::size_t>(std::max<ssize_t>(got, 0));
  return size > 0 && room[size - 1] == '\n' ? size - 1 : 0;
}

Result<Secret> ask_once(int terminal, const std::string& prompt, int& signal) {
  SIGNET_CHECK(write_all(terminal, bytes_of(prompt + ": ")));
  SIGNET_TRY(Secret secret, Secret::filled_by(kMaxSecretBytes + 1, [&](std::span<std::uint8_t> room) {
               return read_line(terminal, room, signal);
             }));
  SIGNET_CHECK(write_all(terminal, bytes_of("\n")));
  return secret;
}

}  // namespace

Result<Secret> ask_secret(const std::string& prompt) {
  const UniqueFd terminal{open("/dev/tty", O_RDWR | O_CLOEXEC)};
  if (!terminal.valid()) {
    return fail(ErrorCode::kFailedPrecondition,
                "there is no terminal to ask for " + prompt + "; give it by a file or a descriptor");
  }
  int signal = 0;
  Result<Secret> answer = ask_once(terminal.get(), prompt, signal);
  while (answer.has_value() && signal == SIGTSTP) answer = ask_once(terminal.get(), prompt, signal);  // it goes on
  SIGNET_TRY(Secret secret, std::move(answer));
  if (signal != 0) {
    return fail(ErrorCode::kFailedPrecondition,
                prompt + ": SIG" + sigabbrev_np(signal) + " came before it was typed; nothing was taken, try again");
  }
  if (secret.empty()) return fail(ErrorCode::kInvalidArgument, prompt + ": nothing, or more than 255 bytes, was typed");
  return secret;
}

}  // namespace signet
