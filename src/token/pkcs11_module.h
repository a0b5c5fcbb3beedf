// A vendor's PKCS#11 module (version 2.40 or 3.x), loaded and initialised.
#pragma once

#include <p11-kit/pkcs11.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/pkcs11_uri.h"

namespace signet {

/// What the module says about one initialised token. A copy taken at some moment.
struct TokenInfo {
  CK_SLOT_ID slot = 0;
  std::string label = {};
  std::string manufacturer = {};
  std::string model = {};
  std::string serial = {};
  std::string firmware = {};  ///< "2.6"
  CK_FLAGS flags = 0;         ///< CKF_USER_PIN_LOCKED and its kin
};

/// Who calls a module: kMany threads at once (CKF_OS_LOCKING_OK; a module that cannot lock is refused), or kOne at a
/// time, which the caller sees to.
enum class ModuleThreads : std::uint8_t { kMany, kOne };

/// A loaded module. Loading runs the vendor's code in this process. One process loads a module once. The destructor
/// calls C_Finalize, where this object made C_Initialize succeed, and leaves the library mapped.
class Pkcs11Module {
 public:
  /// `path` is absolute. Errors name it: kNotFound (no such file), kFailedPrecondition (not a PKCS#11 module, or it
  /// does not initialise).
  [[nodiscard]] static Result<std::shared_ptr<const Pkcs11Module>> load(const std::string& path,
                                                                        ModuleThreads threads = ModuleThreads::kMany);
  ~Pkcs11Module();
  Pkcs11Module(const Pkcs11Module&) = delete;
  Pkcs11Module& operator=(const Pkcs11Module&) = delete;

  [[nodiscard]] const CK_FUNCTION_LIST& functions() const noexcept { return *functions_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
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
  Pkcs11Module(std::string path, const CK_FUNCTION_LIST* functions, bool owns_initialisation)
      : path_(std::move(path)), functions_(functions), owns_initialisation_(owns_initialisation) {}
  std::string path_;
  const CK_FUNCTION_LIST* functions_;
  bool owns_initialisation_;
};

}  // namespace signet
