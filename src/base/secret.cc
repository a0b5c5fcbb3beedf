#include "base/secret.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/file.h"

namespace signet {

namespace {

constexpr std::size_t kMaxSecretBytes = 255;

/// Whole pages of its own, so that locking and MADV_DONTDUMP touch nothing else. Null when memory is used up.
std::uint8_t* allocate_locked(std::size_t size) noexcept {
  void* pages = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return nullptr;
  mlock(pages, size);  // best effort: RLIMIT_MEMLOCK may forbid it
  madvise(pages, size, MADV_DONTDUMP);
  return static_cast<std::uint8_t*>(pages);
}

}  // namespace

Secret::Secret(ByteView bytes) {
  if (bytes.empty()) return;
  data_ = allocate_locked(bytes.size());
  if (data_ == nullptr) return;  // an empty Secret opens nothing: it fails closed
  std::memcpy(data_, bytes.data(), bytes.size());
  size_ = bytes.size();
}

Secret& Secret::operator=(Secret&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Secret::~Secret() { wipe(); }

void Secret::wipe() noexcept {
  if (data_ == nullptr) return;
  OPENSSL_cleanse(data_, size_);
  munmap(data_, size_);
  data_ = nullptr;
  size_ = 0;
}

Result<Secret> read_secret_file(const std::string& path, const std::string& field) {
  SIGNET_TRY(Bytes content, read_file(path, kMaxSecretBytes + 1, FileTrust::kOwnerOnly, field));
  std::size_t size = content.size();
  if (size > 0 && content[size - 1] == '\n') --size;
  Secret secret{ByteView(content).first(size)};
  OPENSSL_cleanse(content.data(), content.size());
  if (size == 0 || size > kMaxSecretBytes) {
    return fail(ErrorCode::kInvalidArgument, path + ": a secret has 1 to 255 bytes; this file has none or more", field);
  }
  return secret;
}

namespace {

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

}  // namespace

Result<Secret> ask_secret(const std::string& prompt) {
  const UniqueFd terminal{open("/dev/tty", O_RDWR | O_CLOEXEC)};
  if (!terminal.valid()) {
    return fail(ErrorCode::kFailedPrecondition, "there is no terminal to ask for " + prompt + "; give a file instead");
  }
  SIGNET_CHECK(write_all(terminal.get(), bytes_of(prompt + ": ")));
  std::array<std::uint8_t, kMaxSecretBytes + 1> line{};
  ssize_t got = 0;
  {
    const NoEcho silent(terminal.get());
    got = read(terminal.get(), line.data(), line.size());
  }
  SIGNET_CHECK(write_all(terminal.get(), bytes_of("\n")));
  const std::size_t size =
      got > 0 && line[static_cast<std::size_t>(got) - 1] == '\n' ? static_cast<std::size_t>(got) - 1 : 0;
  Secret secret{ByteView(line).first(size)};
  OPENSSL_cleanse(line.data(), line.size());
  if (secret.empty()) return fail(ErrorCode::kInvalidArgument, prompt + ": nothing, or more than 255 bytes, was typed");
  return secret;
}

}  // namespace signet
