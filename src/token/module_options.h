// An HSM profile, as far as this library carries it out.
#pragma once

#include <memory>

#include "config/hsm_profile.h"
#include "token/pkcs11_module.h"

namespace signet {

/// What Pkcs11Module::load takes of `profile`, whose environment the caller has set before.
[[nodiscard]] inline ModuleOptions module_options(const HsmProfile& profile) {
  return {.threads = profile.thread_safe ? ModuleThreads::kMany : ModuleThreads::kOne,
          .init_arguments = profile.init_arguments,
          .mechanisms = profile.mechanisms,
          .finalize = !profile.has(HsmQuirk::kNoFinalize),
          .general_error_at_login_is_transient = profile.has(HsmQuirk::kGeneralErrorAtLoginIsTransient),
          .generated_keys_tell_local = !profile.has(HsmQuirk::kGeneratedKeysDoNotTellLocal)};
}

}  // namespace signet
