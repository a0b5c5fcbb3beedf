#include "client/test_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <csignal>
#include <stdexcept>

#include "wire/frame.h"
#include "wire/message.h"
#include "wire/status.h"

namespace signet::test {
namespace {

int select_alpn(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned in_size, void* /*data*/) {
  static constexpr unsigned char kProtocols[] = "\x08signet/1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kProtocols, 9, in, in_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

std::shared_ptr<SSL_CTX> make_context(const ServerOptions& options) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SSL_CTX_set_min_proto_version(context.get(), options.tls_version);
  SSL_CTX_set_max_proto_version(context.get(), options.tls_version);
  SSL_CTX_use_certificate(context.get(), options.identity.certificate.get());
  SSL_CTX_use_PrivateKey(context.get(), options.identity.key.get());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  if (SSL_CTX_load_verify_file(context.get(), options.client_trust.c_str()) != 1)
    throw std::runtime_error("no client trust");
  if (options.alpn) SSL_CTX_set_alpn_select_cb(context.get(), select_alpn, nullptr);
  SSL_CTX_set_num_tickets(context.get(), 0);
  return context;
}

UniqueFd listen_on_loopback() {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 || ::listen(fd.get(), 16) != 0) {
    throw std::runtime_error("no port on 127.0.0.1");
  }
  return fd;
}

bool read_whole(SSL* ssl, std::span<std::uint8_t> bytes) {
  while (!bytes.empty()) {
    std::size_t got = 0;
    if (SSL_read_ex(ssl, bytes.data(), bytes.size(), &got) != 1) return false;
    bytes = bytes.subspan(got);
  }
  return true;
}

}  // namespace

TestServer::TestServer(ServerOptions options, Handler handler)
    : options_(std::move(options)),
      handler_(std::move(handler)),
      listener_(listen_on_loopback()),
      context_(make_context(options_)) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL's own sockets raise it
  thread_ = std::thread([this] { serve(); });
}

TestServer::~TestServer() {
  stopping_ = true;
  ::shutdown(listener_.get(), SHUT_RDWR);
  if (const int fd = current_; fd >= 0) ::shutdown(fd, SHUT_RDWR);
  thread_.join();
}

std::string TestServer::port() const {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return std::to_string(ntohs(address.sin_port));
}

std::string TestServer::address() const { return "127.0.0.1:" + port(); }

std::vector<v1::Request> TestServer::requests() const {
  const std::scoped_lock lock(mutex_);
  return requests_;
}

void TestServer::serve() {
  while (!stopping_) {
    UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd.valid()) continue;
    current_ = fd.get();
    if (!stopping_) serve_connection(fd.get());
    current_ = -1;
  }
}

void TestServer::serve_connection(int fd) {
  const std::shared_ptr<SSL> ssl(SSL_new(context_.get()), SSL_free);
  SSL_set_fd(ssl.get(), fd);
  ERR_clear_error();
  if (SSL_accept(ssl.get()) != 1) return;
  ++connections_;
  while (auto request = read_request(ssl.get())) {
    if (options_.floods_key_updates) flood_key_updates(ssl.get());
    const auto reply = handler_(*request);
    if (!reply.has_value()) break;
    std::size_t written = 0;
    if (SSL_write_ex(ssl.get(), reply->data(), reply->size(), &written) != 1) break;
    if (close_next_.exchange(false)) break;
  }
  SSL_shutdown(ssl.get());
}

void TestServer::flood_key_updates(SSL* ssl) {
  while (!stopping_) {
    if (SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) != 1 || SSL_do_handshake(ssl) != 1) return;
  }
}

std::optional<v1::Request> TestServer::read_request(SSL* ssl) {
  std::array<std::uint8_t, kFrameHeaderBytes> header{};
  if (!read_whole(ssl, header)) return std::nullopt;
  Bytes body(decode_frame_length(header, kMaxRequestBytes).value());
  if (!read_whole(ssl, body)) return std::nullopt;
  auto request = parse_strict<v1::Request>(body, "request").value();
  const std::scoped_lock lock(mutex_);
  requests_.push_back(request);
  return request;
}

Bytes frame_of(const v1::Response& response) { return encode_frame(encode(response), kMaxResponseBytes).value(); }

Bytes answer(const v1::Request& request, const google::protobuf::Message& payload) {
  v1::Response response;
  response.set_number(request.number());
  response.set_request_id("r-1");
  response.set_payload(std::string(text_of(encode(payload))));
  return frame_of(response);
}

Bytes refuse(const v1::Request& request, const Error& error, const std::string& origin) {
  v1::Response response;
  response.set_number(request.number());
  response.set_request_id("r-1");
  *response.mutable_error() = to_status(error, origin);
  return frame_of(response);
}

}  // namespace signet::test
