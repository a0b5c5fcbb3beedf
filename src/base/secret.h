// Bytes that must not be seen: PINs and private keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "base/bytes.h"

namespace signet {

/// Owns secret bytes in memory that is locked (as far as RLIMIT_MEMLOCK allows), left out of core dumps and wiped
/// before it is given back. Move-only; it has no operator<< and no comparison. Not thread-safe while it is moved.
class Secret {
 public:
  Secret() = default;
  /// Copies `bytes`; the caller wipes its own copy.
  explicit Secret(ByteView bytes);
  Secret(Secret&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  /// pin.expose([&](std::span<const std::uint8_t> bytes) { return login(bytes); }); the view ends with the call.
  template <class F>
  decltype(auto) expose(F&& use) const {
    return std::forward<F>(use)(std::span<const std::uint8_t>(data_, size_));
  }

 private:
  void wipe() noexcept;

  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Reads a secret of 1 to 255 bytes from a file that is regular, belongs to this user or root and that nobody else may
/// read or write (mode 0600 or 0400); one newline at its end is not part of it. Errors name the path, never the
/// content.
[[nodiscard]] Result<Secret> read_secret_file(const std::string& path, const std::string& field);

/// Asks on the controlling terminal without echo. Error kFailedPrecondition where there is no terminal.
[[nodiscard]] Result<Secret> ask_secret(const std::string& prompt);

}  // namespace signet
