// What an issuance knows of its own CA: the certificates above it, the keys it has, and the room in its log.
#include <gmock/gmock.h>

#include "issuer/issuing_world.h"
#include "issuer/own_keys.h"
#include "log/entry.h"
#include "x509/crypto.h"

namespace signet::test {
namespace {

using testing::HasSubstr;

constexpr std::string_view kPolicy = R"([profile.sub]
issuer = "issuing-1"
validity = "1d"
validity_max = "1d"
keys = ["ec-p256"]
ca = true
path_length = 0
subject = "CN=Sub CA,O=Example"
key_usage = ["keyCertSign", "cRLSign"]

[client.c]
identity = "dns:c.example"
profiles = ["sub"]
)";

Identity copy(const Identity& identity) {
  EVP_PKEY_up_ref(identity.key.get());
  return {.key = EvpPkeyPtr(identity.key.get()), .certificate = identity.certificate};
}

v1::IssueRequest request_for(EVP_PKEY* key) {
  v1::IssueRequest request;
  request.set_profile("sub");
  const Bytes csr = make_csr(key, "Sub CA", {});
  request.set_csr(std::string(text_of(csr)));
  return request;
}

TEST(IssuingCas, ARootThatIssuesItselfHasRoomForAsManyCasAsItsPathSays) {
  Identity root = make_root("Root", [](TbsFields& fields) { fields.basic_constraints->path_length = 1; });
  Identity same = copy(root);
  IssuingWorld world(
      {.root = std::move(root), .issuing = std::move(same), .policy = std::string(kPolicy), .blocked_keys = {}});
  const auto issued = world.issue("c", request_for(make_key(KeyType::kEcP256).get()));
  EXPECT_TRUE(issued.has_value()) << issued.error().message;
}

TEST(IssuingCas, AKeyThatTheCaUsesElsewhereIsNotCertified) {
  const EvpPkeyPtr key = make_key(KeyType::kEcP256);
  Identity root = make_root("Root");
  Identity issuing = make_ca(root, "Issuing CA");
  IssuingWorld world({.root = std::move(root),
                      .issuing = std::move(issuing),
                      .policy = std::string(kPolicy),
                      .blocked_keys = {},
                      .own_keys = {sha256(public_key_of(key.get()).spki())}});
  const auto refused = world.issue("c", request_for(key.get()));
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("(rule key.own)"));
}

TEST(OwnKeys, AreThoseOfTheBundleOfTheLogsAndOfTheDaemon) {
  const TempDirectory folder;
  const Identity root = make_root("Root");
  const Identity cross = make_ca(root, "Next root");
  const Identity daemon = make_client(root, "spiffe://example/daemon");
  const EvpPkeyPtr log_key = make_key(KeyType::kEcP256);
  DaemonConfig config;
  config.origin = "ca.example/test";
  config.listen.certificate = folder.write("daemon.pem", daemon.pem() + root.pem());
  config.keys["log-1"] =
      KeyConfig{.name = "log-1",
                .tokens = {"soft"},
                .uri = {},
                .certificate = {},
                .public_key = folder.write("log-1.pem", encode_pem("PUBLIC KEY", public_key_of(log_key.get()).spki())),
                .fence = {.may_sign = {ArtifactKind::kLogCheckpoint}}};
  const TrustBundle bundle{.roots = {root.certificate.der()}, .intermediates = {cross.certificate.der()}};
  const auto keys = load_own_keys(config, bundle);
  ASSERT_TRUE(keys.has_value()) << keys.error().message;
  const auto hash = [](const PublicKey& key) { return sha256(key.spki()); };
  EXPECT_EQ(*keys, (OwnKeys{hash(root.certificate.public_key()), hash(cross.certificate.public_key()),
                            hash(daemon.certificate.public_key()), hash(public_key_of(log_key.get()))}));
}

/// Whatever decide() lets through can be logged: of everything else an intent has, the most that may come.
TEST(LogEntry, HasRoomForTheLargestIntent) {
  const log::IntentFields intent{.cause = {.who = {.client = std::string(255, 'c'),
                                                   .certificate_sha256 = std::string(64, '0'),
                                                   .address = std::string(64, 'a')},
                                           .request = std::string(64, 'r')},
                                 .issuer = std::string(255, 'i'),
                                 .profile = std::string(255, 'p'),
                                 .serial = SerialNumber::random(system_rng()).value(),
                                 .client = std::string(255, 'c'),
                                 .method = "Issue",
                                 .idempotency_key = Bytes(64, 1),
                                 .payload_sha256 = {},
                                 .proof = log::RequestProof{.signature = Bytes(1024, 1), .time = {}},
                                 .csr_sha256 = {},
                                 .profile_sha256 = {},
                                 .lint_version = std::string(64, 'l'),
                                 .tbs = TbsDer(Bytes(kMostTbsBytes + 20, 1))};
  const auto entry = log::make_entry(log::intent_draft(intent), {.seq = 1, .boot = std::string(36, 'b')});
  ASSERT_TRUE(entry.has_value()) << entry.error().message;
  EXPECT_LT(entry->encoded.size(), log::kMaxEntryBytes);
}

}  // namespace
}  // namespace signet::test
