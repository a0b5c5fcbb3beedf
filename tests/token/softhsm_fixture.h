// A SoftHSM token, loaded in the test's own process.
#pragma once

#include <gmock/gmock.h>

#include <memory>

#include "base/secret.h"
#include "support/softhsm.h"
#include "token/key_generation.h"
#include "token/pkcs11_error.h"
#include "token/pkcs11_module.h"
#include "token/pkcs11_session.h"
#include "token/token_key.h"

namespace signet::test {

class SoftHsmTest : public testing::Test {
 protected:
  /// Loads the module anew: what is on disk is what it sees.
  void SetUp() override {
    softhsm_.use_here();
    module_.reset();
    auto loaded = Pkcs11Module::load(kSoftHsmModule);
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
    module_ = *std::move(loaded);
  }

  [[nodiscard]] Secret pin() const { return Secret(bytes_of(softhsm_.pin())); }
  [[nodiscard]] TokenInfo token() const { return module_->find_token(softhsm_.label()).value(); }

  [[nodiscard]] Pkcs11Session open(SessionAccess access = SessionAccess::kReadWrite) const {
    return Pkcs11Session::open(module_, token(), access).value();
  }
  /// A read-write session that is logged in.
  [[nodiscard]] Pkcs11Session logged_in() const {
    Pkcs11Session session = open();
    const auto result = session.log_in(pin());
    EXPECT_TRUE(result.has_value()) << result.error().message;
    return session;
  }

  SoftHsm softhsm_;
  std::shared_ptr<const Pkcs11Module> module_;
};

[[nodiscard]] inline Pkcs11Uri uri_of(std::string_view text) { return Pkcs11Uri::parse(text).value(); }

}  // namespace signet::test
