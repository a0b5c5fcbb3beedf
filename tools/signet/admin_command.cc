#include "admin_command.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "admin_status.h"
#include "base/secret.h"
#include "config/daemon_config.h"
#include "wire/admin.h"
#include "wire/status.h"

namespace signet::cli {
namespace {

constexpr std::size_t kMaxConfigBytes = std::size_t{1} << 20U;
constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::seconds kLongPatience{90};  // a keyholder has a minute to start, and as long to finish

Result<std::string> socket_path(const AdminPlace& place) {
  if (!place.socket.empty()) return place.socket;
  if (const char* const named = std::getenv("SIGNET_ADMIN_SOCKET"); named != nullptr && *named != '\0') return named;
  const auto text = read_file(place.daemon_config, kMaxConfigBytes, FileTrust::kNotWritable, "--daemon-config");
  if (!text.has_value()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("where is the operator's socket? The daemon's configuration cannot be read ({}); name it "
                            "with --daemon-config, or the socket with --socket or SIGNET_ADMIN_SOCKET",
                            text.error().message),
                "--socket");
  }
  SIGNET_TRY(const DaemonConfig config, parse_daemon_config(*text, place.daemon_config));
  return config.admin.socket;
}

Result<admin::Response> ask(const AdminPlace& place, const admin::Request& request, const Secret& pin,
                            std::chrono::milliseconds patience) {
  SIGNET_TRY(const std::string path, socket_path(place));
  SIGNET_TRY(const UniqueFd socket, connect_to_daemon(path));
  // Whoever was refused at once has an answer waiting, though nobody read the question.
  const auto sent = send_admin_request(socket.get(), request, pin);
  auto response = receive_admin_response(socket.get(), patience);
  if (!response.has_value()) return sent.has_value() ? response : std::unexpected(sent.error());
  if (!response->has_failure()) return response;
  Error error = from_failure(response->failure());
  error.from_daemon = true;
  return std::unexpected(std::move(error));
}

/// Of the acts: a sentence.
Result<void> act(const AdminPlace& place, const admin::Request& request, const Secret& pin, Format format) {
  SIGNET_TRY(const admin::Response response, ask(place, request, pin, kLongPatience));
  if (!response.has_done()) return fail(ErrorCode::kInternal, "signetd answered something else than it was asked");
  const std::string text = printable(response.done().text(), 4096);
  return format == Format::kJson ? print_json({{"done", text}}) : print(text + "\n");
}

Result<admin::Status> status_of(const AdminPlace& place) {
  admin::Request request;
  request.mutable_status();
  SIGNET_TRY(admin::Response response, ask(place, request, Secret(), kPatience));
  if (!response.has_status()) return fail(ErrorCode::kInternal, "signetd answered something else than it was asked");
  return std::move(*response.mutable_status());
}

/// Before a PIN is asked for: that somebody listens, whom this user may ask, and knows the token. The connection is
/// another one than the PIN's: signetd waits for nobody who types.
Result<void> check_may_be_unlocked(const AdminPlace& place, const std::string& token) {
  SIGNET_TRY(const admin::Status status, status_of(place));
  if (std::ranges::find(status.tokens(), token, &admin::Token::name) != status.tokens().end()) return {};
  Error error{.code = ErrorCode::kNotFound,
              .message = fmt::format("there is no token '{}'; signet admin status lists them", printable(token)),
              .field = "TOKEN"};
  error.from_daemon = true;
  return std::unexpected(std::move(error));
}

Result<Secret> pin_of(const AdminPlace& place, const UnlockArguments& arguments) {
  if (arguments.configured) return Secret();
  if (!arguments.pin_file.empty()) return read_secret_file(arguments.pin_file, "--pin-file");
  if (!arguments.pin_fd.has_value()) {
    SIGNET_CHECK(check_may_be_unlocked(place, arguments.token));
    return ask_secret(fmt::format("PIN of token '{}'", printable(arguments.token)));
  }
  return read_secret(*arguments.pin_fd, fmt::format("descriptor {}", *arguments.pin_fd), "--pin-fd");
}

}  // namespace

Result<void> admin_status(const AdminPlace& place, Format format) {
  SIGNET_TRY(const admin::Status status, status_of(place));
  return format == Format::kJson ? print_json(status_json(status)) : print(status_text(status));
}

Result<void> admin_unlock(const AdminPlace& place, const UnlockArguments& arguments, Format format) {
  SIGNET_TRY(const Secret pin, pin_of(place, arguments));
  admin::Request request;
  request.mutable_unlock()->set_token(arguments.token);
  request.mutable_unlock()->set_configured(arguments.configured);
  request.mutable_unlock()->set_despite_count_low(arguments.despite_count_low);
  request.mutable_unlock()->set_despite_final_try(arguments.despite_final_try);
  return act(place, request, pin, format);
}

Result<void> admin_drain(const AdminPlace& place, const std::string& token, Format format) {
  admin::Request request;
  request.mutable_drain()->set_token(token);
  return act(place, request, Secret(), format);
}

Result<void> admin_undrain(const AdminPlace& place, const std::string& token, Format format) {
  admin::Request request;
  request.mutable_undrain()->set_token(token);
  return act(place, request, Secret(), format);
}

Result<void> admin_reload(const AdminPlace& place, Format format) {
  admin::Request request;
  request.mutable_reload();
  return act(place, request, Secret(), format);
}

}  // namespace signet::cli
