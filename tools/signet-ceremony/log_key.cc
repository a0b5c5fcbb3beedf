#include "log_key.h"

#include <fmt/format.h>

namespace signet::ceremony {

Result<log::NoteVerifier> log_verifier(const LogKeyPlan& plan, const PublicKey& key) {
  const auto type = key.type() == KeyType::kEd25519 ? log::NoteKeyType::kEd25519 : log::NoteKeyType::kEcdsa;
  return log::NoteVerifier::make(plan.origin, type, key);
}

Result<std::string> prove_log_key(const LogKeyPlan& plan, const log::NoteVerifier& self, const log::NoteSigner& sign) {
  // A checkpoint has a number in its second line; this has none anywhere.
  log::Note note{.text = fmt::format("Signet key ceremony: a note to show that this key signs.\n"
                                     "It is no checkpoint of the log {}\n",
                                     plan.origin),
                 .signatures = {}};
  SIGNET_TRY(log::NoteSignature signature, log::sign_note(note.text, self, sign));
  note.signatures.push_back(std::move(signature));
  SIGNET_TRY(const Bytes text, log::format_note(note));
  SIGNET_CHECK(log::open_note(text, {&self, 1}));
  return std::string(text_of(text));
}

void add_log_key_intent(log::Object& record, const LogKeyPlan& plan) {
  record.emplace("origin", plan.origin);
  record.emplace("public_key_file", plan.public_key);
  record.emplace("verifier_key_file", plan.verifier_key);
}

log::Object log_key_proof(const log::NoteVerifier& verifier, const std::string& note) {
  return {{"name", "log"}, {"verifier_key", verifier.key_string()}, {"note", note}};
}

}  // namespace signet::ceremony
