#include "tls_client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <csignal>
#include <stdexcept>

#include "wire/frame.h"

namespace signet::test {

UniqueFd connect_tcp(std::uint16_t port, bool has_small_window) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval limit{.tv_sec = 15, .tv_usec = 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  if (has_small_window) {
    // The segment's size counts too: the kernel makes the server's buffer for a number of them.
    const int bytes = 4096;
    const int segment_bytes = 536;
    setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    setsockopt(socket.get(), IPPROTO_TCP, TCP_MAXSEG, &segment_bytes, sizeof(segment_bytes));
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    throw std::runtime_error("no TCP connection");
  }
  return socket;
}

TlsClient::TlsClient(std::uint16_t port, const ClientOptions& options)
    : TlsClient(connect_tcp(port, options.has_small_window), options) {}

TlsClient::TlsClient(UniqueFd socket, const ClientOptions& options)
    : socket_(std::move(socket)), context_(SSL_CTX_new(TLS_client_method())) {
  signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets whose peer may have closed them
  SSL_CTX_set_max_proto_version(context_.get(), options.max_version);
  SSL_CTX_set_security_level(context_.get(), options.security_level);
  if (options.identity != nullptr) {
    SSL_CTX_use_certificate(context_.get(), options.identity->certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), options.identity->key.get());
  }
  for (int i = 0; options.chain != nullptr && i < options.chain_copies; ++i) {
    SSL_CTX_add1_chain_cert(context_.get(), options.chain->certificate.get());
  }
  ssl_.reset(SSL_new(context_.get()));
  if (!options.alpn.empty()) {
    const std::string list = static_cast<char>(options.alpn.size()) + options.alpn;
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(list.data()),
                        static_cast<unsigned>(list.size()));
  }
  SSL_set_fd(ssl_.get(), socket_.get());
  connected_ = SSL_connect(ssl_.get()) == 1;
  if (!connected_) note_failure();
}

void TlsClient::note_failure() {
  const unsigned long error = ERR_peek_error();
  const char* const text = ERR_reason_error_string(error);
  failure_ = text != nullptr ? text : "";
  ERR_clear_error();
}

bool TlsClient::send_raw(const std::string& bytes) {
  return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size());
}

bool TlsClient::send_frame(const std::string& body) {
  Bytes frame;
  append_u32(frame, static_cast<std::uint32_t>(body.size()));
  append(frame, bytes_of(body));
  return send_raw(std::string(text_of(frame)));
}

bool TlsClient::send_request(std::uint64_t number, const std::string& payload, v1::Method method) {
  v1::Request request;
  request.set_number(number);
  request.set_method(method);
  request.set_payload(payload);
  return send_frame(request.SerializeAsString());
}

bool TlsClient::update_keys() {
  return SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_NOT_REQUESTED) == 1 && SSL_do_handshake(ssl_.get()) == 1;
}

bool TlsClient::read_all(std::string& into) {
  for (std::size_t done = 0; done < into.size();) {
    std::size_t got = 0;
    if (SSL_read_ex(ssl_.get(), into.data() + done, into.size() - done, &got) != 1) {
      note_failure();
      return false;
    }
    done += got;
  }
  return true;
}

std::optional<v1::Response> TlsClient::next_response() {
  std::string header(kFrameHeaderBytes, '\0');
  if (!read_all(header)) return std::nullopt;
  const auto length = decode_frame_length(bytes_of(header), kMaxResponseBytes);
  if (!length.has_value()) return std::nullopt;
  std::string body(*length, '\0');
  v1::Response response;
  if (!read_all(body) || !response.ParseFromString(body)) return std::nullopt;
  return response;
}

bool TlsClient::is_closed_by_server() {
  char byte = 0;
  errno = 0;
  const int got = SSL_read(ssl_.get(), &byte, 1);
  const bool timed_out = errno == EAGAIN;
  if (got <= 0) note_failure();
  return got <= 0 && !timed_out;
}

}  // namespace signet::test
