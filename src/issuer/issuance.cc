#include "issuer/issuance.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ops_log.h"
#include "lint/lint.h"
#include "x509/csr.h"

namespace signet {

namespace {

/// What lint_version of an intent says: by which rules the structure was judged.
std::string lint_version() { return fmt::format("{} {}", lint::kVersion, lint::name_of(lint::Set::kPrivate)); }

constexpr std::string_view kLintField = "profile";

/// Warnings are the profile's choice. An error is one, too, but the certificate would be refused by somebody.
Result<void> check_lint(const std::vector<lint::Finding>& findings) {
  const auto error = std::ranges::find(findings, lint::Severity::kError, &lint::Finding::severity);
  if (error == findings.end()) return {};
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("the certificate would break the rule {} ({}): {}; ask for other names or another key, or "
                          "have an operator change the profile",
                          error->id, error->clause, error->message),
              std::string(kLintField));
}

/// The last check before a structure can be signed: our own strict reader takes it, finds every name, the key and the
/// dates that were decided, and no CA.
Result<void> check_reads_back(const TbsDer& tbs, const TbsFields& decided) {
  SIGNET_TRY(const TbsFields read, parse_tbs(tbs.view()));
  const bool same = read.serial == decided.serial && equal(read.issuer.der(), decided.issuer.der()) &&
                    equal(read.subject.der(), decided.subject.der()) && read.spki == decided.spki &&
                    read.not_before == decided.not_before && read.not_after == decided.not_after &&
                    read.alt_names == decided.alt_names && read.key_usage == decided.key_usage &&
                    read.extended_key_usage == decided.extended_key_usage &&
                    !(read.basic_constraints.has_value() && read.basic_constraints->ca);
  if (!same) return fail(ErrorCode::kInternal, "the certificate that was written does not read back as it was decided");
  return {};
}

struct Validity {
  Time not_before;
  Time not_after;
};

/// Whole seconds, as certificates have them. A default validity ends with the issuer's own at the latest; a wished one
/// that would not is refused.
Result<Validity> decide_validity(const Profile& profile, const v1::IssueRequest& request, const Authority& authority,
                                 Time now) {
  // Bounded before it becomes a signed number of seconds.
  const auto wished =
      std::chrono::seconds(static_cast<std::int64_t>(std::min<std::uint64_t>(request.validity_seconds(), INT32_MAX)));
  SIGNET_TRY(const std::chrono::seconds validity, choose_validity(profile, wished));
  const Time start = std::chrono::floor<std::chrono::seconds>(now);
  const Time issuer_end = authority.certificate.fields().not_after;
  Validity result{.not_before = std::max<Time>(start - profile.backdate, authority.certificate.fields().not_before),
                  .not_after = start + validity};
  if (start >= issuer_end) {
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("the issuing CA \"{}\" expired at {}", authority.name, to_rfc3339(issuer_end)));
  }
  if (result.not_after > issuer_end && request.validity_seconds() != 0) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} from now is past the end of the issuing CA \"{}\", {}", format_duration(validity),
                            authority.name, to_rfc3339(issuer_end)),
                "validity_seconds");
  }
  result.not_after = std::min(result.not_after, issuer_end);
  return result;
}

Result<const Profile*> permitted_profile(const Policy& policy, const IssueOrder& order) {
  const Profile* profile = policy.find_profile(order.request.profile());
  if (profile == nullptr) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no profile \"{}\"", printable(order.request.profile())),
                "profile");
  }
  SIGNET_CHECK(check_profile(order.client, *profile));
  return profile;
}

Result<AltNames> permitted_names(const Csr& csr, const Profile& profile, const PolicyClient& client) {
  const AltNames names = csr.alt_names().value_or(AltNames{});
  SIGNET_CHECK(check_names(profile, client, names));
  return names;
}

Result<void> check_not_our_key(const PublicKey& key, const Authorities& authorities) {
  for (const auto& [name, authority] : authorities) {
    const auto is_key_of = [&](const Certificate& ca) { return equal(key.spki(), ca.public_key().spki()); };
    if (is_key_of(authority.certificate) || is_key_of(authority.root) ||
        std::ranges::any_of(authority.chain, is_key_of)) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("the key is the CA's own, of issuer \"{}\" (rule key.own)", name),
                  "csr.subjectPublicKeyInfo");
    }
  }
  return {};
}

std::unexpected<Error> log_failed() {
  return fail(ErrorCode::kFailedPrecondition,
              "the audit log cannot be written any more, so nothing is signed; an operator has to look");
}

std::unexpected<Error> token_unavailable(const Authority& authority) {
  return fail_retryable(ErrorCode::kUnavailable,
                        fmt::format("the key of issuer \"{}\" cannot be reached at present", authority.name),
                        std::chrono::milliseconds(500));
}

}  // namespace

Result<SerialNumber> Issuance::unused_serial() const {
  for (int attempt = 0; attempt < 3; ++attempt) {  // two equal ones out of 2^159 mean a broken generator
    SIGNET_TRY(SerialNumber serial, SerialNumber::random(world_.rng));
    SIGNET_TRY(const bool used, world_.store.serial_exists(serial));
    if (!used) return serial;
  }
  return fail(ErrorCode::kInternal, "the random number generator repeats itself");
}

Result<Prepared> Issuance::prepare(const IssueOrder& order) const {
  if (world_.log.failed()) return log_failed();
  SIGNET_CHECK(world_.gate.check());
  SIGNET_TRY(const Profile* const profile, permitted_profile(world_.policy, order));
  SIGNET_TRY(const Csr csr, Csr::parse(bytes_of(order.request.csr())));
  SIGNET_CHECK(check_key(*profile, csr.public_key()));
  SIGNET_CHECK(check_not_our_key(csr.public_key(), world_.authorities));
  SIGNET_CHECK(world_.blocked_keys.check(csr.public_key()));
  SIGNET_TRY(AltNames names, permitted_names(csr, *profile, order.client));
  SIGNET_TRY(Name subject, choose_subject(*profile, csr, names));
  const Authority& authority = world_.authorities.at(profile->issuer);
  SIGNET_TRY(const Validity validity, decide_validity(*profile, order.request, authority, world_.clock.now()));
  SIGNET_CHECK(csr.verify_possession());
  if (!world_.keyholders.of_key(authority.key).connected()) return token_unavailable(authority);

  SIGNET_TRY(SerialNumber serial, unused_serial());
  const auto& key_id = csr.public_key().key_id();
  const TbsFields fields{.serial = serial,
                         .algorithm = default_algorithm(authority.certificate.public_key().type()),
                         .issuer = authority.certificate.fields().subject,
                         .not_before = validity.not_before,
                         .not_after = validity.not_after,
                         .subject = std::move(subject),
                         .spki = copy_of(csr.public_key().spki()),
                         .basic_constraints = BasicConstraints{.ca = false, .path_length = {}},
                         .key_usage = profile->key_usage,
                         .extended_key_usage = profile->extended_key_usage,
                         .alt_names = std::move(names),
                         .subject_key_id = Bytes(key_id.begin(), key_id.end()),
                         .authority_key_id = authority.certificate.fields().subject_key_id};
  TbsDer tbs = encode_tbs(fields);
  SIGNET_CHECK(check_reads_back(tbs, fields));
  SIGNET_CHECK(check_lint(lint::lint_tbs(tbs.view(), lint::Set::kPrivate)));
  return Prepared(authority, validity.not_after,
                  log::IntentFields{.cause = order.cause,
                                    .kind = std::string(log::kCertificateKind),
                                    .issuer = authority.name,
                                    .profile = profile->name,
                                    .serial = std::move(serial),
                                    .client = order.client.name,
                                    .idempotency_key = copy_of(bytes_of(order.request.idempotency_key())),
                                    .payload_sha256 = order.payload_sha256,
                                    .proof = order.proof,
                                    .csr_sha256 = sha256(csr.der()),
                                    .profile_sha256 = profile->sha256,
                                    .lint_version = lint_version(),
                                    .tbs = std::move(tbs)});
}

/// The token's signature over the TBS, verified: whatever a keyholder sends, nothing else becomes a certificate.
Result<SignatureValue> Issuance::sign(const Authority& authority, const TbsDer& tbs) const {
  internal::SignRequest request;
  request.set_key(authority.key);
  request.set_kind(internal::ARTIFACT_KIND_END_ENTITY_CERTIFICATE);
  request.set_structure(std::string(text_of(tbs.view())));
  SIGNET_TRY(SignatureValue signature,
             world_.keyholders.of_key(authority.key).sign(std::move(request), world_.sign_deadline));
  const PublicKey& key = authority.certificate.public_key();
  if (key.verify(default_algorithm(key.type()), tbs.view(), signature.view()).has_value()) return signature;
  return fail(ErrorCode::kDataLoss,
              fmt::format("the signature that came from the key of issuer \"{}\" does not verify", authority.name));
}

// The order of the three steps is the promise of the audit log. Beside each: what is true if the power goes there.
Result<Issued> Issuance::issue(Prepared prepared) const {
  const log::IntentFields& intent = prepared.intent_;
  const Authority& authority = *prepared.authority_;

  // 1. The intent. Crash before it is durable: nothing happened. Crash after: recovery finds it open and orphans it.
  SIGNET_TRY(const std::uint64_t index, world_.log.append(log::intent_draft(intent), log::Urgency::kOrdinary));

  // Another entry may have stopped the log since. What would be signed now could not be logged.
  if (world_.log.failed()) return log_failed();

  // 2. The signature. Crash here: it may have been made, nobody has it; recovery orphans the intent and so revokes its
  //    serial.
  auto signature = sign(authority, intent.tbs);
  if (!signature.has_value()) return close_unsigned(intent, index, std::move(signature).error());
  const SignatureAlgorithm algorithm = default_algorithm(authority.certificate.public_key().type());
  CertificateDer certificate = assemble_certificate(intent.tbs, algorithm, *signature);
  if (auto good = check_lint(lint::lint_certificate(certificate.view(), lint::Set::kPrivate)); !good.has_value())
    return close_unsigned(intent, index, std::move(good).error());

  // 3. The outcome. Crash before it is durable: as in 2. Crash after: the certificate is in the log, the store catches
  //    up from it, and a retry with the same idempotency key gets it.
  SIGNET_TRY(const std::uint64_t issued_index,
             world_.log.append(log::issued_draft({.cause = intent.cause,
                                                  .intent = index,
                                                  .serial = intent.serial,
                                                  .algorithm = algorithm,
                                                  .signature = *std::move(signature),
                                                  .certificate_sha256 = sha256(certificate.view())}),
                               log::Urgency::kEssential));
  return Issued{.certificate = std::move(certificate),
                .serial = intent.serial,
                .issuer = intent.issuer,
                .log_index = issued_index,
                .intent_log_index = index,
                .not_after = prepared.not_after_};
}

namespace {

/// What the `why` of an orphaned intent says.
std::string_view why_orphaned(const Error& error) {
  if (error.code == ErrorCode::kDeadlineExceeded) return "deadline";
  if (error.code == ErrorCode::kFailedPrecondition && error.field == kLintField) return "lint";
  return error.code == ErrorCode::kDataLoss ? "failed-verification" : "token-error";
}

/// Trouble of the token may pass, and another attempt is a new intent; what the keyholder calls wrong stays wrong.
std::unexpected<Error> answer_for(Error error) {
  const bool may_pass = error.retryable || error.code == ErrorCode::kDataLoss || error.code == ErrorCode::kInternal;
  if (!may_pass) return fail(ErrorCode::kInternal, "the keyholder cannot sign this: " + error.message);
  return fail_retryable(ErrorCode::kUnavailable, std::move(error.message),
                        std::max(error.retry_after, std::chrono::milliseconds(500)));
}

}  // namespace

/// The fence refuses before it signs, so its refusal closes the intent as rejected. After any other error a signature
/// may exist: the intent is orphaned, which revokes its serial, and a retry is a new intent with a new serial.
std::unexpected<Error> Issuance::close_unsigned(const log::IntentFields& intent, std::uint64_t index,
                                                Error error) const {
  const bool refused = error.code == ErrorCode::kPermissionDenied && error.field.starts_with("fence.");
  log::Draft closing = refused ? log::rejected_draft({.cause = intent.cause,
                                                      .code = std::string(name_of(error.code)),
                                                      .text = printable(error.message),
                                                      .field = error.field,
                                                      .csr_sha256 = intent.csr_sha256,
                                                      .intent = index})
                               : log::orphaned_draft({.cause = intent.cause,
                                                      .intent = index,
                                                      .serial = intent.serial,
                                                      .issuer = intent.issuer,
                                                      .why = std::string(why_orphaned(error))});
  if (const auto closed = world_.log.append(std::move(closing), log::Urgency::kEssential); !closed.has_value())
    return std::unexpected(closed.error());
  ops::warning("intent closed without a certificate", {{"intent", std::to_string(index)},
                                                       {"serial", intent.serial.hex()},
                                                       {"request", intent.cause.request},
                                                       {"reason", error.message}});
  if (refused) {
    return fail(ErrorCode::kInternal,
                "the keyholder's fence refuses what this profile makes; an operator has to compare profile \"" +
                    intent.profile + "\" with the key's fence: " + error.message);
  }
  return answer_for(std::move(error));
}

namespace {

/// Log and store read the same entries, so whatever differs is damage.
Result<void> check_same(const std::vector<std::uint64_t>& in_log, const std::vector<OpenIntent>& in_store) {
  if (std::ranges::equal(in_log, in_store, {}, {}, &OpenIntent::log_index)) return {};
  return fail(
      ErrorCode::kDataLoss,
      fmt::format("the log has {} open intents and the store {}, or others; delete the store: it is rebuilt from "
                  "the log",
                  in_log.size(), in_store.size()));
}

}  // namespace

Result<void> close_open_intents(log::EntryLog& log, const Store& store) {
  SIGNET_TRY(const std::vector<OpenIntent> open, store.open_intents());
  SIGNET_CHECK(check_same(log.open_intents(), open));
  for (const OpenIntent& intent : open) {
    const log::OrphanedFields orphaned{
        .cause = {.who = {.client = intent.client, .certificate_sha256 = {}, .address = {}}, .request = intent.request},
        .intent = intent.log_index,
        .serial = intent.serial,
        .issuer = intent.issuer,
        .why = "start-up"};
    SIGNET_TRY([[maybe_unused]] const std::uint64_t index,
               log.append(log::orphaned_draft(orphaned), log::Urgency::kEssential));
    ops::warning(
        "intent left open by a crash is closed; its serial is revoked",
        {{"intent", std::to_string(intent.log_index)}, {"serial", intent.serial.hex()}, {"request", intent.request}});
  }
  return {};
}

}  // namespace signet
