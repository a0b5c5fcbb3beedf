#include "supervisor/pin_mark.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/ops_log.h"
#include "base/rng.h"

namespace signet {

namespace {

constexpr std::size_t kKeyBytes = 32;

Result<Secret> random_key() {
  return Secret::filled_by(kKeyBytes, [](std::span<std::uint8_t> room) -> Result<std::size_t> {
    SIGNET_CHECK(system_rng().fill(room));
    return room.size();
  });
}

}  // namespace

std::optional<PinMark> PinMarks::of(const Secret& pin) {
  if (key_.empty()) {
    auto made = random_key();
    if (!made.has_value()) {
      ops::error("a PIN cannot be recognised again", {{"reason", made.error().message}});
      return std::nullopt;
    }
    key_ = *std::move(made);
  }
  PinMark mark{};
  const bool done = key_.expose([&](std::span<const std::uint8_t> key) {
    return pin.expose([&](std::span<const std::uint8_t> bytes) {
      return HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes.data(), bytes.size(), mark.data(),
                  nullptr) != nullptr;
    });
  });
  return done ? std::optional(mark) : std::nullopt;
}

}  // namespace signet
