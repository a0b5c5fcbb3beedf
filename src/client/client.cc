#include "signet/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>

#include "base/rng.h"
#include "client/answers.h"
#include "client/call.h"
#include "wire/message.h"
#include "x509/certificate.h"
#include "x509/csr.h"

namespace signet {
namespace {

constexpr std::size_t kMaxIdempotencyKeyBytes = 64;
constexpr std::chrono::milliseconds kLongestTime = std::chrono::hours(24);

/// DER from PEM or DER. openssl writes "CERTIFICATE REQUEST"; some old tools write "NEW CERTIFICATE REQUEST".
Result<Bytes> csr_der(const ByteVector& csr) {
  const std::string_view text = text_of(csr);
  if (text.find("-----BEGIN ") == std::string_view::npos) return csr;
  for (const char* label : {"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"}) {
    if (text.find(fmt::format("-----BEGIN {}-----", label)) == std::string_view::npos) continue;
    SIGNET_TRY(auto blocks, decode_pem(text, label));
    if (blocks.size() == 1) return std::move(blocks.front());
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} certificate requests in one file; one is issued at a time", blocks.size()), "csr");
  }
  return fail(ErrorCode::kInvalidArgument, "PEM without a block -----BEGIN CERTIFICATE REQUEST-----", "csr");
}

/// What Issue and Renew ask for alike; `Options` is one of theirs, `Request` the message.
template <class Request, class Options>
Result<Request> request_of(const Options& options) {
  if (options.csr.empty()) return fail(ErrorCode::kInvalidArgument, "the certificate request is empty", "csr");
  if (options.validity.count() < 0)
    return fail(ErrorCode::kInvalidArgument, "a validity cannot be negative", "validity");
  if (options.idempotency_key.size() > kMaxIdempotencyKeyBytes) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("an idempotency key of {} bytes; at most {} are allowed", options.idempotency_key.size(),
                            kMaxIdempotencyKeyBytes),
                "idempotency_key");
  }
  SIGNET_TRY(const Bytes der, csr_der(options.csr));
  // Whatever else it is, such as a private key, must not leave this machine. What it asks for is the daemon's business.
  SIGNET_CHECK(Csr::parse(der, CaRequests::kTaken));
  Request request;
  request.set_csr(der.data(), der.size());
  request.set_validity_seconds(static_cast<std::uint64_t>(options.validity.count()));
  request.set_idempotency_key(options.idempotency_key);
  request.set_wait_for_proof(options.wait_for_proof);
  if (request.idempotency_key().empty()) {
    SIGNET_TRY(*request.mutable_idempotency_key(), new_idempotency_key());
  }
  return request;
}

Result<v1::IssueRequest> issue_request(const IssueOptions& options) {
  if (options.profile.empty()) return fail(ErrorCode::kInvalidArgument, "a profile must be named", "profile");
  SIGNET_TRY(v1::IssueRequest request, request_of<v1::IssueRequest>(options));
  request.set_profile(options.profile);
  return request;
}

/// Times that are added to a clock neither run backwards nor over its end.
Result<void> check_times(ClientOptions& options) {
  for (const auto& [field, time] :
       {std::pair("connect_timeout", &options.connect_timeout), {"deadline", &options.deadline}}) {
    if (time->count() <= 0) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("{} is {} ms; it must be more than 0, such as 10000", field, time->count()), field);
    }
    *time = std::min(*time, kLongestTime);
  }
  return {};
}

Result<void> check_origin(const std::string& origin) {
  if (origin.size() <= client::kMaxOriginBytes) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("an origin of {} bytes; at most {} are allowed: copy it from the daemon's configuration",
                          origin.size(), client::kMaxOriginBytes),
              "origin");
}

/// As it is renewed.
Result<Certificate> own_certificate(const Bytes& der) {
  auto certificate = Certificate::parse(der, UnknownCritical::kTaken);
  if (certificate.has_value()) return certificate;
  return fail(ErrorCode::kInvalidArgument,
              "this client's certificate cannot be renewed: " + std::move(certificate).error().message, "certificate");
}

template <class M>
Result<M> read_answer(const client::Answer& answer) {
  auto message = parse_lenient<M>(bytes_of(answer.payload), "response");
  if (message.has_value()) return message;
  return client::bad_answer(message.error().message, answer.request_id);
}

}  // namespace

struct Client::Impl {
  Impl(client::Caller made, Bytes own) : caller(std::move(made)), certificate(std::move(own)) {}
  std::mutex mutex;
  client::Caller caller;    // guarded by mutex
  const Bytes certificate;  // this client's own, DER

  /// One request and its answer, as messages.
  template <class M>
  Result<std::pair<M, std::string>> call(v1::Method method, const google::protobuf::Message& request) {
    const std::scoped_lock lock(mutex);
    const Bytes payload = encode(request);
    SIGNET_TRY(const client::Answer answer, caller.call(method, std::string(text_of(payload))));
    SIGNET_TRY(M message, read_answer<M>(answer));
    return std::pair(std::move(message), answer.request_id);
  }
};

Result<std::string> new_idempotency_key() {
  std::array<std::uint8_t, 16> bytes{};
  SIGNET_CHECK(system_rng().fill(bytes));
  return to_hex(bytes);
}

std::string to_pem(const ByteVector& certificate, const std::vector<ByteVector>& chain) {
  std::string pem = certificate.empty() ? std::string() : encode_pem("CERTIFICATE", certificate);
  for (const ByteVector& der : chain) pem += encode_pem("CERTIFICATE", der);
  return pem;
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::create(ClientOptions options) {
  SIGNET_TRY(const client::Address address, client::Address::parse(options.address));
  for (const auto& [field, value] : {std::pair("certificate", &options.certificate_file),
                                     {"key", &options.key_file},
                                     {"trust", &options.trust_file}}) {
    if (value->empty())
      return fail(ErrorCode::kInvalidArgument, fmt::format("the {} file must be named", field), field);
  }
  SIGNET_CHECK(check_times(options));
  SIGNET_CHECK(check_origin(options.origin));
  const client::TlsFiles files{options.certificate_file, options.key_file, options.trust_file};
  SIGNET_TRY(auto context, client::TlsContext::load(files));
  Bytes own = context.certificate();
  return Client(
      std::make_unique<Impl>(client::Caller(std::move(options), address, std::move(context)), std::move(own)));
}

Result<IssuedCertificate> Client::issue(const IssueOptions& options) {
  SIGNET_TRY(const v1::IssueRequest request, issue_request(options));
  SIGNET_TRY(const auto answer, impl_->call<v1::IssueResponse>(v1::METHOD_ISSUE, request));
  return client::issued_from(answer.first, client::wanted(request), answer.second);
}

Result<IssuedCertificate> Client::renew(const RenewOptions& options) {
  SIGNET_TRY(const Certificate renewed, own_certificate(impl_->certificate));
  SIGNET_TRY(v1::RenewRequest request, request_of<v1::RenewRequest>(options));
  const Sha256 fingerprint = renewed.fingerprint();
  request.set_certificate_sha256(fingerprint.data(), fingerprint.size());
  SIGNET_TRY(const auto answer, impl_->call<v1::IssueResponse>(v1::METHOD_RENEW, request));
  return client::issued_from(answer.first, client::wanted(request, &renewed), answer.second);
}

Result<TrustBundle> Client::trust_bundle() {
  SIGNET_TRY(const auto answer,
             impl_->call<v1::GetTrustBundleResponse>(v1::METHOD_GET_TRUST_BUNDLE, v1::GetTrustBundleRequest()));
  return client::trust_bundle_from(answer.first, answer.second);
}

Result<DaemonStatus> Client::status() {
  SIGNET_TRY(const auto answer, impl_->call<v1::GetStatusResponse>(v1::METHOD_GET_STATUS, v1::GetStatusRequest()));
  return client::status_from(answer.first, answer.second);
}

Result<LogCheckpoint> Client::log_checkpoint(std::uint64_t old_size) {
  v1::GetLogRequest request;
  request.mutable_checkpoint()->set_old_size(old_size);
  SIGNET_TRY(const auto answer, impl_->call<v1::GetLogResponse>(v1::METHOD_GET_LOG, request));
  return client::log_checkpoint_from(answer.first, answer.second);
}

Result<LogProof> Client::log_proof(std::uint64_t index) {
  v1::GetLogRequest request;
  request.mutable_proof()->set_index(index);
  SIGNET_TRY(const auto answer, impl_->call<v1::GetLogResponse>(v1::METHOD_GET_LOG, request));
  return client::log_proof_from(answer.first, answer.second);
}

Result<LogEntries> Client::log_entries(std::uint64_t first, std::uint32_t count) {
  v1::GetLogRequest request;
  request.mutable_entries()->set_first(first);
  request.mutable_entries()->set_count(count);
  SIGNET_TRY(const auto answer, impl_->call<v1::GetLogResponse>(v1::METHOD_GET_LOG, request));
  return client::log_entries_from(answer.first, count, answer.second);
}

}  // namespace signet
