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

log::Object outcome_object(const Outcome& outcome) {
  log::Array keys;
  for (const MadeKey& key : outcome.keys) {
    keys.emplace_back(
        log::Object{{"name", key.name}, {"token", key.token}, {"key_label", key.label}, {"key_id", key.key_id}});
  }
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
    object.erase("certificates");  // none of them was left behind
    object.emplace("error", error_object(error));
    print_json(object);
  }
  return outcome.keys.empty() ? kNothingMade : kSomethingMade;
}

}  // namespace signet::ceremony
