#include "report.h"

#include <fmt/format.h>

#include <cstdio>

#include "log/value.h"

namespace signet::ceremony {

namespace {

constexpr int kNothingMade = 1;
constexpr int kSomethingMade = 3;

void print(std::FILE* stream, const std::string& line) {
  std::fputs((line + "\n").c_str(), stream);
  std::fflush(stream);
}

void print_json(const log::Object& object) {
  if (const auto encoded = log::encode_canonical(object)) print(stdout, std::string(text_of(*encoded)));
}

log::Object key_object(const MadeKey& key) {
  log::Object object{{"name", key.name}, {"token", key.token}, {"key_label", key.label}};
  if (!key.key_id.empty()) object.emplace("key_id", key.key_id);
  if (!key.verifier_key.empty()) object.emplace("verifier_key", key.verifier_key);
  return object;
}

log::Object outcome_object(const Outcome& outcome) {
  log::Array keys;
  for (const MadeKey& key : outcome.keys) keys.emplace_back(key_object(key));
  log::Array certificates;
  for (const MadeCertificate& certificate : outcome.certificates) {
    certificates.emplace_back(
        log::Object{{"file", certificate.file}, {"subject", certificate.subject}, {"sha256", certificate.sha256}});
  }
  return {{"keys", std::move(keys)}, {"certificates", std::move(certificates)}};
}

log::Object error_object(const Error& error) {
  return {{"code", std::string(name_of(error.code))}, {"message", error.message}, {"field", error.field}};
}

/// `text` as one word of a shell.
std::string shell_word(const std::string& text) {
  std::string word = "'";
  for (const char c : printable(text, 4096)) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::string key_lines(const Outcome& outcome) {
  std::string text;
  for (const MadeKey& key : outcome.keys) {
    text += fmt::format("  {} key \"{}\" on token \"{}\", key id {}\n", key.name, printable(key.label),
                        printable(key.token), key.key_id);
  }
  if (outcome.begun) {
    text += fmt::format(
        "  perhaps {} key \"{}\" on token \"{}\": it was begun, and the token did not confirm that "
        "nothing is left of it\n",
        outcome.begun->name, printable(outcome.begun->label), printable(outcome.begun->token));
  }
  return text;
}

/// A key whose making was not finished may have no id yet: it is removed by its label, which was free before.
std::string removal_commands(const MadeKey& key, const std::string& module_path) {
  const std::string which =
      key.key_id.empty() ? "--label " + shell_word(key.label) : fmt::format("--id {}", key.key_id);
  std::string text;
  for (const char* type : {"privkey", "pubkey"}) {
    text += fmt::format("  pkcs11-tool --module {} --token-label {} --login --delete-object --type {} {}\n",
                        shell_word(module_path), shell_word(key.token), type, which);
  }
  return text;
}

/// What exists after an error, and what to do about it.
std::string after_failure(const Outcome& outcome, const std::string& module_path) {
  if (outcome.nothing_made()) return "Nothing was made: no key, no file. Repair the cause and run the ceremony again.";
  if (outcome.all_made()) {
    return fmt::format(
        "All keys and certificates were made, and every file is whole; only the folder is not at its place. {} has "
        "SHA-256 {}.",
        kTranscriptName, outcome.transcript_sha256);
  }
  std::string text = "On the tokens now:\n" + key_lines(outcome);
  text += fmt::format(
      "What was done until then is in {}; keep it with the protocol.\n"
      "No certificate of these keys may be used: whatever was signed is void. What to do: write this down, repair the "
      "cause, remove the keys (or initialise the tokens anew), and run the ceremony again. To remove them:\n",
      printable(outcome.evidence));
  for (const MadeKey& key : outcome.keys) text += removal_commands(key, module_path);
  if (outcome.begun) text += removal_commands(*outcome.begun, module_path);
  text.pop_back();
  return text;
}

}  // namespace

void Report::say(const std::string& line) const { print(json_ ? stderr : stdout, line); }

void Report::checked(const Plan& plan) const {
  say("All is well; nothing was made.");
  if (json_)
    print_json({{"checked", log::Value::boolean(true)}, {"plan_sha256", to_hex(plan.sha256)}, {"title", plan.title}});
}

void Report::done(const Outcome& outcome, const std::string& output) const {
  say(fmt::format("{} has SHA-256 {}", kTranscriptName, outcome.transcript_sha256));
  if (!json_) return;
  log::Object object = outcome_object(outcome);
  object.emplace("output", output);
  object.emplace("transcript_sha256", outcome.transcript_sha256);
  print_json(object);
}

int Report::refused(const Error& error) const {
  print(stderr, "signet-ceremony: nothing was made:\n" + error.message);
  if (json_) print_json({{"error", error_object(error)}});
  return kNothingMade;
}

int Report::failed(const Error& error, const Outcome& outcome, const std::string& module_path) const {
  print(stderr, "signet-ceremony: failed: " + error.message + "\n" + after_failure(outcome, module_path));
  if (json_) {
    log::Object object = outcome_object(outcome);
    object.erase("certificates");  // none of them is valid
    if (outcome.begun) object.emplace("may_remain", key_object(*outcome.begun));
    if (!outcome.evidence.empty()) object.emplace("evidence", outcome.evidence);
    object.emplace("error", error_object(error));
    print_json(object);
  }
  return outcome.nothing_made() ? kNothingMade : kSomethingMade;
}

}  // namespace signet::ceremony
