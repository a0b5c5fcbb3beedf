#include <stdexcept>

#include "contract/backend.h"
#include "support/softhsm.h"
#include "support/temp_directory.h"

namespace signet::test {
namespace {

class SoftHsmBackend final : public Backend {
 public:
  [[nodiscard]] std::string profile() const override { return "softhsm2.toml"; }
  [[nodiscard]] std::map<std::string, std::string> environment() const override {
    return {{"SOFTHSM2_CONF", softhsm_.conf()}};
  }
  [[nodiscard]] std::vector<KeyType> key_types() const override {
    return {KeyType::kEcP256, KeyType::kEcP384, KeyType::kEcP521, KeyType::kEd25519, KeyType::kRsa};
  }

 private:
  SoftHsm softhsm_{label(), pin()};
};

/// NSS's database, whose user PIN is set by its module itself.
class NssBackend final : public Backend {
 public:
  [[nodiscard]] std::string profile() const override { return "nss-softokn.toml"; }
  [[nodiscard]] std::map<std::string, std::string> environment() const override {
    return {{"SIGNET_NSS_DIR", directory_.path()}, {"SIGNET_NSS_TOKEN", label()}};
  }
  [[nodiscard]] std::vector<KeyType> key_types() const override {
    return {KeyType::kEcP256, KeyType::kEcP384, KeyType::kEcP521, KeyType::kRsa};
  }
  void initialise(const Pkcs11Module& module) const override {
    const CK_FUNCTION_LIST& call = module.functions();
    CK_SESSION_HANDLE session = 0;
    check(call.C_OpenSession(slot(module), CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session));
    std::string no_pin;  // of the security officer, until there is a user PIN
    std::string user_pin = pin();
    check(call.C_Login(session, CKU_SO, bytes(no_pin), 0));
    check(call.C_InitPIN(session, bytes(user_pin), user_pin.size()));
    check(call.C_CloseSession(session));
  }

 private:
  static unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
  static void check(CK_RV rv) {
    if (rv != CKR_OK) throw std::runtime_error("NSS: " + std::to_string(rv));
  }
  /// A token without a PIN is none to Pkcs11Module::tokens().
  static CK_SLOT_ID slot(const Pkcs11Module& module) {
    CK_SLOT_ID slots[8];
    CK_ULONG count = 8;
    check(module.functions().C_GetSlotList(CK_TRUE, slots, &count));
    for (CK_ULONG i = 0; i < count; ++i) {
      const auto token = module.token_in(slots[i]);
      if (token.has_value() && token->label == label()) return slots[i];
    }
    throw std::runtime_error("NSS has no token " + label());
  }

  TempDirectory directory_;
};

template <class T>
std::unique_ptr<Backend> make() {
  return std::make_unique<T>();
}

}  // namespace

std::vector<NamedBackend> backends() { return {{"SoftHsm", &make<SoftHsmBackend>}, {"NssSoftokn", &make<NssBackend>}}; }

}  // namespace signet::test
