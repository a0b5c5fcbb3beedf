#include "client/answers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "x509/certificate.h"
#include "x509/csr.h"

namespace signet::client {
namespace {

using ByteList = google::protobuf::RepeatedPtrField<std::string>;

constexpr int kMaxConsistencyHashes = 64;  // RFC 6962 section 2.1.2, of a tree of less than 2^64 entries
constexpr std::uint64_t kLongestHintSeconds = 365ULL * 86'400;
constexpr std::size_t kHashBytes = 32;             // SHA-256
constexpr std::size_t kMaxLogEntryBytes = 65'535;  // C2SP tlog-tiles: a 16-bit length

Bytes bytes_from(const std::string& text) { return copy_of(bytes_of(text)); }

std::vector<ByteVector> vectors_from(const ByteList& items) {
  std::vector<ByteVector> vectors;
  for (const std::string& item : items) vectors.push_back(bytes_from(item));
  return vectors;
}

std::string name_of(v1::IssuerState state) {
  switch (state) {
    case v1::ISSUER_STATE_ACTIVE: return "active";
    case v1::ISSUER_STATE_RETIRING: return "retiring";
    default: return {};
  }
}

DaemonStatus::Time time_from(std::int64_t micros) { return DaemonStatus::Time(std::chrono::microseconds(micros)); }

Result<void> check_certificates(const ByteList& list, const std::string& request_id) {
  for (const std::string& der : list) {
    const auto certificate = Certificate::parse(bytes_of(der));
    if (!certificate.has_value()) return bad_answer(certificate.error().message, request_id);
  }
  return {};
}

/// In an order of its own: names stand in none.
std::vector<std::string> names_of(const Certificate& certificate) {
  std::vector<std::string> names = certificate.fields().alt_names.value_or(AltNames{}).texts();
  std::ranges::sort(names);
  return names;
}

Result<void> check_same_names(const Certificate& certificate, const Certificate& renewed,
                              const std::string& request_id) {
  const auto got = names_of(certificate);
  const auto had = names_of(renewed);
  if (got == had) return {};
  return bad_answer(fmt::format("its certificate is of other names than the one that is renewed: {}, not {}",
                                printable(fmt::format("{}", fmt::join(got, ", ")), 1024),
                                printable(fmt::format("{}", fmt::join(had, ", ")), 1024)),
                    request_id);
}

/// The certificate, if it is one for the key that was sent and, renewed, of the names that it had.
Result<Certificate> check_issued(const v1::IssueResponse& answer, const Wanted& wanted, const std::string& request_id) {
  auto certificate = Certificate::parse(bytes_of(answer.certificate()), UnknownCritical::kTaken);
  if (!certificate.has_value()) return bad_answer(certificate.error().message, request_id);
  SIGNET_CHECK(check_certificates(answer.chain(), request_id));
  if (wanted.wait_for_proof && answer.proof().empty()) {
    return bad_answer("it brings no proof, which was asked for; the certificate may be issued all the same",
                      request_id);
  }
  SIGNET_TRY(const Csr csr, Csr::parse(bytes_of(wanted.csr), CaRequests::kTaken));
  if (!equal(certificate->public_key().spki(), csr.public_key().spki()))
    return bad_answer("its certificate is for another key than the request's", request_id);
  if (wanted.renews != nullptr) SIGNET_CHECK(check_same_names(*certificate, *wanted.renews, request_id));
  return certificate;
}

Result<void> check_hashes(const ByteList& hashes, const std::string& request_id) {
  if (hashes.size() > kMaxConsistencyHashes) {
    return bad_answer(fmt::format("its consistency proof has {} hashes; {} are enough for every log", hashes.size(),
                                  kMaxConsistencyHashes),
                      request_id);
  }
  for (const std::string& hash : hashes) {
    if (hash.size() == kHashBytes) continue;
    return bad_answer(fmt::format("its consistency proof has a hash of {} bytes, not 32", hash.size()), request_id);
  }
  return {};
}

Result<void> check_entries(const ByteList& entries, std::uint32_t count, const std::string& request_id) {
  if (entries.empty()) return bad_answer("it brings no entry; one at least was asked for", request_id);
  if (count != 0 && static_cast<std::uint32_t>(entries.size()) > count) {
    return bad_answer(fmt::format("it brings {} entries; {} were asked for", entries.size(), count), request_id);
  }
  for (const std::string& entry : entries) {
    if (!entry.empty() && entry.size() <= kMaxLogEntryBytes) continue;
    return bad_answer(
        fmt::format("it brings an entry of {} bytes; entries have 1 to {}", entry.size(), kMaxLogEntryBytes),
        request_id);
  }
  return {};
}

Result<void> check_checkpoint_is_there(const v1::GetLogResponse& answer, const std::string& request_id) {
  if (answer.checkpoint().empty()) return bad_answer("it brings no checkpoint", request_id);
  return {};
}

}  // namespace

Result<IssuedCertificate> issued_from(const v1::IssueResponse& answer, const Wanted& wanted,
                                      const std::string& request_id) {
  SIGNET_TRY(const Certificate certificate, check_issued(answer, wanted, request_id));
  IssuedCertificate issued;
  issued.certificate = bytes_from(answer.certificate());
  issued.chain = vectors_from(answer.chain());
  issued.serial = copy_of(certificate.fields().serial.bytes());
  issued.not_after = std::chrono::floor<std::chrono::seconds>(certificate.fields().not_after);
  issued.log_index = answer.log_index();
  issued.intent_log_index = answer.intent_log_index();
  issued.idempotency_key = wanted.idempotency_key;
  issued.request_id = request_id;
  issued.proof = bytes_from(answer.proof());
  return issued;
}

Result<TrustBundle> trust_bundle_from(const v1::GetTrustBundleResponse& answer, const std::string& request_id) {
  if (answer.roots().empty()) return bad_answer("the trust bundle holds no root", request_id);
  SIGNET_CHECK(check_certificates(answer.roots(), request_id));
  SIGNET_CHECK(check_certificates(answer.intermediates(), request_id));
  return TrustBundle{.origin = printable(answer.origin()),
                     .roots = vectors_from(answer.roots()),
                     .intermediates = vectors_from(answer.intermediates()),
                     .request_id = request_id,
                     .sequence = answer.sequence(),
                     .refresh_hint = std::chrono::seconds(
                         std::min<std::uint64_t>(answer.refresh_hint_seconds(), kLongestHintSeconds))};
}

DaemonStatus status_from(const v1::GetStatusResponse& answer, const std::string& request_id) {
  DaemonStatus status;
  status.version = printable(answer.version());
  status.origin = printable(answer.origin());
  status.started = time_from(answer.started_micros());
  status.log_size = answer.log_size();
  status.checkpoint_size = answer.checkpoint_size();
  if (answer.checkpoint_time_micros() != 0) status.checkpoint_time = time_from(answer.checkpoint_time_micros());
  status.issued = answer.issued();
  status.requests_in_flight = answer.requests_in_flight();
  status.request_id = request_id;
  for (const auto& issuer : answer.issuers()) {
    status.issuers.push_back({printable(issuer.name()), printable(issuer.subject(), 1024),
                              time_from(issuer.not_after_micros()), printable(issuer.key()), issuer.available(),
                              name_of(issuer.state())});
  }
  for (const auto& token : answer.tokens()) {
    auto& item = status.tokens.emplace_back();
    item.name = printable(token.name());
    item.available = token.available();
    item.restarts = token.restarts();
    for (const std::string& key : token.keys()) item.keys.push_back(printable(key));
  }
  return status;
}

Result<LogCheckpoint> log_checkpoint_from(const v1::GetLogResponse& answer, const std::string& request_id) {
  SIGNET_CHECK(check_checkpoint_is_there(answer, request_id));
  SIGNET_CHECK(check_hashes(answer.consistency(), request_id));
  return LogCheckpoint{bytes_from(answer.checkpoint()), vectors_from(answer.consistency()), request_id};
}

Result<LogProof> log_proof_from(const v1::GetLogResponse& answer, const std::string& request_id) {
  if (answer.proof().empty()) return bad_answer("it brings no proof", request_id);
  return LogProof{bytes_from(answer.proof()), request_id};
}

Result<LogEntries> log_entries_from(const v1::GetLogResponse& answer, std::uint32_t count,
                                    const std::string& request_id) {
  SIGNET_CHECK(check_checkpoint_is_there(answer, request_id));
  SIGNET_CHECK(check_entries(answer.entries(), count, request_id));
  return LogEntries{bytes_from(answer.checkpoint()), vectors_from(answer.entries()), request_id};
}

}  // namespace signet::client
