#include "keyholder/open_token.h"

#include <fmt/format.h>

#include "base/file.h"
#include "base/ops_log.h"
#include "base/secret.h"
#include "config/hsm_profile.h"
#include "token/token_key.h"

namespace signet {
namespace {

// What every key signs once at the start. Not DER of anything: its first bytes would be a tag and a length that is not
// its own.
constexpr std::string_view kSelfTest = "Signet keyholder self-test, version 1";

constexpr std::size_t kMaxCertificateBytes = std::size_t{64} * 1024;

/// Puts the part of the configuration in front of an error's message, and into its field.
template <class T>
Result<T> in(const std::string& part, Result<T> result) {
  if (result.has_value()) return result;
  Error error = std::move(result).error();
  error.message = fmt::format("{}: {}", part, error.message);
  error.field = part;
  return std::unexpected(std::move(error));
}

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
    SIGNET_TRY(TokenInfo token, in(part, module.find_token(key.uri)));
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
  SIGNET_CHECK(in(field, session.log_in(pin)));
  return session;
}

Result<Certificate> read_ca_certificate(const std::string& path, const std::string& field) {
  SIGNET_TRY(const Bytes content, read_file(path, kMaxCertificateBytes, FileTrust::kNotWritable, field));
  SIGNET_TRY(Certificate certificate, Certificate::parse_any(content));
  const TbsFields& fields = certificate.fields();
  const bool may_sign = (fields.key_usage.value_or(kKeyCertSign) & kKeyCertSign) != 0;
  if (fields.basic_constraints && fields.basic_constraints->ca && may_sign) return certificate;
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("{} is not a CA's certificate (CA:TRUE and, with keyUsage, keyCertSign)", printable(path)));
}

Result<void> check_belongs(Pkcs11Session& session, const TokenKey& key, const KeyConfig& config,
                           const Certificate& certificate) {
  const auto mismatch = [&](const std::string& found) {
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("certificate {} does not belong to the key {}: it is for {} with key id {}, {}",
                            printable(config.certificate), config.uri.text(), certificate.public_key().describe(),
                            to_hex(certificate.public_key().key_id()), found));
  };
  const auto shown = key.public_key(session);
  if (shown.has_value() && !equal(shown->spki(), certificate.public_key().spki())) {
    return mismatch(
        fmt::format("the key on the token is {} with key id {}", shown->describe(), to_hex(shown->key_id())));
  }
  // A token need not show the public half; what the key signs tells as well.
  if (!shown.has_value() && shown.error().code != ErrorCode::kNotFound) return std::unexpected(shown.error());
  const SignatureAlgorithm algorithm = default_algorithm(certificate.public_key().type());
  if (!fits(algorithm, key.type())) return mismatch(fmt::format("the key on the token is {}", name_of(key.type())));
  SIGNET_TRY(const SignatureValue signature, key.sign(session, algorithm, bytes_of(kSelfTest)));
  if (certificate.public_key().verify(algorithm, bytes_of(kSelfTest), signature.view()).has_value()) return {};
  return mismatch("and what the key on the token signs does not verify with it");
}

void warn_of_weak_protection(const std::string& name, const KeyProtection& is) {
  if (is.sensitive.value_or(true) && !is.extractable.value_or(false)) return;
  ops::warning("the token lets this private key out", {{"key", name},
                                                       {"sensitive", is.sensitive.value_or(true) ? "yes" : "no"},
                                                       {"extractable", is.extractable.value_or(false) ? "yes" : "no"}});
}

Result<HeldKey> hold_key(Pkcs11Session& session, const KeyConfig& config) {
  const std::string part = fmt::format("key.{}", config.name);
  SIGNET_TRY(Certificate certificate,
             in(part + ".certificate", read_ca_certificate(config.certificate, part + ".certificate")));
  SIGNET_TRY(const TokenKey key, in(part + ".uri", TokenKey::find(session, config.uri)));
  SIGNET_CHECK(in(part + ".certificate", check_belongs(session, key, config, certificate)));
  SIGNET_TRY(const KeyProtection protection, in(part + ".uri", key.protection(session)));
  warn_of_weak_protection(config.name, protection);
  return HeldKey{.uri = config.uri, .rules = config.fence, .certificate = std::move(certificate)};
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
    SIGNET_TRY(HeldKey held, hold_key(login, key));
    keys.emplace(name, std::move(held));
  }
  return OpenToken{.name = token.name,
                   .module = std::move(module),
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
