#include "issuer/issuance.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ops_log.h"
#include "issuer/token_trust.h"
#include "lint/lint.h"
#include "policy/lint_verdict.h"

namespace signet {

namespace {

/// What lint_version of an intent says: by which rules the structure was judged.
std::string lint_version(const Profile& profile) {
  return fmt::format("{} {}", lint::kVersion, lint::name_of(lint_set(profile)));
}

/// The last check before a structure can be signed: our own strict reader finds in it what was decided, and only that.
Result<void> check_reads_back(const TbsDer& tbs, const TbsFields& decided) {
  SIGNET_TRY(const TbsFields read, parse_tbs(tbs.view()));
  if (read == decided) return {};
  return fail(ErrorCode::kInternal, "the certificate that was written does not read back as it was decided");
}

/// As a decision needs them: without the keys that sign.
IssuingCas issuing_cas(const Authorities& authorities) {
  IssuingCas cas;
  for (const auto& [name, authority] : authorities) {
    IssuingCa ca{.name = name, .certificates = {authority.certificate}, .signature = authority.algorithm};
    ca.certificates.insert(ca.certificates.end(), authority.chain.begin(), authority.chain.end());
    // The issuing CA may be the root itself, and `chain` may name it.
    if (!equal(ca.certificates.back().der().view(), authority.root.der().view()))
      ca.certificates.push_back(authority.root);
    cas.emplace(name, std::move(ca));
  }
  return cas;
}

/// Bounded before it becomes a signed number of seconds, by what no profile allows and a refusal can still name.
std::chrono::seconds wished_validity(const v1::IssueRequest& request) {
  constexpr std::uint64_t kBeyondAll = 1'000'000'000'000;
  return std::chrono::seconds(std::min<std::uint64_t>(request.validity_seconds(), kBeyondAll));
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

/// Gives `fields` a serial number of its own. What comes out has passed everything that comes before a signature.
Result<TbsDer> Issuance::write_tbs(TbsFields& fields, const PreparedExtensions& constant,
                                   const Profile& profile) const {
  SIGNET_TRY(fields.serial, unused_serial());
  TbsDer tbs = encode_tbs(fields, constant);
  SIGNET_CHECK(check_reads_back(tbs, fields));
  SIGNET_CHECK(check_lint(lint::lint_tbs(tbs.view(), lint_set(profile)), profile));
  return tbs;
}

Issuance::Issuance(const IssuanceWorld& world) : world_(world), cas_(issuing_cas(world.authorities)) {}

Result<Prepared> Issuance::prepare(const IssueOrder& order) const {
  if (world_.log.failed()) return log_failed();
  SIGNET_CHECK(world_.gate.check());
  SIGNET_TRY(Decision decision, decide(order.rules.policy, order.client,
                                       {.profile = order.request.profile(),
                                        .csr = bytes_of(order.request.csr()),
                                        .validity = wished_validity(order.request),
                                        .renews = order.renews},
                                       cas_, world_.clock.now(), world_.own_keys));
  SIGNET_CHECK(order.rules.blocked_keys.check(decision.csr.public_key()));
  const Profile& profile = *decision.profile;
  const Authority& authority = world_.authorities.at(profile.issuer);
  if (!world_.keyholders.can_sign(authority.key)) return token_unavailable(authority);

  SIGNET_TRY(TbsDer tbs, write_tbs(decision.fields, *decision.constant, profile));
  return Prepared(
      authority, profile, decision.fields.not_after,
      log::IntentFields{.cause = order.cause,
                        .kind = std::string(profile.is_ca() ? log::kCaCertificateKind : log::kCertificateKind),
                        .issuer = authority.name,
                        .profile = profile.name,
                        .serial = std::move(decision.fields.serial),
                        .client = order.client.name,
                        .method = order.renews == nullptr ? "Issue" : "Renew",
                        .idempotency_key = copy_of(bytes_of(order.request.idempotency_key())),
                        .payload_sha256 = order.payload_sha256,
                        .proof = order.proof,
                        .csr_sha256 = sha256(decision.csr.der()),
                        .profile_sha256 = profile.sha256,
                        .lint_version = lint_version(profile),
                        .tbs = std::move(tbs)});
}

/// The token's signature over the TBS, verified: whatever a keyholder sends, nothing else becomes a certificate.
Result<SignatureValue> Issuance::sign(const Authority& authority, internal::ArtifactKind kind, const TbsDer& tbs,
                                      const SigningRoute::Turn& turn) const {
  internal::SignRequest request;
  request.set_key(authority.key);
  request.set_kind(kind);
  request.set_structure(std::string(text_of(tbs.view())));
  auto signature = turn.link->sign(std::move(request), turn.patience, [&](const SignatureValue& made) -> Result<void> {
    if (authority.certificate.public_key().verify(authority.algorithm, tbs.view(), made.view()).has_value()) return {};
    return fail(ErrorCode::kDataLoss, fmt::format("the signature that came from the key of issuer \"{}\" does not "
                                                  "verify",
                                                  authority.name));
  });
  // The lint is ours: a keyholder that says it, to be believed where nobody else is asked, says nothing.
  if (!signature.has_value() && signature.error().field == kLintField) signature.error().field.clear();
  return signature;
}

/// Signed and linted.
Result<Issuance::Made> Issuance::make_certificate(const Prepared& prepared, const SigningRoute::Turn& turn) const {
  const Authority& authority = *prepared.authority_;
  const TbsDer& tbs = prepared.intent_.tbs;
  const auto kind = prepared.profile_->is_ca() ? internal::ARTIFACT_KIND_CA_CERTIFICATE
                                               : internal::ARTIFACT_KIND_END_ENTITY_CERTIFICATE;
  SIGNET_TRY(SignatureValue signature, sign(authority, kind, tbs, turn));
  const SignatureAlgorithm algorithm = authority.algorithm;
  CertificateDer certificate = assemble_certificate(tbs, algorithm, signature);
  SIGNET_CHECK(
      check_lint(lint::lint_signed(certificate.view(), tbs.view(), lint_set(*prepared.profile_)), *prepared.profile_));
  return Made{.algorithm = algorithm, .signature = std::move(signature), .certificate = std::move(certificate)};
}

/// A serial number has one signature at most, also when nobody knows of the first one: whatever goes to another token
/// is a certificate of its own, with an intent of its own.
Result<void> Issuance::begin_anew(Prepared& prepared) const {
  log::IntentFields& intent = prepared.intent_;
  SIGNET_TRY(TbsFields fields, parse_tbs(intent.tbs.view()));
  SIGNET_TRY(intent.tbs, write_tbs(fields, prepare_extensions(fields), *prepared.profile_));
  intent.serial = std::move(fields.serial);
  return {};
}

Result<Issued> Issuance::issue(Prepared prepared) const {
  const Authority& authority = *prepared.authority_;
  SigningRoute route(world_.keyholders, authority.key, world_.sign_deadline, world_.clock);
  auto turn = route.next();
  if (!turn.has_value()) return token_unavailable(authority);  // it was there when this was prepared
  std::optional<SigningRoute::Turn> refused;
  while (true) {
    Attempt attempt = issue_on(prepared, *turn);
    if (attempt.issued.has_value() && refused.has_value()) refused->link->refused_alone(refused->generation);
    if (attempt.issued.has_value() || attempt.elsewhere == Elsewhere::kNoHelp) return std::move(attempt.issued);
    if (attempt.elsewhere == Elsewhere::kMayDisagree) {
      if (refused.has_value()) return std::move(attempt.issued);  // two of them say so
      refused = turn;
    }
    const std::string failed = turn->token;
    turn = route.next();
    if (!turn.has_value()) return std::move(attempt.issued);
    ops::info("a request goes to another token",
              {{"request", prepared.intent_.cause.request}, {"from", failed}, {"to", turn->token}});
    SIGNET_CHECK(begin_anew(prepared));
  }
}

namespace {

/// What the `why` of an orphaned intent says.
std::string_view why_orphaned(const Error& error) {
  if (error.code == ErrorCode::kDeadlineExceeded) return "deadline";
  if (error.code == ErrorCode::kFailedPrecondition && error.field == kLintField) return "lint";
  return error.code == ErrorCode::kDataLoss ? "failed-verification" : "token-error";
}

/// The fence refuses before it signs.
bool fence_refused(const Error& error) {
  return error.code == ErrorCode::kPermissionDenied && error.field.starts_with("fence.");
}

/// Trouble of the token may pass, and another attempt is a new intent; what the keyholder calls wrong stays wrong.
std::unexpected<Error> answer_for(const log::IntentFields& intent, Error error) {
  if (fence_refused(error)) {
    return fail(ErrorCode::kInternal,
                "the keyholder's fence refuses what this profile makes; an operator has to compare profile \"" +
                    intent.profile + "\" with the key's fence: " + error.message);
  }
  const bool may_pass = error.retryable || error.code == ErrorCode::kDataLoss || error.code == ErrorCode::kInternal;
  if (!may_pass) return fail(ErrorCode::kInternal, "the keyholder cannot sign this: " + error.message);
  return fail_retryable(ErrorCode::kUnavailable, std::move(error.message),
                        std::max(error.retry_after, std::chrono::milliseconds(500)));
}

}  // namespace

/// What the lint refuses, it refuses everywhere.
Issuance::Elsewhere Issuance::elsewhere(const Error& error) {
  if (error.field == kLintField) return Elsewhere::kNoHelp;
  return is_refusal(error) ? Elsewhere::kMayDisagree : Elsewhere::kMayHelp;
}

// The order of the three steps is the promise of the audit log. Beside each: what is true if the power goes there.
Issuance::Attempt Issuance::issue_on(const Prepared& prepared, const SigningRoute::Turn& turn) const {
  const log::IntentFields& intent = prepared.intent_;

  // 1. The intent. Crash before it is durable: nothing happened. Crash after: recovery finds it open and orphans it.
  SIGNET_TRY(const std::uint64_t index, world_.log.append(log::intent_draft(intent), log::Urgency::kOrdinary));

  // Another entry may have stopped the log since. What would be signed now could not be logged.
  if (world_.log.failed()) return log_failed();

  // 2. The signature. Crash here: it may have been made, nobody has it; recovery orphans the intent and so revokes its
  //    serial.
  auto made = make_certificate(prepared, turn);
  if (!made.has_value()) {
    // An intent that stays open is the last thing that is done: nothing goes on while nobody knows what was signed.
    if (auto closed = close_unsigned(intent, index, made.error()); !closed.has_value())
      return std::unexpected(std::move(closed).error());
    const Elsewhere other = elsewhere(made.error());
    return {answer_for(intent, std::move(made).error()), other};
  }

  // 3. The outcome. Crash before it is durable: as in 2. Crash after: the certificate is in the log, the store catches
  //    up from it, and a retry with the same idempotency key gets it.
  SIGNET_TRY(const std::uint64_t issued_index,
             world_.log.append(log::issued_draft({.cause = intent.cause,
                                                  .intent = index,
                                                  .serial = intent.serial,
                                                  .algorithm = made->algorithm,
                                                  .signature = std::move(made->signature),
                                                  .certificate_sha256 = sha256(made->certificate.view())}),
                               log::Urgency::kEssential));
  return Issued{.certificate = std::move(made->certificate),
                .serial = intent.serial,
                .issuer = intent.issuer,
                .log_index = issued_index,
                .intent_log_index = index,
                .not_after = prepared.not_after_};
}

/// What the fence refused closes the intent as rejected. After any other error a signature may exist: the intent is
/// orphaned, which revokes its serial, and a retry is a new intent with a new serial. Errors: it stays open.
Result<void> Issuance::close_unsigned(const log::IntentFields& intent, std::uint64_t index, const Error& error) const {
  log::Draft closing = fence_refused(error)
                           ? log::rejected_draft({.cause = intent.cause,
                                                  .code = std::string(name_of(error.code)),
                                                  .text = printable(error.message, log::kLongestRefusal),
                                                  .field = error.field,
                                                  .csr_sha256 = intent.csr_sha256,
                                                  .intent = index})
                           : log::orphaned_draft({.cause = intent.cause,
                                                  .intent = index,
                                                  .serial = intent.serial,
                                                  .issuer = intent.issuer,
                                                  .why = std::string(why_orphaned(error))});
  SIGNET_CHECK(world_.log.append(std::move(closing), log::Urgency::kEssential));
  ops::warning("intent closed without a certificate", {{"intent", std::to_string(index)},
                                                       {"serial", intent.serial.hex()},
                                                       {"request", intent.cause.request},
                                                       {"reason", error.message}});
  return {};
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
