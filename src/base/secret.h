// Bytes that must not be seen: PINs and private keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "base/bytes.h"

namespace signet {

/// The longest secret that a file, a descriptor or a person gives.
inline constexpr std::size_t kMaxSecretBytes = 255;

/// Owns secret bytes in pages of their own that are locked (as far as RLIMIT_MEMLOCK allows: is_locked()), left out of
/// core dumps, empty in a process that is forked off, and wiped before they are given back. Move-only; it has no
/// operator<< and no comparison. Not thread-safe while it is moved.
class Secret {
 public:
  Secret() = default;
  /// Copies `bytes`; the caller wipes its own copy.
  explicit Secret(ByteView bytes);
  Secret(Secret&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)),
        locked_(std::exchange(other.locked_, false)) {}
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  /// The pages will not be swapped out.
  [[nodiscard]] bool is_locked() const noexcept { return locked_; }

  /// pin.expose([&](std::span<const std::uint8_t> bytes) { return login(bytes); }); the view ends with the call.
  template <class F>
  decltype(auto) expose(F&& use) const {
    return std::forward<F>(use)(std::span<const std::uint8_t>(data_, size_));
  }

  /// A secret that is written where it stays: `fill` gets room for `max_bytes` and returns (as Result<std::size_t>) how
  /// many of them it wrote from the front, or why none. Nothing else ever holds them.
  template <class F>
  [[nodiscard]] static Result<Secret> filled_by(std::size_t max_bytes, F&& fill) {
    Secret secret;
    SIGNET_CHECK(secret.make_room(max_bytes));
    SIGNET_TRY(const std::size_t size, std::forward<F>(fill)(std::span<std::uint8_t>(secret.data_, max_bytes)));
    secret.size_ = size;
    return secret;
  }

 private:
  [[nodiscard]] Result<void> make_room(std::size_t bytes);
  void wipe() noexcept;

  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  bool locked_ = false;
};

/// Reads a secret of 1 to 255 bytes from a file that is regular, belongs to this user or root and that nobody else may
/// read or write (mode 0600 or 0400); one newline at its end is not part of it. Errors name the path, never the
/// content.
[[nodiscard]] Result<Secret> read_secret_file(const std::string& path, const std::string& field);

/// Reads a secret of 1 to 255 bytes from an open descriptor (a pipe, a file, a memory file) to its end; one newline at
/// the end is not part of it. Blocks until the other end is closed. `name` is for errors, which never say the content.
[[nodiscard]] Result<Secret> read_secret(int fd, const std::string& name, const std::string& field);

/// Asks on the controlling terminal without echo; a signal that ends or stops the process (Ctrl-C, Ctrl-Z) does so when
/// the echo is on again, and one that the process ignores changes nothing. After a pause it asks again. Errors:
/// kFailedPrecondition where there is no terminal, or a signal that the process caught came in between;
/// kInvalidArgument where nothing was typed, or too much.
[[nodiscard]] Result<Secret> ask_secret(const std::string& prompt);

}  // namespace signet
