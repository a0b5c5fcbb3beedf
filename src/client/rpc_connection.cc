#include "client/rpc_connection.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include <array>
#include <cerrno>

#include "base/openssl_ptr.h"
#include "client/tls_failure.h"
#include "wire/frame.h"

namespace signet::client {

struct RpcConnection::Impl {
  Address address;
  std::string server_name;
  UniqueFd socket;
  SslPtr ssl;  // uses the socket, so it is destroyed first

  /// Repeats `operation` (SSL_connect, SSL_read_ex, ...) until it succeeds, fails or has no more time.
  template <class Operation>
  Result<void> run(Operation operation, Deadline deadline) {
    for (;;) {
      SIGNET_CHECK(check_time_left(deadline));  // records without data, however many, make no progress
      ERR_clear_error();
      errno = 0;
      const int result = operation();
      if (result == 1) return {};
      const int status = SSL_get_error(ssl.get(), result);
      if (status != SSL_ERROR_WANT_READ && status != SSL_ERROR_WANT_WRITE) {
        return tls_failure(ssl.get(), status, address, server_name);
      }
      const auto events = static_cast<short>(status == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT);
      SIGNET_CHECK(wait_until_ready(socket.get(), events, deadline));
    }
  }

  Result<void> read_whole(std::span<std::uint8_t> bytes, Deadline deadline) {
    while (!bytes.empty()) {
      std::size_t got = 0;
      SIGNET_CHECK(run([&] { return SSL_read_ex(ssl.get(), bytes.data(), bytes.size(), &got); }, deadline));
      bytes = bytes.subspan(got);
    }
    return {};
  }

  /// Names the server, for its certificate and (unless it is an address, RFC 6066 section 3) in the hello.
  Result<void> expect_server() {
    bool set = true;
    if (is_ip_address(server_name)) {
      set = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), server_name.c_str()) == 1;
    } else {
      SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
      set = SSL_set1_host(ssl.get(), server_name.c_str()) == 1 &&
            SSL_set_tlsext_host_name(ssl.get(), server_name.c_str()) == 1;
    }
    if (set) return {};
    return fail(ErrorCode::kInvalidArgument, fmt::format("\"{}\" is no DNS name or IP address", printable(server_name)),
                "server_name");
  }

  Result<void> check_protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl.get(), &name, &size);
    if (equal({name, size}, bytes_of(kAlpn))) return {};
    return fail(ErrorCode::kUnauthenticated,
                fmt::format("{} does not speak the protocol {} (ALPN); is this a Signet daemon?",
                            printable(address.text()), kAlpn),
                "address");
  }
};

RpcConnection::RpcConnection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RpcConnection::RpcConnection(RpcConnection&&) noexcept = default;
RpcConnection& RpcConnection::operator=(RpcConnection&&) noexcept = default;

RpcConnection::~RpcConnection() {
  if (impl_ == nullptr) return;
  ERR_clear_error();
  SSL_shutdown(impl_->ssl.get());  // says goodbye if there is room; nobody waits for the answer
  ERR_clear_error();
}

Result<RpcConnection> RpcConnection::open(const TlsContext& context, const Address& address,
                                          const std::string& server_name, Deadline deadline,
                                          std::chrono::milliseconds longest_silence) {
  auto impl = std::make_unique<Impl>(address, server_name);
  SIGNET_TRY(impl->socket, connect_tcp(address, deadline, longest_silence));
  impl->ssl.reset(SSL_new(context.get()));
  BIO* const bio = impl->ssl != nullptr ? new_socket_bio(impl->socket.get()) : nullptr;
  if (bio == nullptr) return fail(ErrorCode::kInternal, fmt::format("no TLS connection: {}", take_openssl_error()));
  SSL_set_bio(impl->ssl.get(), bio, bio);
  RpcConnection connection(std::move(impl));
  SIGNET_CHECK(connection.impl_->expect_server());
  SIGNET_CHECK(connection.impl_->run([&] { return SSL_connect(connection.impl_->ssl.get()); }, deadline));
  SIGNET_CHECK(connection.impl_->check_protocol());
  return connection;
}

Result<void> RpcConnection::send(ByteView body, Deadline deadline) {
  SIGNET_TRY(const Bytes frame, encode_frame(body, kMaxRequestBytes));
  return send_raw(frame, deadline);
}

Result<void> RpcConnection::send_raw(ByteView bytes, Deadline deadline) {
  std::size_t written = 0;  // all or nothing: partial writes are not enabled
  auto sent =
      impl_->run([&] { return SSL_write_ex(impl_->ssl.get(), bytes.data(), bytes.size(), &written); }, deadline);
  if (sent.has_value() || sent.error().code != ErrorCode::kUnavailable) return sent;
  // The peer has closed. If it said why in an alert, that is still to be read, and the better answer.
  std::uint8_t byte = 0;
  std::size_t got = 0;
  auto why = impl_->run([&] { return SSL_read_ex(impl_->ssl.get(), &byte, 1, &got); }, deadline);
  return !why.has_value() && why.error().code == ErrorCode::kUnauthenticated ? why : sent;
}

Result<Bytes> RpcConnection::receive(Deadline deadline) {
  std::array<std::uint8_t, kFrameHeaderBytes> header{};
  SIGNET_CHECK(impl_->read_whole(header, deadline));
  auto length = decode_frame_length(header, kMaxResponseBytes);
  if (!length.has_value()) {
    return fail(ErrorCode::kInternal,
                fmt::format("{} sent {}", printable(impl_->address.text()), length.error().message));
  }
  Bytes body(*length);
  SIGNET_CHECK(impl_->read_whole(body, deadline));
  return body;
}

}  // namespace signet::client
