#include "issuer/request_handler.h"

#include <fmt/format.h>

#include "base/ops_log.h"
#include "base/version.h"
#include "wire/message.h"
#include "wire/status.h"

namespace signet {

namespace {

/// The field of a refusal by the rate limiter: what else is exhausted is the daemon's.
constexpr std::string_view kRateField = "rate";

std::string text_from(ByteView bytes) { return std::string(text_of(bytes)); }

std::int64_t micros(Time time) { return time.time_since_epoch().count(); }

/// What the caller did, as opposed to what happened to the daemon.
bool is_callers_fault(const Error& error) {
  switch (error.code) {
    case ErrorCode::kResourceExhausted: return error.field == kRateField;
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kPermissionDenied:
    case ErrorCode::kUnimplemented:
    case ErrorCode::kUnauthenticated: return true;
    default: return false;
  }
}

}  // namespace

RequestHandler::RequestHandler(HandlerWorld world)
    : world_(std::move(world)), log_questions_(world_.log, world_.publisher), started_(world_.clock.now()) {}

void RequestHandler::handle(const internal::Call& call, const Reply& reply) {
  const auto request = std::make_shared<Request>();
  request->cause.request = fmt::format("{}-{}", world_.boot_tag, ++last_request_);
  request->cause.who.address = printable(call.address());
  const Payload payload = answer_or_catch(call, *request);
  if (!payload.has_value() || !request->waits_for_proof.has_value()) return finish(*request, payload, reply);
  finish_with_proof(request, *std::exchange(request->waits_for_proof, std::nullopt), reply);
}

void RequestHandler::finish(const Request& request, const Payload& payload, const Reply& reply) {
  v1::Response response;
  response.set_number(request.envelope.number());
  response.set_request_id(request.cause.request);
  if (payload.has_value()) {
    response.set_payload(*payload);
  } else {
    log_rejection(request, payload.error());
    *response.mutable_error() = to_status(payload.error(), world_.config.origin);
  }
  reply(response);
}

/// The certificate is issued and durable: whatever happens now, a retry with the same idempotency key gets it.
void RequestHandler::finish_with_proof(std::shared_ptr<const Request> request, v1::IssueResponse answer,
                                       const Reply& reply) {
  const std::uint64_t index = answer.log_index();
  const std::string client = request->cause.who.client;
  world_.proof_desk.wait(
      client, index,
      [this, request = std::move(request), answer = std::move(answer), reply](const Result<Bytes>& proof) mutable {
        if (!proof.has_value()) return finish(*request, std::unexpected(proof.error()), reply);
        answer.set_proof(text_from(*proof));
        finish(*request, text_from(encode(answer)), reply);
      });
}

/// A library that throws (out of memory) must not take the process and everybody else's requests with it. An intent
/// that is open then stays open until the next start, which orphans it.
RequestHandler::Payload RequestHandler::answer_or_catch(const internal::Call& call, Request& request) {
  try {
    return answer(call, request);
  } catch (const std::exception& thrown) {
    ops::error("a request ended by an exception", {{"request", request.cause.request}, {"what", thrown.what()}});
    return fail(ErrorCode::kInternal, "something that should not happen; an operator finds it by the request id");
  }
}

RequestHandler::Payload RequestHandler::answer(const internal::Call& call, Request& request) {
  SIGNET_TRY(request.envelope, parse_strict<v1::Request>(bytes_of(call.request()), "request"));
  SIGNET_CHECK(identify(call, request));
  const RequestContext context{.origin = world_.config.origin, .skew = world_.config.issue.request_skew};
  SIGNET_TRY(request.proof,
             verify_request_signature(request.envelope, *request.client, *request.caller, context, world_.clock.now()));
  switch (request.envelope.method()) {
    case v1::METHOD_ISSUE: return world_.certificates.issue(request);
    case v1::METHOD_RENEW: return world_.certificates.renew(request);
    case v1::METHOD_GET_TRUST_BUNDLE: return trust_bundle(request);
    case v1::METHOD_GET_STATUS: return status(request);
    case v1::METHOD_GET_LOG: return log_question(request);
    default: break;
  }
  return fail(ErrorCode::kUnimplemented,
              fmt::format("there is no method {}", static_cast<int>(request.envelope.method())), "method");
}

Result<void> RequestHandler::identify(const internal::Call& call, Request& request) {
  std::vector<ByteView> chain;
  for (const std::string& der : call.peer_chain()) chain.push_back(bytes_of(der));
  if (!chain.empty()) request.cause.who.certificate_sha256 = to_hex(sha256(chain.front()));
  SIGNET_TRY(request.caller, world_.callers.identify(chain));
  request.rules = world_.rules.now();
  request.client = request.rules->policy.find_client(request.caller->identity);
  if (request.client == nullptr) {
    return fail(ErrorCode::kPermissionDenied,
                fmt::format("no client of the policy has this certificate's identity (subject \"{}\", SHA-256 {}) "
                            "(rule client.identity)",
                            request.caller->certificate.fields().subject.text(), request.cause.who.certificate_sha256),
                "client certificate");
  }
  request.cause.who.client = request.client->name;
  return {};
}

namespace {

std::string encode_text(const google::protobuf::Message& message) { return text_from(encode(message)); }

}  // namespace

RequestHandler::Payload RequestHandler::trust_bundle(const Request& request) const {
  SIGNET_TRY([[maybe_unused]] const auto message,
             parse_strict<v1::GetTrustBundleRequest>(bytes_of(request.envelope.payload()), "payload"));
  v1::GetTrustBundleResponse response;
  for (const CertificateDer& root : world_.bundle.roots) response.add_roots(text_from(root.view()));
  for (const CertificateDer& other : world_.bundle.intermediates) response.add_intermediates(text_from(other.view()));
  response.set_origin(world_.config.origin);
  response.set_sequence(static_cast<std::uint64_t>(micros(started_)));  // two starts in a second are two bundles
  response.set_refresh_hint_seconds(static_cast<std::uint64_t>(world_.config.trust.refresh_hint.count()));
  return encode_text(response);
}

RequestHandler::Payload RequestHandler::status(const Request& request) const {
  SIGNET_CHECK(require(*request.client, Right::kOperate));
  SIGNET_TRY([[maybe_unused]] const auto message,
             parse_strict<v1::GetStatusRequest>(bytes_of(request.envelope.payload()), "payload"));
  v1::GetStatusResponse response;
  response.set_version(std::string(kVersion));
  response.set_origin(world_.config.origin);
  response.set_started_micros(micros(started_));
  response.set_log_size(world_.log.size());
  response.set_issued(world_.store.issued_count());
  response.set_requests_in_flight(world_.requests_in_flight());
  const log::Published newest = world_.publisher.newest();
  response.set_checkpoint_size(newest.size);
  response.set_checkpoint_time_micros(newest.size == 0 ? 0 : micros(newest.time));
  for (const auto& [name, authority] : world_.authorities) {
    v1::IssuerStatus& issuer = *response.add_issuers();
    issuer.set_name(name);
    issuer.set_subject(authority.certificate.fields().subject.text());
    issuer.set_not_after_micros(micros(authority.certificate.fields().not_after));
    issuer.set_key(authority.key);
    issuer.set_available(!world_.log.failed() && world_.gate.check().has_value() &&
                         world_.keyholders.can_sign(authority.key));
    issuer.set_state(authority.state == IssuerState::kActive ? v1::ISSUER_STATE_ACTIVE : v1::ISSUER_STATE_RETIRING);
  }
  for (const auto& [name, link] : world_.keyholders.tokens()) {
    v1::TokenStatus& token = *response.add_tokens();
    token.set_name(name);
    token.set_available(link->usable());
    token.set_restarts(link->reconnects());
    for (const std::string& key : world_.keyholders.keys_of(name)) token.add_keys(key);
  }
  return encode_text(response);
}

RequestHandler::Payload RequestHandler::log_question(const Request& request) const {
  SIGNET_CHECK(require(*request.client, Right::kAudit));
  SIGNET_TRY(const auto message, parse_strict<v1::GetLogRequest>(bytes_of(request.envelope.payload()), "payload"));
  SIGNET_TRY(const v1::GetLogResponse response, log_questions_.answer(message));
  return encode_text(response);
}

void RequestHandler::log_rejection(const Request& request, const Error& error) {
  if (!is_callers_fault(error)) {
    return ops::warning("request failed", {{"request", request.cause.request},
                                           {"client", request.cause.who.client},
                                           {"code", std::string(name_of(error.code))},
                                           {"reason", error.message}});
  }
  world_.refusals.rejected({.cause = request.cause,
                            .code = std::string(name_of(error.code)),
                            .text = printable(error.message, log::kLongestRefusal),
                            .field = error.field,
                            .csr_sha256 = request.csr_sha256});
}

void RequestHandler::log_access_failure(const internal::AccessFailure& failure) {
  log::AccessFields fields{.cause = {},
                           .reason = printable(failure.reason()),
                           .text = printable(failure.text()),
                           .count = std::max<std::uint64_t>(failure.count(), 1)};
  fields.cause.who.address = printable(failure.address());
  if (!failure.peer_certificate().empty()) {
    fields.cause.who.certificate_sha256 = to_hex(sha256(bytes_of(failure.peer_certificate())));
  }
  world_.refusals.access(std::move(fields));
}

v1::Response RequestHandler::refuse_overload(const internal::Call& call) const {
  v1::Response response;
  if (const auto envelope = parse_strict<v1::Request>(bytes_of(call.request()), "request"); envelope.has_value()) {
    response.set_number(envelope->number());
  }
  const Result<void> full =
      fail_retryable(ErrorCode::kResourceExhausted, "more requests wait than the daemon has room for",
                     std::chrono::milliseconds(1000));
  *response.mutable_error() = to_status(full.error(), world_.config.origin);
  return response;
}

}  // namespace signet
