// What a token backend must do, whichever it is: generated, found, used and lost the same way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <thread>

#include "base/secret.h"
#include "contract/backend.h"
#include "contract/openssl_verify.h"
#include "token/key_generation.h"
#include "token/module_options.h"
#include "token/pkcs11_error.h"
#include "token/pkcs11_object.h"
#include "token/session_plan.h"
#include "token/signing_mechanism.h"
#include "token/token_key.h"

namespace signet::test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kMessage = "what is signed";

constexpr SignatureAlgorithm kAlgorithms[] = {
    SignatureAlgorithm::kEcdsaSha256,    SignatureAlgorithm::kEcdsaSha384,    SignatureAlgorithm::kEcdsaSha512,
    SignatureAlgorithm::kRsaPkcs1Sha256, SignatureAlgorithm::kRsaPkcs1Sha384, SignatureAlgorithm::kRsaPkcs1Sha512,
    SignatureAlgorithm::kEd25519,        SignatureAlgorithm::kRsaPssSha256,   SignatureAlgorithm::kRsaPssSha384,
    SignatureAlgorithm::kRsaPssSha512,
};

class TokenContract : public testing::TestWithParam<NamedBackend> {
 protected:
  void SetUp() override {
    backend_ = GetParam().make();
    auto profile = load_hsm_setup(
        {.profile = SIGNET_SOURCE_DIR "/hsm-profiles/" + backend_->profile(), .environment = backend_->environment()});
    ASSERT_TRUE(profile.has_value()) << profile.error().message;
    profile_ = *std::move(profile);
    ASSERT_EQ(profile_.tested, HsmTested::kCi) << "the profile says that nobody drives it, but this suite does";
    for (const auto& [name, value] : profile_.environment) setenv(name.c_str(), value.c_str(), 1);
    const auto path = find_module(profile_);
    ASSERT_TRUE(path.has_value()) << path.error().message;
    auto module = Pkcs11Module::load(*path, module_options(profile_));
    ASSERT_TRUE(module.has_value()) << module.error().message;
    module_ = *std::move(module);
    backend_->initialise(*module_);
  }

  [[nodiscard]] TokenInfo token() const { return module_->find_token(Backend::label()).value(); }
  [[nodiscard]] Secret pin() const { return Secret(bytes_of(Backend::pin())); }
  [[nodiscard]] Pkcs11Session open(SessionAccess access = SessionAccess::kRead) const {
    return Pkcs11Session::open(module_, token(), access).value();
  }
  [[nodiscard]] Pkcs11Session logged_in(SessionAccess access = SessionAccess::kReadWrite) const {
    Pkcs11Session session = open(access);
    const auto result = session.log_in(pin());
    EXPECT_TRUE(result.has_value()) << result.error().message;
    return session;
  }

  static Result<PublicKey> generate(Pkcs11Session& session, KeyType type, const std::string& label,
                                    unsigned rsa_bits = 2048) {
    return generate_key(session, {.type = type, .rsa_bits = type == KeyType::kRsa ? rsa_bits : 0, .label = label});
  }
  static Result<TokenKey> find(Pkcs11Session& session, const std::string& label) {
    return TokenKey::find(session, Pkcs11Uri::parse("pkcs11:type=private;object=" + label).value());
  }

  /// A key of this type signs by every algorithm that goes with it, and OpenSSL takes what comes.
  static void sign_by_every_algorithm(Pkcs11Session& session, const TokenKey& key, const PublicKey& public_key) {
    for (const SignatureAlgorithm algorithm : kAlgorithms) {
      if (!fits(algorithm, key.type())) continue;
      const auto signature = key.sign(session, algorithm, bytes_of(kMessage));
      ASSERT_TRUE(signature.has_value()) << name_of(algorithm) << ": " << signature.error().message;
      EXPECT_TRUE(openssl_verifies(public_key.spki(), algorithm, bytes_of(kMessage), signature->view()))
          << name_of(algorithm);
      EXPECT_TRUE(public_key.verify(algorithm, bytes_of(kMessage), signature->view()).has_value());
      EXPECT_FALSE(public_key.verify(algorithm, bytes_of("another"), signature->view()).has_value());
    }
  }

  std::unique_ptr<Backend> backend_;
  HsmProfile profile_;
  std::shared_ptr<const Pkcs11Module> module_;
};

TEST_P(TokenContract, EveryKindOfKeySignsByEveryAlgorithmAndOpensslVerifies) {
  Pkcs11Session session = logged_in();
  for (const KeyType type : backend_->key_types()) {
    const std::string label(name_of(type));
    const auto public_key = generate(session, type, label);
    ASSERT_TRUE(public_key.has_value()) << public_key.error().message;
    const auto key = find(session, label);
    ASSERT_TRUE(key.has_value()) << key.error().message;
    EXPECT_EQ(key->type(), type);
    sign_by_every_algorithm(session, *key, *public_key);
  }
}

TEST_P(TokenContract, RsaKeysOf3072And4096BitsSign) {
  Pkcs11Session session = logged_in();
  for (const unsigned bits : {3072U, 4096U}) {
    const auto public_key = generate(session, KeyType::kRsa, std::to_string(bits), bits);
    ASSERT_TRUE(public_key.has_value()) << public_key.error().message;
    EXPECT_EQ(public_key->bits(), bits);
    sign_by_every_algorithm(session, find(session, std::to_string(bits)).value(), *public_key);
  }
}

TEST_P(TokenContract, WhereOnlyMechanismsThatHashAreOfferedTheTokenHashes) {
  Pkcs11Session keeper = logged_in();
  const PublicKey public_key = generate(keeper, KeyType::kRsa, "k").value();
  TokenInfo limited = token();
  ASSERT_GT(std::erase(limited.signs_with, CKM_RSA_PKCS), 0U);
  ASSERT_GT(std::erase(limited.signs_with, CKM_RSA_PKCS_PSS), 0U);
  Pkcs11Session session = Pkcs11Session::open(module_, limited, SessionAccess::kRead).value();
  sign_by_every_algorithm(session, find(session, "k").value(), public_key);
}

TEST_P(TokenContract, AnAlgorithmForWhichNoMechanismIsOfferedIsRefusedBeforeTheTokenIsAsked) {
  Pkcs11Session keeper = logged_in();
  ASSERT_TRUE(generate(keeper, KeyType::kRsa, "k").has_value());
  TokenInfo limited = token();
  limited.signs_with = {CKM_RSA_PKCS};
  Pkcs11Session session = Pkcs11Session::open(module_, limited, SessionAccess::kRead).value();
  const auto signature = find(session, "k").value().sign(session, SignatureAlgorithm::kRsaPssSha256, bytes_of("m"));
  ASSERT_FALSE(signature.has_value());
  EXPECT_EQ(signature.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(signature.error().message, HasSubstr("CKM_RSA_PKCS_PSS, CKM_SHA256_RSA_PKCS_PSS"));
  EXPECT_EQ(signature.error().native, 0);
}

TEST_P(TokenContract, ThePublicKeyIsFoundBesideThePrivateOne) {
  Pkcs11Session session = logged_in();
  for (const KeyType type : backend_->key_types()) {
    const std::string label(name_of(type));
    const PublicKey made = generate(session, type, label).value();
    const TokenKey key = find(session, label).value();
    const auto shown = key.public_key(session);
    ASSERT_TRUE(shown.has_value()) << shown.error().message;
    EXPECT_TRUE(equal(shown->spki(), made.spki()));
    EXPECT_TRUE(TokenKey::find(session, Pkcs11Uri{.id = copy_of(made.key_id())}).has_value()) << "by its key id";
  }
}

TEST_P(TokenContract, AGeneratedKeyStaysOnTheToken) {
  Pkcs11Session session = logged_in();
  ASSERT_TRUE(generate(session, KeyType::kEcP256, "k").has_value());
  const TokenKey key = find(session, "k").value();
  const KeyProtection protection = key.protection(session).value();
  EXPECT_EQ(protection.sensitive, true);
  EXPECT_EQ(protection.extractable, false);
  EXPECT_EQ(protection.never_extractable, true);
  EXPECT_EQ(protection.always_sensitive, true);
  EXPECT_EQ(protection.local, !profile_.has(HsmQuirk::kGeneratedKeysDoNotTellLocal)) << "the profile's quirk is stale";
  EXPECT_FALSE(read_attribute(session, key.handle(), CKA_VALUE).value().has_value()) << "the private value is shown";
}

TEST_P(TokenContract, AKeyThatIsAbsentIsNamedWithThoseThatAreThere) {
  Pkcs11Session session = logged_in();
  ASSERT_TRUE(generate(session, KeyType::kEcP256, "here").has_value());
  const auto absent = find(session, "absent");
  ASSERT_FALSE(absent.has_value());
  EXPECT_EQ(absent.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(absent.error().message, AllOf(HasSubstr("object=absent"), HasSubstr("'here'"), HasSubstr("signet-test")));
}

TEST_P(TokenContract, AnAmbiguousKeyIsRefusedAndNotGuessed) {
  Pkcs11Session session = logged_in();
  const PublicKey first = generate(session, KeyType::kEcP256, "a").value();
  ASSERT_TRUE(generate(session, KeyType::kEcP256, "b").has_value());
  const auto both = TokenKey::find(session, Pkcs11Uri::parse("pkcs11:type=private").value());
  ASSERT_FALSE(both.has_value());
  EXPECT_EQ(both.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(both.error().message, AllOf(HasSubstr("2 private keys match"), HasSubstr(to_hex(first.key_id()))));
}

TEST_P(TokenContract, ALabelIsNeverTakenTwice) {
  Pkcs11Session session = logged_in();
  ASSERT_TRUE(generate(session, KeyType::kEcP256, "k").has_value());
  EXPECT_EQ(generate(session, KeyType::kEcP256, "k").error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(key_labels(session).value().size(), 1U);
}

TEST_P(TokenContract, WithoutALoginThereIsNoPrivateKey) {
  {
    Pkcs11Session session = logged_in();
    ASSERT_TRUE(generate(session, KeyType::kEcP256, "k").has_value());
  }
  Pkcs11Session session = open();
  EXPECT_FALSE(find(session, "k").has_value()) << "the login ends with the last session";
  ASSERT_TRUE(session.log_in(pin()).has_value());
  EXPECT_TRUE(find(session, "k").has_value());
}

TEST_P(TokenContract, AWrongPinIsFinalAndTheRightOneStillWorks) {
  Pkcs11Session session = open();
  const auto wrong = session.log_in(Secret(bytes_of("not-the-pin-99")));
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().code, ErrorCode::kUnauthenticated) << wrong.error().message;
  EXPECT_FALSE(wrong.error().retryable);
  EXPECT_EQ(remedy_for(wrong.error()), Pkcs11Remedy::kPinLocked);
  EXPECT_TRUE(session.log_in(pin(), {.count_low = true}).has_value()) << "by a person, who knows that it is right";
}

TEST_P(TokenContract, ASecondLoginIsAcceptedAndOneCoversEverySession) {
  Pkcs11Session keeper = logged_in();
  ASSERT_TRUE(generate(keeper, KeyType::kEcP256, "k").has_value());
  Pkcs11Session second = open();
  EXPECT_TRUE(find(second, "k").has_value()) << "a login belongs to the token";
  EXPECT_TRUE(second.log_in(pin()).has_value());
  {
    const Pkcs11Session closed = open();
  }
  EXPECT_TRUE(find(second, "k").has_value()) << "a session that closes does not end the login";
}

TEST_P(TokenContract, ALostSessionIsSeenAndANewOneFindsTheKeyAgain) {
  Pkcs11Session keeper = logged_in();
  ASSERT_TRUE(generate(keeper, KeyType::kEcP256, "k").has_value());
  Pkcs11Session lost = open();
  const TokenKey key = find(lost, "k").value();
  ASSERT_EQ(lost.functions().C_CloseSession(lost.handle()), CKR_OK);
  const auto signature = key.sign(lost, SignatureAlgorithm::kEcdsaSha256, bytes_of(kMessage));
  ASSERT_FALSE(signature.has_value());
  EXPECT_TRUE(session_was_lost(signature.error())) << signature.error().message;
  EXPECT_TRUE(signature.error().retryable);
  EXPECT_EQ(remedy_for(signature.error()), Pkcs11Remedy::kNewSession);
  Pkcs11Session fresh = open();
  EXPECT_TRUE(find(fresh, "k").value().sign(fresh, SignatureAlgorithm::kEcdsaSha256, bytes_of(kMessage)).has_value());
}

TEST_P(TokenContract, AHandleThatIsNoneIsSeenAndTheKeyIsLookedUpAnew) {
  Pkcs11Session keeper = logged_in();
  ASSERT_TRUE(generate(keeper, KeyType::kEcP256, "k").has_value());
  Pkcs11Session session = open();
  const TokenKey key = find(session, "k").value();
  ASSERT_EQ(keeper.functions().C_DestroyObject(keeper.handle(), key.handle()), CKR_OK);
  const auto signature = key.sign(session, SignatureAlgorithm::kEcdsaSha256, bytes_of(kMessage));
  ASSERT_FALSE(signature.has_value());
  EXPECT_TRUE(session_was_lost(signature.error())) << signature.error().message;
  EXPECT_EQ(remedy_for(signature.error()), Pkcs11Remedy::kNewSession);
  Pkcs11Session fresh = open();
  EXPECT_EQ(find(fresh, "k").error().code, ErrorCode::kNotFound) << "it was destroyed, and is not found any more";
}

TEST_P(TokenContract, AllSessionsOfThePlanCanBeOpenAndSignAtOnce) {
  constexpr unsigned kWanted = 12;
  const auto plan = plan_sessions(token(), {.threads_wanted = kWanted, .profile_limit = profile_.max_sessions});
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  Pkcs11Session keeper = logged_in();
  const PublicKey public_key = generate(keeper, KeyType::kEcP256, "k").value();
  std::vector<Pkcs11Session> sessions;
  for (unsigned i = 0; i < plan->workers; ++i) sessions.push_back(open());
  for (Pkcs11Session& session : sessions) {
    const auto signature =
        find(session, "k").value().sign(session, SignatureAlgorithm::kEcdsaSha256, bytes_of(kMessage));
    ASSERT_TRUE(signature.has_value()) << signature.error().message;
    EXPECT_TRUE(public_key.verify(SignatureAlgorithm::kEcdsaSha256, bytes_of(kMessage), signature->view()).has_value());
  }
}

TEST_P(TokenContract, ThreadsWithASessionEachSignAtOnce) {
  constexpr unsigned kThreads = 4;
  constexpr unsigned kEach = 50;
  Pkcs11Session keeper = logged_in();
  const PublicKey public_key = generate(keeper, KeyType::kEcP256, "k").value();
  std::atomic<unsigned> good{0};
  {
    std::vector<std::jthread> threads;
    for (unsigned thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        Pkcs11Session session = open();
        const TokenKey key = find(session, "k").value();
        for (unsigned i = 0; i < kEach; ++i) {
          const std::string message = fmt::format("{} of thread {}", i, thread);
          const auto signature = key.sign(session, SignatureAlgorithm::kEcdsaSha256, bytes_of(message));
          if (signature.has_value() &&
              public_key.verify(SignatureAlgorithm::kEcdsaSha256, bytes_of(message), signature->view()).has_value())
            ++good;
        }
      });
    }
  }
  EXPECT_EQ(good, kThreads * kEach) << "each of its own message";
}

TEST_P(TokenContract, ACorruptedSignatureIsNoticed) {
  Pkcs11Session session = logged_in();
  for (const KeyType type : backend_->key_types()) {
    const std::string label(name_of(type));
    const PublicKey public_key = generate(session, type, label).value();
    const TokenKey key = find(session, label).value();
    const SignatureAlgorithm algorithm = default_algorithm(type);
    const SignatureValue signature = key.sign(session, algorithm, bytes_of(kMessage)).value();
    for (const std::size_t at : {std::size_t{0}, signature.view().size() / 2, signature.view().size() - 1}) {
      Bytes corrupted = copy_of(signature.view());
      corrupted[at] ^= 0x01;
      EXPECT_FALSE(public_key.verify(algorithm, bytes_of(kMessage), corrupted).has_value()) << label << " byte " << at;
    }
  }
}

TEST_P(TokenContract, WhatTheTokenOffersIsWhatItSignsWith) {
  const TokenInfo info = token();
  EXPECT_THAT(info.signs_with, AllOf(Contains(CKM_ECDSA), Contains(CKM_RSA_PKCS), Contains(CKM_RSA_PKCS_PSS)));
  const std::vector<KeyType> types = backend_->key_types();
  if (std::ranges::find(types, KeyType::kEd25519) == types.end()) {
    EXPECT_THAT(info.signs_with, Not(Contains(CKM_EDDSA)));
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, TokenContract, testing::ValuesIn(backends()),
                         [](const auto& backend) { return std::string(backend.param.name); });

}  // namespace
}  // namespace signet::test
