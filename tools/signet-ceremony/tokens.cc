#include "tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "base/secret.h"
#include "problems.h"
#include "token/module_options.h"
#include "token/pkcs11_error.h"
#include "token/signing_mechanism.h"
#include "token/token_key.h"

namespace signet::ceremony {

namespace {

std::string about(const KeyPlan& key) { return fmt::format("token \"{}\"", printable(key.token)); }

/// C_GetMechanismList. Asked besides C_GetMechanismInfo, because SoftHSM tells about mechanisms it does not offer.
Result<std::vector<CK_MECHANISM_TYPE>> offered_mechanisms(const Pkcs11Module& module, const TokenInfo& token) {
  CK_ULONG count = 0;
  CK_RV rv = module.functions().C_GetMechanismList(token.slot, nullptr, &count);
  std::vector<CK_MECHANISM_TYPE> mechanisms(rv == CKR_OK ? count : 0);
  if (rv == CKR_OK) rv = module.functions().C_GetMechanismList(token.slot, mechanisms.data(), &count);
  if (rv != CKR_OK) return fail_pkcs11(rv, "C_GetMechanismList", "of the token");
  mechanisms.resize(count);
  return mechanisms;
}

struct NamedMechanism {
  CK_MECHANISM_TYPE type;
  std::string_view name;
};

NamedMechanism generation_of(const NewKey& key) {
  if (key.type == KeyType::kRsa) return {CKM_RSA_PKCS_KEY_PAIR_GEN, "CKM_RSA_PKCS_KEY_PAIR_GEN"};
  if (key.type == KeyType::kEd25519) return {CKM_EC_EDWARDS_KEY_PAIR_GEN, "CKM_EC_EDWARDS_KEY_PAIR_GEN"};
  return {CKM_EC_KEY_PAIR_GEN, "CKM_EC_KEY_PAIR_GEN"};
}

unsigned bits_of(const NewKey& key) {
  switch (key.type) {
    case KeyType::kRsa: return key.rsa_bits;
    case KeyType::kEcP384: return 384;
    case KeyType::kEcP521: return 521;
    case KeyType::kEcP256:
    case KeyType::kEd25519: break;
  }
  return 256;
}

std::unexpected<Error> type_does_not_fit(const NewKey& key, const std::string& why,
                                         ErrorCode code = ErrorCode::kFailedPrecondition) {
  return fail(code, fmt::format("cannot make or use a key of type {}: {}", key_type_text(key), why), "key_type");
}

/// RSA keys have a choice; the others sign as their type does.
std::unexpected<Error> signature_does_not_fit(const NewKey& key, const Error& why) {
  if (key.type != KeyType::kRsa) return type_does_not_fit(key, why.message, why.code);
  return fail(why.code,
              fmt::format("cannot sign with its {} key as {} says: {}; choose another signature", key_type_text(key),
                          key.signature ? "the plan's signature" : "the default of signature", why.message),
              "signature");
}

/// The mechanism takes keys of that many bits, where the token says so.
Result<void> check_key_size(const Pkcs11Module& module, const TokenInfo& token, const NamedMechanism& mechanism,
                            const NewKey& key) {
  if (key.type == KeyType::kEd25519) return {};  // it has one size, which modules count as 255 or 256 bits
  CK_MECHANISM_INFO info{};
  const CK_RV rv = module.functions().C_GetMechanismInfo(token.slot, mechanism.type, &info);
  if (rv != CKR_OK) return fail_pkcs11(rv, "C_GetMechanismInfo", mechanism.name);
  const unsigned bits = bits_of(key);
  const bool tells_size = info.ulMaxKeySize != 0;
  if (!tells_size || (bits >= info.ulMinKeySize && bits <= info.ulMaxKeySize)) return {};
  return type_does_not_fit(
      key, fmt::format("its mechanism {} takes {} to {} bits", mechanism.name, info.ulMinKeySize, info.ulMaxKeySize));
}

/// What it takes to make a key and to sign with it.
Result<void> check_mechanisms(const Pkcs11Module& module, const TokenInfo& token, const NewKey& key) {
  SIGNET_TRY(const auto offered, offered_mechanisms(module, token));
  const NamedMechanism generation = generation_of(key);
  if (std::ranges::find(offered, generation.type) == offered.end()) {
    return type_does_not_fit(key, fmt::format("it has no mechanism {}", generation.name));
  }
  SIGNET_CHECK(check_key_size(module, token, generation, key));
  const auto signs = choose_mechanism(signature_of(key), token.signs_with);
  if (!signs.has_value()) return signature_does_not_fit(key, signs.error());
  return check_key_size(module, token, {signs->type, signs->name}, key);
}

/// A ceremony has one thread, which modules that cannot lock take too.
Result<std::shared_ptr<const Pkcs11Module>> load_module(const HsmProfile& profile) {
  SIGNET_TRY(const std::string path, find_module(profile));
  ModuleOptions options = module_options(profile);
  options.threads = ModuleThreads::kOne;
  return Pkcs11Module::load(path, options);
}

Result<Secret> read_pin(const KeyPlan& key) {
  if (key.pin_file) return read_secret_file(*key.pin_file, "pin_file");
  return ask_secret(fmt::format("user PIN of token \"{}\"", printable(key.token)));
}

}  // namespace

Result<Tokens> Tokens::open(const Plan& plan) {
  Tokens tokens;
  SIGNET_TRY(tokens.profile_, load_hsm_setup({.profile = plan.hsm_profile,
                                              .allow_untested = plan.allow_untested,
                                              .environment = plan.environment,
                                              .init_arguments = plan.init_arguments}));
  for (const auto& [name, value] : tokens.profile_.environment) setenv(name.c_str(), value.c_str(), 1);
  SIGNET_TRY(tokens.module_, load_module(tokens.profile_));
  SIGNET_CHECK(tokens.find(plan));
  SIGNET_CHECK(tokens.unlock(plan));
  SIGNET_CHECK(tokens.check_labels_are_free(plan));
  return tokens;
}

Result<void> Tokens::find(const Plan& plan) {
  Problems problems;
  for (const KeyPlan* key : plan.keys()) {
    const auto info = module_->find_token(key->token);
    if (!problems.keep(about(*key), info)) continue;
    problems.keep(about(*key), check_mechanisms(*module_, *info, key->key));
    infos_.emplace(key->token, *info);
  }
  return problems.result();
}

Result<void> Tokens::unlock(const Plan& plan) {
  // Every PIN is at hand before the first is tried: a missing file costs nobody a try.
  std::map<std::string, Secret> pins;
  Problems problems;
  for (const KeyPlan* key : plan.keys()) {
    if (pins.contains(key->token)) continue;
    auto pin = read_pin(*key);
    if (problems.keep(about(*key), pin)) pins.emplace(key->token, *std::move(pin));
  }
  SIGNET_CHECK(problems.result());
  for (const auto& [label, pin] : pins) {
    SIGNET_TRY(Pkcs11Session session, Pkcs11Session::open(module_, infos_.at(label), SessionAccess::kReadWrite));
    SIGNET_CHECK(session.log_in(pin));
    sessions_.emplace(label, std::move(session));
  }
  return {};
}

Result<void> Tokens::check_labels_are_free(const Plan& plan) {
  Problems problems;
  for (const KeyPlan* key : plan.keys()) {
    const auto taken = has_key_label(session(key->token), key->key.label);
    if (!problems.keep(about(*key), taken) || !*taken) continue;
    problems.keep(
        about(*key),
        Result<void>(fail(ErrorCode::kAlreadyExists,
                          fmt::format("has a key with the label \"{}\" already; nothing is overwritten: choose another "
                                      "key_label, or an empty token",
                                      printable(key->key.label)),
                          "key_label")));
  }
  return problems.result();
}

}  // namespace signet::ceremony
