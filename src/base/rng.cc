#include "base/rng.h"

#include <openssl/rand.h>

namespace signet {

namespace {

class OpenSslRng final : public Rng {
 public:
  Result<void> fill(std::span<std::uint8_t> out) override {
    if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) {
      return fail(ErrorCode::kInternal, "the random number generator failed");
    }
    return {};
  }
};

}  // namespace

Rng& system_rng() {
  static OpenSslRng rng;
  return rng;
}

}  // namespace signet
