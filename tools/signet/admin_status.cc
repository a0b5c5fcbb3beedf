#include "admin_status.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/clock.h"
#include "output.h"
#include "wire/admin.pb.h"

namespace signet::cli {
namespace {

using nlohmann::json;

std::string at(std::int64_t micros) {
  const Time time{std::chrono::microseconds(micros)};
  return time_text(std::chrono::floor<std::chrono::seconds>(time));
}

std::string hex(const std::string& bytes) { return to_hex(bytes_of(bytes)); }

/// What the issuer knows of a token; null where the issuer did not answer.
const internal::TokenLink* link_of(const admin::Status& status, const std::string& token) {
  for (const internal::TokenLink& link : status.issuer().tokens()) {
    if (link.token() == token) return &link;
  }
  return nullptr;
}

json issuer_json(const admin::Status& status) {
  if (!status.has_issuer()) return nullptr;
  const internal::IssuerStatus& issuer = status.issuer();
  json checkpoint = nullptr;
  if (issuer.checkpoint_micros() != 0)
    checkpoint = {{"size", issuer.checkpoint_size()}, {"time", at(issuer.checkpoint_micros())}};
  return {{"issuing", issuer.not_issuing().empty()},
          {"not_issuing", issuer.not_issuing()},
          {"log_size", issuer.log_size()},
          {"checkpoint", checkpoint},
          {"issued", issuer.issued()},
          {"requests_in_flight", issuer.requests_in_flight()}};
}

json token_json(const admin::Status& status, const admin::Token& token) {
  const internal::TokenLink* const link = link_of(status, token.name());
  return {{"name", token.name()},
          {"state", token.state()},
          {"next_step", token.next_step()},
          {"keys", std::vector<std::string>(token.keys().begin(), token.keys().end())},
          {"pin_source", token.pin_source()},
          {"pin_kept", token.pin_kept()},
          {"restarts", token.restarts()},
          {"sessions", token.sessions()},
          {"sessions_hung", token.sessions_hung()},
          {"in_hand", token.in_hand()},
          {"connected", link != nullptr && link->connected()},
          {"in_flight", link == nullptr ? 0 : link->in_flight()},
          {"restart_in_millis", token.restart_in_millis()},
          {"last_failure", token.last_failure()}};
}

json process_json(const admin::Process& process) {
  return {{"name", process.name()},
          {"state", process.state()},
          {"pid", process.pid()},
          {"restarts", process.restarts()},
          {"since_seconds", process.since_seconds()},
          {"restart_in_millis", process.restart_in_millis()},
          {"last_exit", process.last_exit()}};
}

std::string head_text(const admin::Status& status) {
  return fmt::format("signetd {} for {}: {}, since {}, on {}\n", printable(status.version()),
                     printable(status.origin()), status.state(), at(status.started_micros()), status.address());
}

std::string issuer_text(const admin::Status& status) {
  if (!status.has_issuer()) return fmt::format("  issuing:  not known: {}\n", printable(status.issuer_silent(), 512));
  const internal::IssuerStatus& issuer = status.issuer();
  std::string text = issuer.not_issuing().empty()
                         ? std::string("  issuing:  yes, where a token has the key\n")
                         : fmt::format("  issuing:  NO: {}\n", printable(issuer.not_issuing(), 512));
  text += fmt::format("  log:      {} entries, newest checkpoint {}\n", issuer.log_size(),
                      issuer.checkpoint_micros() == 0
                          ? "none"
                          : fmt::format("of {} at {}", issuer.checkpoint_size(), at(issuer.checkpoint_micros())));
  return text + fmt::format("  issued:   {} certificates; {} requests in flight\n", issuer.issued(),
                            issuer.requests_in_flight());
}

std::string token_text(const admin::Status& status, const admin::Token& token) {
  const internal::TokenLink* const link = link_of(status, token.name());
  const std::string sessions = token.sessions_hung() == 0
                                   ? std::to_string(token.sessions())
                                   : fmt::format("{} ({} hung)", token.sessions(), token.sessions_hung());
  std::string text =
      fmt::format("  {:<16} {:<14} {:>8}  {:<12} {:>9}  {}\n", printable(token.name()), token.state(), token.restarts(),
                  sessions, link == nullptr ? 0 : link->in_flight(), fmt::join(token.keys(), ", "));
  if (token.restart_in_millis() > 0) text += fmt::format("    is tried again in {} ms\n", token.restart_in_millis());
  if (!token.last_failure().empty() && token.state() != "open")
    text += fmt::format("    last failure: {}\n", printable(token.last_failure(), 1024));
  return text;
}

std::string process_text(const admin::Process& process) {
  std::string state = process.state();
  if (process.restart_in_millis() > 0) state += fmt::format(", in {} ms", process.restart_in_millis());
  return fmt::format("  {:<28} {:<16} {:>7}  {:>9}  {:>8}  {}\n", printable(process.name()), state,
                     process.pid() == 0 ? std::string("-") : std::to_string(process.pid()),
                     process.pid() == 0 ? std::string("-") : fmt::format("{}s", process.since_seconds()),
                     process.restarts(), printable(process.last_exit()));
}

/// What stands at the end is what is read last, and stays on the screen.
std::string next_steps_text(const admin::Status& status) {
  std::string text;
  for (const admin::Token& token : status.tokens()) {
    if (!token.next_step().empty()) text += fmt::format("  {}\n", printable(token.next_step(), 4096));
  }
  return text.empty() ? text : "to do:\n" + text;
}

}  // namespace

json status_json(const admin::Status& status) {
  json tokens = json::array();
  for (const admin::Token& token : status.tokens()) tokens.push_back(token_json(status, token));
  json processes = json::array();
  for (const admin::Process& process : status.processes()) processes.push_back(process_json(process));
  return {{"version", status.version()},
          {"origin", status.origin()},
          {"state", status.state()},
          {"started", at(status.started_micros())},
          {"address", status.address()},
          {"config_file", status.config_file()},
          {"config_sha256", hex(status.config_sha256())},
          {"policy_sha256", hex(status.policy_sha256())},
          {"issuer", issuer_json(status)},
          {"issuer_silent", status.issuer_silent()},
          {"tokens", tokens},
          {"processes", processes}};
}

std::string status_text(const admin::Status& status) {
  std::string text = head_text(status) + issuer_text(status);
  text += fmt::format("  policy:   {}\n", hex(status.policy_sha256()));
  text += fmt::format("  {:<16} {:<14} {:>8}  {:<12} {:>9}  {}\n", "TOKEN", "STATE", "RESTARTS", "SESSIONS",
                      "IN FLIGHT", "KEYS");
  for (const admin::Token& token : status.tokens()) text += token_text(status, token);
  text += fmt::format("  {:<28} {:<16} {:>7}  {:>9}  {:>8}  {}\n", "PROCESS", "STATE", "PID", "SINCE", "RESTARTS",
                      "LAST EXIT");
  for (const admin::Process& process : status.processes()) text += process_text(process);
  return text + next_steps_text(status);
}

}  // namespace signet::cli
