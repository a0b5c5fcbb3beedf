#include "connect.h"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

namespace signet::cli {

Result<Client> make_client(ClientOptions options, Format format, const std::string& idempotency_key) {
  if (format == Format::kText) {
    options.on_retry = [said = false, idempotency_key, limit = options.deadline, before = std::move(options.on_retry)](
                           const Error& error, auto wait) mutable {
      if (before) before(error, wait);
      if (std::exchange(said, true)) return;
      const std::string how =
          idempotency_key.empty() ? "" : fmt::format(" with --idempotency-key {}", printable(idempotency_key));
      std::fputs(fmt::format("signet: {}; trying again{} for up to {} s in all\n", error.message, how,
                             std::chrono::ceil<std::chrono::seconds>(limit).count())
                     .c_str(),
                 stderr);
    };
  }
  return Client::create(std::move(options));
}

}  // namespace signet::cli
