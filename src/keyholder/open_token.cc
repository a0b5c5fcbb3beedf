#include "keyholder/open_token.h"

#include <fmt/format.h>

#include "base/secret.h"
#include "config/hsm_profile.h"
#include "keyholder/in_part.h"

namespace signet {
namespace {

Result<unsigned> choose_workers(const TokenConfig& token, const HsmProfile& profile) {
  const unsigned workers = profile.thread_safe ? token.sessions : 1;
  if (profile.max_sessions == 0 || workers + 1 <= profile.max_sessions) return workers;
  const std::string field = fmt::format("token.{}.sessions", token.name);
  return fail(
      ErrorCode::kFailedPrecondition,
      fmt::format("{} is {}, and one more session keeps the login; HSM profile '{}' allows {} sessions (max_sessions)",
                  field, workers, printable(profile.name), profile.max_sessions),
      field);
}

Result<std::shared_ptr<const Pkcs11Module>> load_module(const HsmProfile& profile) {
  SIGNET_TRY(const std::string path, find_module(profile));
  return Pkcs11Module::load(path, profile.thread_safe ? ModuleThreads::kMany : ModuleThreads::kOne);
}

/// The PKCS#11 token that all keys of this [token.*] are on.
Result<TokenInfo> find_common_token(const Pkcs11Module& module, const DaemonConfig& config,
                                    const std::string& token_name) {
  std::optional<TokenInfo> common;
  std::string first_key;
  for (const auto& [name, key] : config.keys) {
    if (key.token != token_name) continue;
    const std::string part = fmt::format("key.{}.uri", name);
    SIGNET_TRY(TokenInfo token, in_part(part, module.find_token(key.uri)));
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

Result<Pkcs11Session> log_in(std::shared_ptr<const Pkcs11Module> module, const TokenInfo& token,
                             const TokenConfig& config) {
  const std::string field = fmt::format("token.{}.pin_file", config.name);
  SIGNET_TRY(const Secret pin, read_secret_file(config.pin_file, field));
  SIGNET_TRY(Pkcs11Session session, Pkcs11Session::open(std::move(module), token, SessionAccess::kRead));
  SIGNET_CHECK(in_part(field, session.log_in(pin)));
  return session;
}

Result<OpenToken> open_configured(const DaemonConfig& config, const TokenConfig& token) {
  SIGNET_TRY(const HsmProfile profile, load_hsm_profile(token.profile, fmt::format("token.{}.profile", token.name)));
  SIGNET_TRY(const unsigned workers, choose_workers(token, profile));
  SIGNET_TRY(auto module, load_module(profile));
  SIGNET_TRY(TokenInfo info, find_common_token(*module, config, token.name));
  SIGNET_TRY(Pkcs11Session login, log_in(module, info, token));
  std::map<std::string, HeldKey> keys;
  for (const auto& [name, key] : config.keys) {
    if (key.token != token.name) continue;
    SIGNET_TRY(HeldKey held, hold_key(login, config, key));
    keys.emplace(name, std::move(held));
  }
  std::string module_text = module->describe();
  return OpenToken{.name = token.name,
                   .module = std::move(module),
                   .module_text = std::move(module_text),
                   .info = std::move(info),
                   .workers = workers,
                   .login = std::move(login),
                   .keys = std::move(keys)};
}

}  // namespace

Result<OpenToken> open_token(const DaemonConfig& config, const std::string& name) {
  const auto token = config.tokens.find(name);
  if (token == config.tokens.end()) {
    return fail(ErrorCode::kInternal,
                fmt::format("the supervisor asked for token '{}', which the configuration has not", printable(name)));
  }
  auto opened = open_configured(config, token->second);
  if (opened.has_value()) return opened;
  Error error = std::move(opened).error();
  error.message = fmt::format("token.{}: {}", name, error.message);
  return std::unexpected(std::move(error));
}

}  // namespace signet
