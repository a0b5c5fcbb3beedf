#include "keyholder/open_token.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ops_log.h"
#include "base/secret.h"
#include "config/hsm_profile.h"
#include "keyholder/in_part.h"
#include "token/module_options.h"
#include "token/session_plan.h"

namespace signet {
namespace {

/// Asked before the first session is open: the token counts those of this process, too.
Result<unsigned> choose_sessions(const TokenConfig& config, const HsmProfile& profile, const TokenInfo& token) {
  const std::string part = fmt::format("token.{}.sessions", config.name);
  SIGNET_TRY(const SessionPlan plan, in_part(part, plan_sessions(token, {.threads_wanted = config.sessions,
                                                                         .profile_limit = profile.max_sessions,
                                                                         .threads = module_options(profile).threads})));
  if (!plan.limited_by.empty()) {
    ops::warning("fewer sessions sign than the configuration says", {{"token", config.name},
                                                                     {"configured", std::to_string(config.sessions)},
                                                                     {"sessions", std::to_string(plan.workers)},
                                                                     {"limited_by", plan.limited_by}});
  }
  return plan.workers;
}

std::chrono::milliseconds deadline_of(const DaemonConfig& config, const HsmProfile& profile) {
  const std::chrono::milliseconds of_request = config.issue.sign_deadline;
  return profile.deadline.count() == 0 ? of_request : std::min(of_request, profile.deadline);
}

Result<std::shared_ptr<const Pkcs11Module>> load_module(const HsmProfile& profile) {
  SIGNET_TRY(const std::string path, find_module(profile));
  return Pkcs11Module::load(path, module_options(profile));
}

/// A token that is away cannot be told from one that never was: a person may bring it back, without any other act.
Error may_come_back(Error error) {
  if (error.code != ErrorCode::kNotFound) return error;
  error.code = ErrorCode::kUnavailable;
  error.retryable = true;
  error.retry_after = std::chrono::seconds(1);
  return error;
}

/// The PKCS#11 token that all keys of this [token.*] are on.
Result<TokenInfo> find_common_token(const Pkcs11Module& module, const DaemonConfig& config,
                                    const std::string& token_name) {
  std::optional<TokenInfo> common;
  std::string first_key;
  for (const auto& [name, key] : config.keys) {
    if (!key.is_on(token_name)) continue;
    const std::string part = fmt::format("key.{}.uri", name);
    auto found = in_part(part, module.find_token(key.uri));
    if (!found.has_value()) return std::unexpected(common ? found.error() : may_come_back(found.error()));
    TokenInfo token = *std::move(found);
    if (!common) {
      common = std::move(token);
      first_key = name;
    } else if (common->slot != token.slot) {
      return fail(
          ErrorCode::kInvalidArgument,
          fmt::format("{} names token '{}', but key.{}.uri names token '{}'; a keyholder has one token, so they need a "
                      "[token.*] each",
                      part, printable(token.label), first_key, printable(common->label)),
          part);
    }
  }
  if (common) return *std::move(common);
  return fail(ErrorCode::kInvalidArgument, "no [key.*] is on this token; give it a key or remove it");
}

/// Of a PIN only a person can mend, and signetd must not have the keyholder try again.
Error with_next_step(Error error, const std::string& name) {
  const auto hint = [&](const char* option) {
    error.message += fmt::format("; or, if you are sure of the PIN: signet admin unlock {} {}", name, option);
  };
  if (error.field == "pin.count_low") hint("--despite-count-low");
  if (error.field == "pin.final_try") hint("--despite-final-try");
  if (error.field.starts_with("pin")) error.field = fmt::format("token.{}.pin", name);
  return error;
}

Result<Pkcs11Session> log_in(std::shared_ptr<const Pkcs11Module> module, const TokenInfo& token,
                             const std::string& name, const GivenPin& given, const PinReports& reports) {
  SIGNET_TRY(Pkcs11Session session, Pkcs11Session::open(std::move(module), token, SessionAccess::kRead));
  reports.about_to_try();
  auto logged_in = session.log_in(given.pin, given.tolerance);
  if (!logged_in.has_value()) return std::unexpected(with_next_step(std::move(logged_in).error(), name));
  reports.was_right();
  return session;
}

Result<OpenToken> open_configured(const DaemonConfig& config, const TokenConfig& token, const HsmProfile& profile,
                                  const GivenPin& pin, const PinReports& reports) {
  SIGNET_TRY(auto module, load_module(profile));
  SIGNET_TRY(TokenInfo info, find_common_token(*module, config, token.name));
  SIGNET_TRY(const unsigned sessions, choose_sessions(token, profile, info));
  SIGNET_TRY(Pkcs11Session login, log_in(module, info, token.name, pin, reports));
  std::map<std::string, HeldKey> keys;
  for (const auto& [name, key] : config.keys) {
    if (!key.is_on(token.name)) continue;
    SIGNET_TRY(HeldKey held, hold_key(login, config, key));
    if (token.name != key.tokens.front() && held.rules.may_sign.erase(ArtifactKind::kCrl) > 0)
      held.crl_token = key.tokens.front();  // only one remembers numbers
    keys.emplace(name, std::move(held));
  }
  std::string module_text = module->describe();
  return OpenToken{.name = token.name,
                   .module = std::move(module),
                   .module_text = std::move(module_text),
                   .info = std::move(info),
                   .sessions = sessions,
                   .deadline = deadline_of(config, profile),
                   .keep_alive = profile.keep_alive,
                   .restart_codes = profile.restart_codes,
                   .login = std::move(login),
                   .keys = std::move(keys)};
}

Error of_token(Error error, const std::string& name) {
  error.message = fmt::format("token.{}: {}", name, error.message);
  return error;
}

}  // namespace

Result<HsmProfile> profile_of(const DaemonConfig& config, const std::string& name, ByteView text) {
  const auto token = config.tokens.find(name);
  if (token == config.tokens.end()) {
    return fail(ErrorCode::kInternal,
                fmt::format("the supervisor asked for token '{}', which the configuration has not", printable(name)));
  }
  auto profile = hsm_setup_of(text, installation_of(token->second));
  if (!profile.has_value()) return std::unexpected(of_token(std::move(profile).error(), name));
  return profile;
}

Result<OpenToken> open_token(const DaemonConfig& config, const std::string& name, const HsmProfile& profile,
                             const GivenPin& pin, const PinReports& reports) {
  auto opened = open_configured(config, config.tokens.at(name), profile, pin, reports);
  if (!opened.has_value()) return std::unexpected(of_token(std::move(opened).error(), name));
  return opened;
}

}  // namespace signet
