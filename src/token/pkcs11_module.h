// A vendor's PKCS#11 module (version 2.40 or 3.x), loaded and initialised.
#pragma once

#include <p11-kit/pkcs11.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/pkcs11_uri.h"

namespace signet {

/// Sessions with a token, read-only and read-write ones: of this process, as the standard has it, though some modules
/// count those of all.
struct SessionCount {
  std::optional<std::uint64_t> most = {};  ///< nothing: unlimited, or the token does not tell
  std::uint64_t open = 0;                  ///< 0 also where the token does not tell
  /// How many more may be opened.
  [[nodiscard]] std::optional<std::uint64_t> room() const {
    if (!most) return {};
    return *most > open ? *most - open : 0;
  }
};

/// What the module says about one initialised token. A copy taken at some moment.
struct TokenInfo {
  CK_SLOT_ID slot = 0;
  std::string label = {};
  std::string manufacturer = {};
  std::string model = {};
  std::string serial = {};
  std::string firmware = {};  ///< "2.6"
  CK_FLAGS flags = 0;         ///< CKF_USER_PIN_LOCKED and its kin
  SessionCount sessions = {};
  /// Of signing_mechanisms(), those the token has for signing; with ModuleOptions::mechanisms, those.
  std::vector<CK_MECHANISM_TYPE> signs_with = {};
};

/// Who calls a module: kMany threads at once (CKF_OS_LOCKING_OK; a module that cannot lock is refused), or kOne at a
/// time, which the caller sees to.
enum class ModuleThreads : std::uint8_t { kMany, kOne };

/// How a module wants to be used: the part of an HSM profile that this library carries out.
struct ModuleOptions {
  ModuleThreads threads = ModuleThreads::kMany;
  std::string init_arguments = {};           ///< C_Initialize's LibraryParameters, which NSS invented; empty = none
  std::vector<std::string> mechanisms = {};  ///< names of what it signs with; empty = as each token says
  bool finalize = true;                      ///< the destructor may call C_Finalize
  bool general_error_at_login_is_transient = false;  ///< CKR_GENERAL_ERROR of C_Login does not tell of the PIN
  bool generated_keys_tell_local = true;             ///< CKA_LOCAL of a key that was made on the token is true
};

/// A loaded module. Loading runs the vendor's code in this process. One process loads a module once. The destructor
/// calls C_Finalize, where this object made C_Initialize succeed and the options allow it, and leaves the library
/// mapped.
class Pkcs11Module {
 public:
  /// `path` is absolute. Errors name it: kNotFound (no such file), kFailedPrecondition (not a PKCS#11 module, or it
  /// does not initialise); kInvalidArgument for a mechanism that is none.
  [[nodiscard]] static Result<std::shared_ptr<const Pkcs11Module>> load(const std::string& path,
                                                                        const ModuleOptions& options = {});
  ~Pkcs11Module();
  Pkcs11Module(const Pkcs11Module&) = delete;
  Pkcs11Module& operator=(const Pkcs11Module&) = delete;

  [[nodiscard]] const CK_FUNCTION_LIST& functions() const noexcept { return *functions_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] const ModuleOptions& options() const noexcept { return options_; }
  /// "SoftHSM, Implementation of PKCS11, version 2.6": for logs and messages.
  [[nodiscard]] std::string describe() const;

  /// The initialised tokens in all slots, in the module's order.
  [[nodiscard]] Result<std::vector<TokenInfo>> tokens() const;
  /// The state of the token in `slot` now.
  [[nodiscard]] Result<TokenInfo> token_in(CK_SLOT_ID slot) const;
  /// The one token that the URI's token, manufacturer, model and serial match. kNotFound or kFailedPrecondition (more
  /// than one), with the labels and serial numbers of the tokens that are there.
  [[nodiscard]] Result<TokenInfo> find_token(const Pkcs11Uri& uri) const;
  /// As above, by label alone.
  [[nodiscard]] Result<TokenInfo> find_token(std::string_view label) const;

 private:
  Pkcs11Module(std::string path, const CK_FUNCTION_LIST* functions, ModuleOptions options)
      : path_(std::move(path)), functions_(functions), options_(std::move(options)) {}
  [[nodiscard]] Result<std::vector<CK_MECHANISM_TYPE>> mechanisms_of(CK_SLOT_ID slot) const;
  std::string path_;
  const CK_FUNCTION_LIST* functions_;
  ModuleOptions options_;
  std::vector<CK_MECHANISM_TYPE> mechanisms_;  // of the options
  bool owns_initialisation_ = false;
};

}  // namespace signet
