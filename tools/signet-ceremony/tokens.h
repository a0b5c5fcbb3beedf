// The tokens of a ceremony: found, unlocked, and known to be able to do what is planned.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "config/hsm_profile.h"
#include "plan.h"
#include "token/pkcs11_session.h"

namespace signet::ceremony {

/// Logged-in read-write sessions, one per token, by label. For one thread.
class Tokens {
 public:
  /// Sets the plan's environment, loads the module and checks that each planned token is there exactly once and can
  /// make and use its key; only then PINs are read or asked for, and each is tried once; then that the labels are free.
  /// No object is made on a token. Errors list everything that is wrong with one of these steps.
  [[nodiscard]] static Result<Tokens> open(const Plan& plan);

  /// The session of a token of the plan.
  [[nodiscard]] Pkcs11Session& session(const std::string& label) { return sessions_.at(label); }
  [[nodiscard]] const Pkcs11Module& module() const noexcept { return *module_; }
  [[nodiscard]] const HsmProfile& profile() const noexcept { return profile_; }

 private:
  Tokens() = default;
  Result<void> find(const Plan& plan);
  Result<void> unlock(const Plan& plan);
  Result<void> check_labels_are_free(const Plan& plan);

  HsmProfile profile_;
  std::shared_ptr<const Pkcs11Module> module_;
  std::map<std::string, TokenInfo> infos_;
  std::map<std::string, Pkcs11Session> sessions_;
};

}  // namespace signet::ceremony
