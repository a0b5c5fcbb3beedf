#include "ceremony.h"

#include <fmt/format.h>

#include "base/file.h"
#include "problems.h"
#include "requests.h"
#include "token/key_generation.h"
#include "token/token_key.h"

namespace signet::ceremony {

namespace {

log::Value hex_value(ByteView bytes) { return to_hex(bytes); }

log::Object token_record(const TokenInfo& token) {
  log::Object record;
  record.emplace("token", token.label);
  record.emplace("token_manufacturer", token.manufacturer);
  record.emplace("token_model", token.model);
  record.emplace("token_serial", token.serial);
  return record;
}

/// What the token answers about a key; what it does not answer is left out.
log::Object attributes_record(const KeyProtection& protection) {
  log::Object record;
  const auto add = [&](const char* name, std::optional<bool> value) {
    if (value) record.emplace(name, log::Value::boolean(*value));
  };
  add("CKA_EXTRACTABLE", protection.extractable);
  add("CKA_LOCAL", protection.local);
  add("CKA_NEVER_EXTRACTABLE", protection.never_extractable);
  add("CKA_SENSITIVE", protection.sensitive);
  return record;
}

Result<TokenKey> find_key(Pkcs11Session& session, const std::string& label, const PublicKey& key) {
  const Pkcs11Uri uri{.object = label, .id = copy_of(key.key_id()), .type = "private"};
  return TokenKey::find(session, uri);
}

std::string shown(const Name& subject) { return subject.empty() ? "(no subject)" : subject.text(); }

/// `text` as one word of a shell.
std::string shell_word(const std::string& text) {
  std::string word = "'";
  for (const char c : printable(text)) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::string pem_of(const Certificate& certificate) { return encode_pem("CERTIFICATE", certificate.der().view()); }

}  // namespace

Result<Prepared> prepare(const std::string& file) {
  SIGNET_TRY(Plan plan, load_plan(file));
  Problems problems;
  problems.keep("output", OutputFolder::check(plan.output));
  auto requests = load_requests(plan.end_entities);
  problems.keep("", requests);
  SIGNET_CHECK(problems.result());  // before a PIN is used
  SIGNET_TRY(Tokens tokens, Tokens::open(plan));
  return Prepared{std::move(plan), *std::move(requests), std::move(tokens)};
}

std::string summary(const Prepared& prepared, Time now) {
  const Plan& plan = prepared.plan;
  std::string text = fmt::format("{}\n  this machine's clock says {}; every certificate is valid from now\n",
                                 printable(plan.title), to_rfc3339(now));
  for (const CaPlan* ca : {&plan.root, &plan.issuing}) {
    text += fmt::format("  {:<8}{} for {}: {} key \"{}\" on token \"{}\"\n", ca == &plan.root ? "root" : "issuing",
                        shown(ca->subject), format_duration(ca->validity), key_type_text(ca->key),
                        printable(ca->key.label), printable(ca->token));
  }
  for (const EndEntityPlan& entity : plan.end_entities) {
    std::string names;
    for (const std::string& name : entity.names.texts()) names += " " + name;
    text += fmt::format("  {:<8}{} for {}:{}\n", printable(entity.name), shown(entity.subject),
                        format_duration(entity.validity), names);
  }
  text += fmt::format("  output  {}", printable(plan.output));
  return text;
}

void Ceremony::say_step(const std::string& line) {
  const std::size_t steps = 2 + 2 + prepared_.plan.end_entities.size() + 2;  // begin, 2 keys, 2 CAs, end entities, end
  say_(fmt::format("[{}/{}] {}", transcript_.size(), steps, line));
}

Result<void> Ceremony::begin() {
  const Plan& plan = prepared_.plan;
  log::Object record;
  record.emplace("title", plan.title);
  record.emplace("plan_sha256", hex_value(plan.sha256));
  record.emplace("version", SIGNET_VERSION);
  record.emplace("module", prepared_.tokens.module().describe());
  record.emplace("module_path", prepared_.tokens.module().path());
  record.emplace("hsm_profile", prepared_.tokens.profile().name);
  SIGNET_CHECK(transcript_.add("begin", std::move(record)));
  say_step(fmt::format("begun: the ceremony file has SHA-256 {}", to_hex(plan.sha256)));
  return {};
}

Result<PublicKey> Ceremony::make_key(const std::string& name, const CaPlan& ca) {
  Pkcs11Session& session = prepared_.tokens.session(ca.token);
  SIGNET_TRY(const PublicKey key, generate_key(session, ca.key));
  const std::string key_id = to_hex(key.key_id());
  outcome_.keys.push_back({.name = name, .token = ca.token, .label = ca.key.label, .key_id = key_id});
  SIGNET_TRY(const TokenKey private_key, find_key(session, ca.key.label, key));
  SIGNET_TRY(const KeyProtection protection, private_key.protection(session));
  log::Object record = token_record(session.token());
  record.emplace("name", name);
  record.emplace("key_label", ca.key.label);
  record.emplace("key_type", key_type_text(ca.key));
  record.emplace("key_id", key_id);
  record.emplace("spki_sha256", hex_value(key.spki_sha256()));
  record.emplace("attributes", attributes_record(protection));
  SIGNET_CHECK(transcript_.add("make-key", std::move(record)));
  say_step(fmt::format("{} key \"{}\" ({}) made on token \"{}\" ({} {}, serial {}): key id {}", name,
                       printable(ca.key.label), key_type_text(ca.key), printable(ca.token),
                       printable(session.token().manufacturer), printable(session.token().model),
                       printable(session.token().serial), key_id));
  return key;
}

Result<Certificate> Ceremony::make_certificate(const TbsFields& fields, const CaPlan& ca, const PublicKey& ca_key,
                                               const std::string& file, const std::string& chain, OutputFolder& folder,
                                               log::Object record) {
  Pkcs11Session& session = prepared_.tokens.session(ca.token);
  SIGNET_TRY(const TokenKey key, find_key(session, ca.key.label, ca_key));
  const TbsDer tbs = encode_tbs(fields);
  SIGNET_TRY(const SignatureValue signature, key.sign(session, fields.algorithm, tbs.view()));
  SIGNET_TRY(Certificate certificate, finish_certificate(tbs, fields.algorithm, signature, ca_key));
  SIGNET_CHECK(folder.write(file, pem_of(certificate) + chain));
  record.emplace("file", file);
  record.emplace("subject", fields.subject.text());
  record.emplace("issuer", fields.issuer.text());
  record.emplace("serial", fields.serial.hex());
  record.emplace("not_before", to_rfc3339(fields.not_before));
  record.emplace("not_after", to_rfc3339(fields.not_after));
  record.emplace("spki_sha256", hex_value(certificate.public_key().spki_sha256()));
  record.emplace("certificate_sha256", hex_value(certificate.fingerprint()));
  record.emplace("certificate", to_base64(certificate.der().view()));
  SIGNET_CHECK(transcript_.add("make-certificate", std::move(record)));
  outcome_.certificates.push_back(
      {.file = file, .subject = fields.subject.text(), .sha256 = fingerprint_text(certificate)});
  say_step(fmt::format("{} for {}, until {}: SHA-256 {}", file, shown(fields.subject),
                       to_rfc3339(fields.not_after).substr(0, 10), fingerprint_text(certificate)));
  return certificate;
}

Result<void> Ceremony::make_end_entities(const Certificate& issuer, OutputFolder& folder) {
  for (std::size_t i = 0; i < prepared_.plan.end_entities.size(); ++i) {
    const EndEntityPlan& entity = prepared_.plan.end_entities[i];
    const Csr& csr = prepared_.requests[i];
    SIGNET_TRY(const TbsFields fields, end_entity_fields(entity, csr.public_key(), issuer, rng_));
    log::Object record;
    record.emplace("name", entity.name);
    record.emplace("csr_sha256", hex_value(sha256(csr.der())));
    SIGNET_TRY(const Certificate made, make_certificate(fields, prepared_.plan.issuing, issuer.public_key(),
                                                        entity.certificate, pem_of(issuer), folder, std::move(record)));
  }
  return {};
}

Result<void> Ceremony::finish(OutputFolder& folder) {
  SIGNET_CHECK(transcript_.add("end", {}));
  SIGNET_CHECK(folder.write(std::string(kTranscriptName), transcript_.text()));
  outcome_.transcript_sha256 = to_hex(transcript_.sha256());
  SIGNET_CHECK(folder.publish());
  say_step(fmt::format("ended: everything is in {}", printable(prepared_.plan.output)));
  return {};
}

Result<void> Ceremony::run() {
  const Plan& plan = prepared_.plan;
  SIGNET_TRY(OutputFolder folder, OutputFolder::make(plan.output));
  SIGNET_CHECK(begin());
  const Time not_before = start_of_validity(clock_);

  SIGNET_TRY(const PublicKey root_key, make_key("root", plan.root));
  SIGNET_TRY(const TbsFields root_tbs, root_fields(plan.root, root_key, not_before, rng_));
  SIGNET_TRY(const Certificate root,
             make_certificate(root_tbs, plan.root, root_key, plan.root.certificate, "", folder, {{"name", "root"}}));

  SIGNET_TRY(const PublicKey issuing_key, make_key("issuing", plan.issuing));
  SIGNET_TRY(const TbsFields issuing_tbs, issuing_fields(plan.issuing, issuing_key, root, rng_));
  SIGNET_TRY(const Certificate issuing, make_certificate(issuing_tbs, plan.root, root_key, plan.issuing.certificate, "",
                                                         folder, {{"name", "issuing"}}));

  SIGNET_CHECK(make_end_entities(issuing, folder));
  return finish(folder);
}

std::string after_failure(const Outcome& outcome, const std::string& module_path) {
  if (outcome.keys.empty()) return "Nothing was made: no key, no file. Repair the cause and run the ceremony again.";
  if (!outcome.transcript_sha256.empty()) {
    return fmt::format(
        "All keys and certificates were made, and every file is whole; only the folder is not at its place. {} has "
        "SHA-256 {}.",
        kTranscriptName, outcome.transcript_sha256);
  }
  std::string text = "Made before that, and still there:\n";
  for (const MadeKey& key : outcome.keys) {
    text += fmt::format("  {} key \"{}\" on token \"{}\", key id {}\n", key.name, printable(key.label),
                        printable(key.token), key.key_id);
  }
  text +=
      "No certificate of these keys may be used: whatever was signed is void. What to do: write this down, repair the "
      "cause, "
      "remove the keys (or initialise the tokens anew), and run the ceremony again. To remove them:\n";
  for (const MadeKey& key : outcome.keys) {
    for (const char* type : {"privkey", "pubkey"}) {
      text += fmt::format("  pkcs11-tool --module {} --token-label {} --login --delete-object --type {} --id {}\n",
                          shell_word(module_path), shell_word(key.token), type, key.key_id);
    }
  }
  text.pop_back();
  return text;
}

}  // namespace signet::ceremony
