#include "issuer/certificate_methods.h"

#include <fmt/format.h>

#include <algorithm>

#include "wire/message.h"

namespace signet {

namespace {

constexpr std::size_t kMaxIdempotencyKey = 64;
constexpr std::chrono::milliseconds kRetryAfter{500};

std::string text_from(ByteView bytes) { return std::string(text_of(bytes)); }

Result<void> check_idempotency_key(const std::string& key, const PolicyClient& client) {
  if (key.size() > kMaxIdempotencyKey) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} bytes; at most {} are taken", key.size(), kMaxIdempotencyKey), "idempotency_key");
  }
  if (client.must_sign && key.empty()) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format(
            "client {} signs its requests and must give each an idempotency key, so that a repeated one makes no "
            "second certificate",
            client.name),
        "idempotency_key");
  }
  return {};
}

/// The chain that is presented behind a certificate is the present configuration's: it must still be that
/// certificate's.
Result<void> check_issuer_unchanged(const Issued& issued, const Authorities& authorities) {
  const auto authority = authorities.find(issued.issuer);
  SIGNET_TRY(const Certificate certificate, Certificate::parse(issued.certificate.view(), UnknownCritical::kTaken));
  if (authority != authorities.end() &&
      certificate.verify_signed_by(authority->second.certificate.public_key()).has_value()) {
    return {};
  }
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("this request got the certificate with serial {} from issuer \"{}\", which the daemon has no "
                          "more, or with another key; ask again with a new idempotency key",
                          issued.serial.hex(), issued.issuer),
              "idempotency_key");
}

/// The proof of what a predecessor of the log holds is made from that log's folder.
Result<void> check_in_this_log(const Issued& issued) {
  if (issued.log_origin.empty()) return {};
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("this request got its certificate before the present log began: it is entry {} of the log "
                          "\"{}\", whose folder proves it (signet-audit prove)",
                          issued.log_index, issued.log_origin),
              "wait_for_proof");
}

/// Nobody is given what nobody can use any more, least of all as a success.
Result<void> check_still_good(const Issued& issued, const Store& store, Time now) {
  SIGNET_TRY(const std::optional<IssuedRecord> known, store.find_by_sha256(sha256(issued.certificate.view())));
  const bool revoked = known.has_value() && known->revoked;
  if (!revoked && now < issued.not_after) return {};
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("this request got the certificate with serial {}, which {}; ask again with a new idempotency "
                          "key",
                          issued.serial.hex(), revoked ? "is revoked" : "expired at " + to_rfc3339(issued.not_after)),
              "idempotency_key");
}

/// What a request names is part of what is hashed, signed and compared with an earlier one under its key.
Result<void> check_names_connection(const std::string& named, const Certificate& certificate) {
  const Sha256 own = certificate.fingerprint();
  if (equal(bytes_of(named), own)) return {};
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("a request to renew names the certificate of its connection, which has the SHA-256 {}, and this one "
                  "says \"{}\"; connect with the certificate that is to be renewed and give its SHA-256",
                  to_hex(own), to_hex(bytes_of(named).first(std::min(named.size(), own.size())))),
      "certificate_sha256");
}

std::unexpected<Error> cannot_be_renewed(const Certificate& certificate, std::string_view why) {
  return fail(ErrorCode::kPermissionDenied,
              fmt::format("the certificate of this connection (serial {}, SHA-256 {}) cannot be renewed: {}",
                          certificate.fields().serial.hex(), to_hex(certificate.fingerprint()), why),
              "client certificate");
}

}  // namespace

Result<void> require(const PolicyClient& client, Right right) { return check_right(client, right); }

Result<std::string> CertificateMethods::issue(Request& request) {
  SIGNET_CHECK(require(*request.client, Right::kIssue));
  SIGNET_TRY(const auto wish, parse_strict<v1::IssueRequest>(bytes_of(request.envelope.payload()), "payload"));
  return answer(request, wish, nullptr);
}

Result<std::string> CertificateMethods::renew(Request& request) {
  SIGNET_CHECK(require(*request.client, Right::kRenew));
  SIGNET_TRY(auto message, parse_strict<v1::RenewRequest>(bytes_of(request.envelope.payload()), "payload"));
  const Certificate& renewed = request.caller->certificate;
  SIGNET_CHECK(check_names_connection(message.certificate_sha256(), renewed));
  v1::IssueRequest wish;
  SIGNET_TRY(*wish.mutable_profile(), profile_of_renewed(renewed));
  wish.set_allocated_csr(message.release_csr());
  wish.set_validity_seconds(message.validity_seconds());
  wish.set_allocated_idempotency_key(message.release_idempotency_key());
  wish.set_wait_for_proof(message.wait_for_proof());
  return answer(request, wish, &renewed);
}

/// The caller's chain has been verified, and nothing in it has expired. That is not enough: another CA that the
/// connection trusts may have issued the certificate, and what it says binds nobody here.
Result<std::string> CertificateMethods::profile_of_renewed(const Certificate& certificate) const {
  SIGNET_TRY(const std::optional<IssuedRecord> known, world_.store.find_by_sha256(certificate.fingerprint()));
  if (!known.has_value())
    return cannot_be_renewed(certificate, "this CA has not issued it; ask for a certificate with Issue");
  if (known->revoked) return cannot_be_renewed(certificate, "it is revoked");
  const auto authority = world_.authorities.find(known->issuer);
  if (authority == world_.authorities.end() ||
      !certificate.verify_signed_by(authority->second.certificate.public_key()).has_value()) {
    return cannot_be_renewed(certificate, fmt::format("its issuer \"{}\" is none of the daemon's any more, or has "
                                                      "another key; ask for a certificate with Issue",
                                                      known->issuer));
  }
  return known->profile;
}

Result<std::string> CertificateMethods::answer(Request& request, const v1::IssueRequest& wish,
                                               const Certificate* renews) {
  request.csr_sha256 = sha256(bytes_of(wish.csr()));
  SIGNET_CHECK(check_idempotency_key(wish.idempotency_key(), *request.client));
  SIGNET_TRY(const Issued issued, issue_once({.rules = *request.rules,
                                              .client = *request.client,
                                              .cause = request.cause,
                                              .request = wish,
                                              .payload_sha256 = sha256(bytes_of(request.envelope.payload())),
                                              .proof = request.proof,
                                              .renews = renews}));
  v1::IssueResponse response;
  response.set_certificate(text_from(issued.certificate.view()));
  for (const CertificateDer& above : world_.authorities.at(issued.issuer).presented)
    response.add_chain(text_from(above.view()));
  response.set_serial(text_from(issued.serial.bytes()));
  response.set_log_index(issued.log_index);
  response.set_intent_log_index(issued.intent_log_index);
  if (!wish.wait_for_proof()) return text_from(encode(response));
  SIGNET_CHECK(check_in_this_log(issued));
  request.waits_for_proof = std::move(response);
  return {};
}

Result<Issued> CertificateMethods::issue_once(const IssueOrder& order) {
  const ByteView key = bytes_of(order.request.idempotency_key());
  const auto pass = in_flight_.enter(order.client.name, key);
  if (!pass.has_value()) {
    return fail_retryable(ErrorCode::kUnavailable, "this very request is being worked on already", kRetryAfter);
  }
  if (!key.empty()) {
    SIGNET_TRY(std::optional<IdempotentAnswer> before, world_.store.find_by_idempotency(order.client.name, key));
    if (before.has_value()) SIGNET_CHECK(world_.rates.take(order.client, RateLimiter::Charge::kRepeat));
    if (before.has_value() && before->payload_sha256 == order.payload_sha256) {
      SIGNET_CHECK(check_issuer_unchanged(before->issued, world_.authorities));
      SIGNET_CHECK(check_still_good(before->issued, world_.store, world_.clock.now()));
      return std::move(before->issued);
    }
    if (before.has_value()) {
      return fail(
          ErrorCode::kAlreadyExists,
          fmt::format("this key was used for another request, which got the certificate with serial {}; a new request "
                      "needs a new key",
                      before->issued.serial.hex()),
          "idempotency_key");
    }
  }
  return issue_now(order);
}

/// What fails though the request may succeed later is no fault of the client's, who is told to ask again.
Result<Issued> CertificateMethods::issue_now(const IssueOrder& order) {
  SIGNET_CHECK(world_.rates.take(order.client, RateLimiter::Charge::kIssuance));
  auto prepared = world_.issuance.prepare(order);
  Result<Issued> issued =
      prepared.has_value() ? world_.issuance.issue(*std::move(prepared)) : std::unexpected(std::move(prepared).error());
  if (!issued.has_value() && issued.error().retryable)
    world_.rates.give_back(order.client, RateLimiter::Charge::kIssuance);
  return issued;
}

}  // namespace signet
