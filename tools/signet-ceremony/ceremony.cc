#include "ceremony.h"

#include <fmt/format.h>

#include "base/file.h"
#include "log_key.h"
#include "problems.h"
#include "records.h"
#include "rehearsal.h"
#include "requests.h"
#include "token/key_generation.h"
#include "token/token_key.h"

namespace signet::ceremony {

namespace {

Result<TokenKey> find_key(Pkcs11Session& session, const std::string& label, const PublicKey& key) {
  const Pkcs11Uri uri{.object = label, .id = copy_of(key.key_id()), .type = "private"};
  return TokenKey::find(session, uri);
}

std::string shown(const Name& subject) { return subject.empty() ? "(no subject)" : subject.text(); }

std::string summary_of(const std::string& name, const CaPlan& ca) {
  return fmt::format(
      "  {:<8}{} for {}: {} key \"{}\" on token \"{}\"\n"
      "          path length: {}; signs with {}\n",
      name, shown(ca.subject), format_duration(ca.validity), key_type_text(ca.key), printable(ca.key.label),
      printable(ca.token), ca.path_length ? std::to_string(*ca.path_length) : "unlimited",
      name_of(signature_of(ca.key)));
}

std::string summary_of(const LogKeyPlan& log) {
  return fmt::format("  {:<8}{} key \"{}\" on token \"{}\"\n          for the audit log {}\n", "log",
                     key_type_text(log.key), printable(log.key.label), printable(log.token), printable(log.origin));
}

std::string summary_of(const EndEntityPlan& entity, const Csr& request) {
  std::string names;
  for (const std::string& name : entity.names.texts()) names += " " + name;
  std::string usages;
  for (const std::string& oid : entity.extended_key_usage) usages += " " + eku_name_of(oid);
  return fmt::format(
      "  {:<8}{} for {}:{}\n"
      "          extended key usage:{}\n"
      "          {} key SHA-256 {}\n"
      "          request SHA-256 {}\n",
      printable(entity.name), shown(entity.subject), format_duration(entity.validity), names, usages,
      request.public_key().describe(), to_hex(request.public_key().spki_sha256()), to_hex(sha256(request.der())));
}

std::string pem_of(const Certificate& certificate) { return encode_pem("CERTIFICATE", certificate.der().view()); }

}  // namespace

Result<Prepared> prepare(const std::string& file) {
  SIGNET_TRY(Plan plan, load_plan(file));
  Problems problems;
  problems.keep("output", OutputFolder::check(plan.output));
  auto requests = load_requests(plan.end_entities);
  problems.keep("", requests);
  SIGNET_CHECK(problems.result());
  SIGNET_CHECK(rehearse(plan, *requests, system_clock(), system_rng()));  // before a PIN is used
  SIGNET_TRY(Tokens tokens, Tokens::open(plan));
  return Prepared{std::move(plan), *std::move(requests), std::move(tokens)};
}

std::string summary(const Prepared& prepared, Time now) {
  const Plan& plan = prepared.plan;
  std::string text = fmt::format("{}\n  this machine's clock says {}; every certificate is valid from now\n",
                                 printable(plan.title), to_rfc3339(now));
  text += summary_of("root", plan.root) + summary_of("issuing", plan.issuing);
  if (plan.log_key) text += summary_of(*plan.log_key);
  for (std::size_t i = 0; i < plan.end_entities.size(); ++i)
    text += summary_of(plan.end_entities[i], prepared.requests[i]);
  text += fmt::format("  output  {}", printable(plan.output));
  return text;
}

void Ceremony::say_step(const std::string& line) {
  // begin, two CAs with a key and a certificate each, the log's key and its files, end entities, end
  const std::size_t steps = 6 + (prepared_.plan.log_key ? 2 : 0) + prepared_.plan.end_entities.size();
  say_(fmt::format("[{}/{}] {}", ++steps_done_, steps, line));
}

Result<void> Ceremony::record(const std::string& act, log::Object fields) {
  SIGNET_TRY(const std::string line, transcript_.add(act, std::move(fields)));
  return folder_->append(std::string(kTranscriptName), line);
}

Result<void> Ceremony::begin() {
  const Plan& plan = prepared_.plan;
  SIGNET_CHECK(record("begin", {{"title", plan.title},
                                {"plan_sha256", to_hex(plan.sha256)},
                                {"version", SIGNET_VERSION},
                                {"module", prepared_.tokens.module().describe()},
                                {"module_path", prepared_.tokens.module().path()},
                                {"hsm_profile", prepared_.tokens.profile().name}}));
  say_step(fmt::format("begun: the ceremony file has SHA-256 {}", to_hex(plan.sha256)));
  return {};
}

Result<PublicKey> Ceremony::generate(const std::string& name, const KeyPlan& plan) {
  MadeKey key{.name = name, .token = plan.token, .label = plan.key.label, .key_id = {}, .verifier_key = {}};
  outcome_.begun = key;
  Result<PublicKey> made = generate_key(prepared_.tokens.session(plan.token), plan.key);
  if (made) {
    key.key_id = to_hex(made->key_id());
    outcome_.keys.push_back(std::move(key));
  }
  if (made || !key_may_remain(made.error())) outcome_.begun.reset();
  return made;
}

Result<PublicKey> Ceremony::make_key(const std::string& name, const KeyPlan& plan, log::Object intent) {
  Pkcs11Session& session = prepared_.tokens.session(plan.token);
  SIGNET_CHECK(record("intend-key", intent));
  SIGNET_TRY(const PublicKey key, generate(name, plan));
  SIGNET_TRY(const TokenKey private_key, find_key(session, plan.key.label, key));
  SIGNET_TRY(const KeyProtection protection, private_key.protection(session));
  SIGNET_CHECK(record("make-key", key_record(std::move(intent), key, protection)));
  say_step(fmt::format("{} key \"{}\" ({}) made on token \"{}\" ({} {}, serial {}): key id {}", name,
                       printable(plan.key.label), key_type_text(plan.key), printable(plan.token),
                       printable(session.token().manufacturer), printable(session.token().model),
                       printable(session.token().serial), to_hex(key.key_id())));
  return key;
}

Result<PublicKey> Ceremony::make_ca_key(const std::string& name, const CaPlan& ca) {
  return make_key(name, ca, key_intent(name, ca, prepared_.tokens.session(ca.token).token()));
}

Result<void> Ceremony::make_log_key(const LogKeyPlan& plan) {
  Pkcs11Session& session = prepared_.tokens.session(plan.token);
  log::Object intent = key_intent("log", plan, session.token());
  add_log_key_intent(intent, plan);
  SIGNET_TRY(const PublicKey key, make_key("log", plan, std::move(intent)));
  SIGNET_TRY(const log::NoteVerifier verifier, log_verifier(plan, key));
  SIGNET_TRY(const TokenKey private_key, find_key(session, plan.key.label, key));
  const log::NoteSigner sign = [&](ByteView message) -> Result<Bytes> {
    SIGNET_TRY(const SignatureValue signature, private_key.sign(session, signature_of(plan.key), message));
    return copy_of(signature.view());
  };
  SIGNET_TRY(const std::string note, prove_log_key(plan, verifier, sign));
  SIGNET_CHECK(record("prove-key", log_key_proof(verifier, note)));
  SIGNET_CHECK(folder_->write(plan.public_key, encode_pem("PUBLIC KEY", key.spki())));
  SIGNET_CHECK(folder_->write(plan.verifier_key, verifier.key_string() + "\n"));
  outcome_.keys.back().verifier_key = verifier.key_string();
  say_step(
      fmt::format("{} and {}: the log is verified with {}", plan.public_key, plan.verifier_key, verifier.key_string()));
  return {};
}

Result<Certificate> Ceremony::sign(const TbsFields& fields, const CaPlan& ca, const PublicKey& ca_key) {
  Pkcs11Session& session = prepared_.tokens.session(ca.token);
  SIGNET_TRY(const TokenKey key, find_key(session, ca.key.label, ca_key));
  const TbsDer tbs = encode_tbs(fields);
  SIGNET_TRY(const SignatureValue signature, key.sign(session, fields.algorithm, tbs.view()));
  return finish_certificate(tbs, fields.algorithm, signature, ca_key);
}

Result<Certificate> Ceremony::make_certificate(const CertificateOrder& order, const CaPlan& ca, const PublicKey& ca_key,
                                               const std::string& chain) {
  SIGNET_CHECK(record("intend-certificate", certificate_intent(order)));
  SIGNET_TRY(Certificate certificate, sign(order.fields, ca, ca_key));
  SIGNET_CHECK(folder_->write(order.file, pem_of(certificate) + chain));
  SIGNET_CHECK(record("make-certificate", certificate_record(order, certificate)));
  const Name& subject = order.fields.subject;
  outcome_.certificates.push_back(
      {.file = order.file, .subject = subject.text(), .sha256 = fingerprint_text(certificate)});
  say_step(fmt::format("{} for {}, until {}: SHA-256 {}", order.file, shown(subject),
                       to_rfc3339(order.fields.not_after).substr(0, 10), fingerprint_text(certificate)));
  return certificate;
}

Result<void> Ceremony::make_end_entities(const Certificate& issuer) {
  const Plan& plan = prepared_.plan;
  for (std::size_t i = 0; i < plan.end_entities.size(); ++i) {
    SIGNET_TRY(const CertificateOrder order,
               end_entity_order(plan.end_entities[i], prepared_.requests[i], {plan.issuing, issuer}, rng_));
    SIGNET_TRY(const Certificate made, make_certificate(order, plan.issuing, issuer.public_key(), pem_of(issuer)));
  }
  return {};
}

Result<void> Ceremony::finish() {
  SIGNET_CHECK(record("end", {}));
  outcome_.transcript_sha256 = to_hex(transcript_.sha256());
  SIGNET_CHECK(folder_->publish());
  say_step(fmt::format("ended: everything is in {}", printable(prepared_.plan.output)));
  return {};
}

Result<void> Ceremony::make_everything() {
  const Plan& plan = prepared_.plan;
  SIGNET_CHECK(begin());
  const Time not_before = start_of_validity(clock_);

  SIGNET_TRY(const PublicKey root_key, make_ca_key("root", plan.root));
  SIGNET_TRY(const CertificateOrder root_wanted, root_order(plan.root, root_key, not_before, rng_));
  SIGNET_TRY(const Certificate root, make_certificate(root_wanted, plan.root, root_key, ""));

  SIGNET_TRY(const PublicKey issuing_key, make_ca_key("issuing", plan.issuing));
  SIGNET_TRY(const CertificateOrder issuing_wanted, issuing_order(plan.issuing, issuing_key, {plan.root, root}, rng_));
  SIGNET_TRY(const Certificate issuing, make_certificate(issuing_wanted, plan.root, root_key, ""));

  if (plan.log_key) SIGNET_CHECK(make_log_key(*plan.log_key));
  SIGNET_CHECK(make_end_entities(issuing));
  return finish();
}

void Ceremony::keep_evidence(const Error& error) {
  constexpr std::size_t kLongestMessage = 4096;
  // The folder may be what failed; then the transcript ends with the last intent, which tells as much.
  static_cast<void>(record("failed", {{"error", printable(error.message, kLongestMessage)}}));
  outcome_.evidence = folder_->keep();
}

Result<void> Ceremony::run() {
  SIGNET_TRY(OutputFolder folder, OutputFolder::make(prepared_.plan.output));
  folder_.emplace(std::move(folder));
  Result<void> done = make_everything();
  if (!done && !outcome_.nothing_made() && !outcome_.all_made()) keep_evidence(done.error());
  folder_.reset();
  return done;
}

}  // namespace signet::ceremony
