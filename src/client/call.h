// Requests and answers over a connection that is made, kept and made again as needed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "client/rpc_connection.h"
#include "signet/client.h"
#include "wire/signet.pb.h"

namespace signet::client {

/// What came back for one request.
struct Answer {
  std::string payload;
  std::string request_id;
};

/// The longest origin that a client signs for.
inline constexpr std::size_t kMaxOriginBytes = 255;

/// What is wrong with an answer is never the caller's fault: kInternal, with the daemon's name for the request.
[[nodiscard]] std::unexpected<Error> bad_answer(std::string_view why, const std::string& request_id);

/// Carries requests to one daemon. Holds at most one connection. For one thread at a time.
class Caller {
 public:
  Caller(ClientOptions options, Address address, TlsContext context);

  /// Sends `payload`, signed when the options say so, and waits for the answer; tries again what may be tried again
  /// until the deadline. Every request given to it must be safe to repeat. Errors as Client documents.
  [[nodiscard]] Result<Answer> call(v1::Method method, const std::string& payload);

 private:
  enum class Signing { kSigned, kUnsigned };

  [[nodiscard]] Result<Answer> call_until(v1::Method method, const std::string& payload, Signing signing,
                                          Deadline deadline);
  [[nodiscard]] Result<Answer> attempt(v1::Method method, const std::string& payload, Signing signing,
                                       Deadline deadline);
  [[nodiscard]] Result<v1::Response> exchange(const v1::Request& request, Deadline deadline);
  [[nodiscard]] Result<void> connect(Deadline deadline);
  [[nodiscard]] Result<void> learn_origin(Deadline deadline);
  [[nodiscard]] Result<void> sign(v1::Request& request) const;
  [[nodiscard]] Error error_of(const v1::Response& response);
  [[nodiscard]] Result<void> wait_to_retry(const Error& error, std::chrono::milliseconds wait, int attempts,
                                           Deadline deadline) const;

  ClientOptions options_;
  Address address_;
  TlsContext context_;
  std::string origin_;           // configured or learnt; empty = not known yet
  std::string origin_in_error_;  // that the daemon's last error named
  std::optional<RpcConnection> connection_;
  bool connection_is_used_ = false;  // it has carried an answer: that it is lost now says nothing of the daemon
  std::uint64_t last_number_ = 0;
};

}  // namespace signet::client
