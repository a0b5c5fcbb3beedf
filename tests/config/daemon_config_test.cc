#include "config/daemon_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace signet {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

const std::string kMinimal = R"(origin = "ca.example.com/signet/issuing-1"
policy = "policy.toml"
[state]
directory = "state"
[listen]
address = "127.0.0.1:7443"
certificate = "tls/daemon.pem"
key = "/abs/daemon.key"
client_trust = "tls/client-trust.pem"
[token.soft]
profile = "softhsm2.toml"
pin_file = "pin"
[key.issuing-1]
token = "soft"
uri = "pkcs11:token=t;object=o;type=private"
certificate = "ca/issuing.pem"
[key.issuing-1.fence]
may_sign = ["end-entity-certificate"]
longest_validity = "398d"
[issuer.issuing-1]
key = "issuing-1"
root = "ca/root.pem"
[log]
key = "log-1"
ceremony = "ca/transcript.jsonl"
[key.log-1]
token = "soft"
uri = "pkcs11:token=t;object=log-1;type=private"
public_key = "ca/log-1.pub.pem"
[key.log-1.fence]
may_sign = ["log-checkpoint"]
)";

// Goes behind kMinimal.
const std::string kPredecessor = R"([log.predecessor]
directory = "old"
origin = "ca.example.com/signet/old"
key = "log-0"
[key.log-0]
token = "soft"
uri = "pkcs11:token=t;object=log-0;type=private"
public_key = "ca/log-0.pub.pem"
[key.log-0.fence]
may_sign = ["log-checkpoint"]
)";

Result<DaemonConfig> parse(const std::string& text) {
  return parse_daemon_config(bytes_of(text), "/etc/signet/signet.toml");
}

/// kMinimal with one piece of text replaced, which must be in it.
std::string with(const std::string& old_text, const std::string& new_text) {
  std::string text = kMinimal;
  const std::size_t at = text.find(old_text);
  EXPECT_NE(at, std::string::npos) << old_text;
  return text.replace(at, old_text.size(), new_text);
}

std::string error_of(const std::string& text) {
  const auto config = parse(text);
  EXPECT_FALSE(config.has_value()) << text;
  return config ? "" : config.error().message;
}

TEST(DaemonConfig, FillsInEveryDefault) {
  const auto config = parse(kMinimal);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->listen.max_connections, 1024U);
  EXPECT_EQ(config->listen.max_connections_per_address, 256U);
  EXPECT_EQ(config->listen.max_requests_in_flight, 64U);
  EXPECT_EQ(config->listen.handshake_timeout, 10s);
  EXPECT_EQ(config->listen.frame_timeout, 10s);
  EXPECT_EQ(config->listen.idle_timeout, 10min);
  EXPECT_EQ(config->issue.workers, 16U);
  EXPECT_EQ(config->issue.queue, 1024U);
  EXPECT_EQ(config->issue.sign_deadline, 5s);
  EXPECT_EQ(config->issue.request_skew, 5min);
  EXPECT_EQ(config->issue.blocked_keys, "");
  EXPECT_EQ(config->tokens.at("soft").sessions, 4U);
  EXPECT_TRUE(config->tokens.at("soft").environment.empty());
  EXPECT_EQ(config->keys.at("issuing-1").fence.clock_tolerance, 1h);
  EXPECT_TRUE(config->issuers.at("issuing-1").chain.empty());
  EXPECT_EQ(config->issuers.at("issuing-1").state, IssuerState::kActive);
  EXPECT_TRUE(config->trust.also.empty());
  EXPECT_EQ(config->trust.refresh_hint, 1h);
  EXPECT_EQ(config->log.directory, "/etc/signet/state/log");
  EXPECT_EQ(config->log.origin, "ca.example.com/signet/issuing-1");
  EXPECT_EQ(config->log.heartbeat, 1h);
  EXPECT_EQ(config->log.checkpoint_interval, 1s);
  EXPECT_EQ(config->log.checkpoint_patience, 5min);
  EXPECT_EQ(config->log.clock_tolerance, 1min);
  EXPECT_EQ(config->log.min_free_mib, 64U);
  EXPECT_EQ(config->log.accept_lost_memory, 0U);
  EXPECT_FALSE(config->log.predecessor.has_value());
  EXPECT_EQ(config->sha256, sha256(bytes_of(kMinimal)));
}

TEST(DaemonConfig, ResolvesPathsFromTheFilesOwnFolder) {
  const auto config = parse(with("root = \"ca/root.pem\"", "root = \"ca/root.pem\"\nchain = [\"a.pem\", \"/b.pem\"]"));
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->policy, "/etc/signet/policy.toml");
  EXPECT_EQ(config->state.directory, "/etc/signet/state");
  EXPECT_EQ(config->listen.certificate, "/etc/signet/tls/daemon.pem");
  EXPECT_EQ(config->listen.key, "/abs/daemon.key");
  EXPECT_EQ(config->listen.client_trust, "/etc/signet/tls/client-trust.pem");
  EXPECT_EQ(config->tokens.at("soft").profile, "/etc/signet/softhsm2.toml");
  EXPECT_EQ(config->tokens.at("soft").pin.file, "/etc/signet/pin");
  EXPECT_EQ(config->keys.at("issuing-1").certificate, "/etc/signet/ca/issuing.pem");
  EXPECT_EQ(config->issuers.at("issuing-1").root, "/etc/signet/ca/root.pem");
  EXPECT_THAT(config->issuers.at("issuing-1").chain, ElementsAre("/etc/signet/a.pem", "/b.pem"));
  EXPECT_EQ(config->log.ceremony, "/etc/signet/ca/transcript.jsonl");
  EXPECT_EQ(config->keys.at("log-1").public_key, "/etc/signet/ca/log-1.pub.pem");
}

TEST(DaemonConfig, ResolvesAFilesRelativeFolderOnce) {
  const auto config = parse_daemon_config(bytes_of(kMinimal), "conf/signet.toml");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->state.directory, "conf/state");
  EXPECT_EQ(config->log.directory, "conf/state/log");
}

TEST(DaemonConfig, ReadsEveryValueThatIsGiven) {
  std::string text = with("[token.soft]", R"(max_connections = 7
max_connections_per_address = 6
max_requests_in_flight = 5
handshake_timeout = "4s"
frame_timeout = "3s"
idle_timeout = "2m"
[issue]
workers = 2
queue = 3
sign_deadline = "9s"
request_skew = "1m"
blocked_keys = "blocked"
[token.soft]
sessions = 64
environment = { SOFTHSM2_CONF = "/x/softhsm2.conf" })");
  text.replace(text.find("longest_validity"), 0, "clock_tolerance = \"5m\"\n");
  const auto config = parse(text);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->origin, "ca.example.com/signet/issuing-1");
  EXPECT_EQ(config->listen.address.host, "127.0.0.1");
  EXPECT_EQ(config->listen.address.port, 7443);
  EXPECT_EQ(config->listen.max_connections, 7U);
  EXPECT_EQ(config->listen.max_connections_per_address, 6U);
  EXPECT_EQ(config->listen.max_requests_in_flight, 5U);
  EXPECT_EQ(config->listen.handshake_timeout, 4s);
  EXPECT_EQ(config->listen.frame_timeout, 3s);
  EXPECT_EQ(config->listen.idle_timeout, 2min);
  EXPECT_EQ(config->issue.workers, 2U);
  EXPECT_EQ(config->issue.queue, 3U);
  EXPECT_EQ(config->issue.sign_deadline, 9s);
  EXPECT_EQ(config->issue.request_skew, 1min);
  EXPECT_EQ(config->issue.blocked_keys, "/etc/signet/blocked");
  const TokenConfig& token = config->tokens.at("soft");
  EXPECT_EQ(token.name, "soft");
  EXPECT_EQ(token.sessions, 64U);
  EXPECT_THAT(token.environment, ElementsAre(Pair("SOFTHSM2_CONF", "/x/softhsm2.conf")));
  const KeyConfig& key = config->keys.at("issuing-1");
  EXPECT_EQ(key.uri, (Pkcs11Uri{.token = "t", .object = "o", .type = "private"}));
  EXPECT_EQ(key.tokens, std::vector<std::string>{"soft"});
  EXPECT_THAT(key.fence.may_sign, ElementsAre(ArtifactKind::kEndEntityCertificate));
  EXPECT_EQ(key.fence.longest_validity, 398 * 24h);
  EXPECT_EQ(key.fence.clock_tolerance, 5min);
  EXPECT_EQ(config->issuers.at("issuing-1").key, "issuing-1");
}

/// What is read of the fence of issuing-1 with these lines.
Result<FenceConfig> fence_with(const std::string& lines) {
  const auto config = parse(with("may_sign = [\"end-entity-certificate\"]\nlongest_validity = \"398d\"", lines));
  if (!config.has_value()) return std::unexpected(config.error());
  return config->keys.at("issuing-1").fence;
}

const std::string kLeaves = "may_sign = [\"end-entity-certificate\"]\nlongest_validity = \"398d\"\n";

TEST(DaemonConfig, AFenceHasThePurposesOfTlsUnlessOthersAreNamed) {
  EXPECT_THAT(fence_with(kLeaves)->eku, ElementsAre("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"));
  EXPECT_FALSE(fence_with(kLeaves)->every_eku);
  EXPECT_THAT(fence_with(kLeaves + "eku = [\"codeSigning\", \"1.2.3\"]")->eku,
              ElementsAre("1.2.3", "1.3.6.1.5.5.7.3.3"));
  const auto every = fence_with(kLeaves + "eku = [\"*\"]");
  EXPECT_TRUE(every->every_eku);
  EXPECT_THAT(every->eku, testing::IsEmpty());
  EXPECT_THAT(fence_with(kLeaves + "eku = []").error().message, HasSubstr("fence.eku: has 0 values and needs 1"));
  EXPECT_THAT(fence_with(kLeaves + "eku = [\"serverauth\"]").error().message, HasSubstr("fence.eku: "));
  EXPECT_THAT(fence_with(kLeaves + "eku = [\"OCSPSigning\"]").error().message,
              HasSubstr("fence.eku: names OCSPSigning, with which others answer for this CA; that is ocsp_responder"));
  for (const std::string any : {"anyExtendedKeyUsage", "2.5.29.37.0"}) {
    EXPECT_THAT(fence_with(kLeaves + "eku = [\"serverAuth\", \"" + any + "\"]").error().message,
                HasSubstr("fence.eku: names anyExtendedKeyUsage, which stands for every purpose (RFC 5280 section "
                          "4.2.1.12)"))
        << any;
  }
}

TEST(DaemonConfig, AFenceMayHaveListsOfNames) {
  EXPECT_FALSE(fence_with(kLeaves)->names.given());
  const auto fence = fence_with(kLeaves + R"([key.issuing-1.fence.names]
dns = ["Example.com"]
ip = ["10.0.0.0/8"]
uri = ["spiffe://example.org"]
email = ["*"])");
  ASSERT_TRUE(fence.has_value()) << fence.error().message;
  EXPECT_THAT(fence->names.texts(),
              ElementsAre("DNS:example.com", "IP:10.0.0.0/8", "URI:spiffe://example.org", "email:*"));
  const auto refused = [](const std::string& lines) {
    return fence_with(kLeaves + "[key.issuing-1.fence.names]\n" + lines).error().message;
  };
  EXPECT_THAT(refused(""), HasSubstr("fence.names: has none of dns, ip, uri and email"));
  EXPECT_THAT(refused("dns = []"), HasSubstr("fence.names.dns: has 0 values and needs 1"));
  EXPECT_THAT(refused("dns = [\"*.example.com\"]"), HasSubstr("fence.names.dns: \"*.example.com\" is no domain"));
  EXPECT_THAT(refused("ip = [\"10.0.0.1/8\"]"), HasSubstr("has bits behind its prefix"));
  EXPECT_THAT(refused("uri = [\"example.org\"]"), HasSubstr("no scheme with an authority"));
  EXPECT_THAT(refused("host = [\"a\"]"), HasSubstr("fence.names.host: unknown key"));
}

TEST(DaemonConfig, ListsOfNamesAndCasBelowExcludeEachOther) {
  const auto both = fence_with(
      "may_sign = [\"end-entity-certificate\", \"ca-certificate\"]\nlongest_validity = \"398d\"\n"
      "[key.issuing-1.fence.names]\ndns = [\"example.com\"]");
  EXPECT_THAT(both.error().message, HasSubstr("fence.names: limits nothing where may_sign names \"ca-certificate\""));
}

TEST(DaemonConfig, ACasLongestValidityIsItsOwn) {
  const std::string cas = "may_sign = [\"end-entity-certificate\", \"ca-certificate\"]\nlongest_validity = \"90d\"\n";
  EXPECT_EQ(fence_with(cas)->longest_ca_validity, 90 * 24h);
  EXPECT_EQ(fence_with(cas + "longest_ca_validity = \"5y\"")->longest_ca_validity, 5 * 365 * 24h);
  EXPECT_THAT(fence_with(kLeaves + "longest_ca_validity = \"5y\"").error().message,
              HasSubstr("longest_ca_validity: has no effect, because may_sign does not name \"ca-certificate\""));
}

TEST(DaemonConfig, AKeyMayAnswerOcspItself) {
  const auto fence = fence_with(kLeaves + "longest_ocsp_period = \"4d\"");
  EXPECT_THAT(fence.error().message,
              HasSubstr("longest_ocsp_period: has no effect, because may_sign does not name \"ocsp-response\""));
  EXPECT_EQ(fence_with("may_sign = [\"ocsp-response\"]\nlongest_ocsp_period = \"4d\"")->longest_ocsp_period, 4 * 24h);
  EXPECT_THAT(fence_with("may_sign = [\"ocsp-response\"]").error().message, HasSubstr("longest_ocsp_period: missing"));
}

TEST(DaemonConfig, AKeyMayBeForCrls) {
  const auto fence = fence_with("may_sign = [\"crl\"]\nlongest_crl_period = \"7d\"");
  ASSERT_TRUE(fence.has_value()) << fence.error().message;
  EXPECT_EQ(fence->longest_crl_period, 7 * 24h);
  EXPECT_FALSE(fence->signs_certificates());
  EXPECT_THAT(fence_with("may_sign = [\"crl\"]").error().message, HasSubstr("longest_crl_period: missing"));
  EXPECT_THAT(fence_with("may_sign = [\"crl\"]\nlongest_crl_period = \"7d\"\neku = [\"*\"]").error().message,
              HasSubstr("fence.eku: is a rule for certificates, and this key signs none"));
  EXPECT_THAT(fence_with(kLeaves + "longest_crl_period = \"7d\"").error().message,
              HasSubstr("longest_crl_period: has no effect, because may_sign does not name \"crl\""));
  EXPECT_THAT(error_of(kMinimal + "longest_crl_period = \"7d\"\n"),
              HasSubstr("longest_crl_period: is a rule for what a CA signs"));
}

TEST(DaemonConfig, ReadsWhatAFenceLetsThroughBesideEndEntities) {
  const auto fence = [](const std::string& lines) {
    return parse(with("may_sign = [\"end-entity-certificate\"]", lines));
  };
  const auto plain = fence("may_sign = [\"end-entity-certificate\"]");
  EXPECT_THAT(plain->keys.at("issuing-1").fence.extensions, testing::IsEmpty());
  EXPECT_EQ(plain->keys.at("issuing-1").fence.longest_path, 0U);
  EXPECT_FALSE(plain->keys.at("issuing-1").fence.ocsp_responder);
  const auto more = fence(R"(may_sign = ["end-entity-certificate", "ca-certificate"]
longest_path = 2
ocsp_responder = true
extensions = ["1.2.3", "1.3.6.1.4.1.311.20.2"])");
  ASSERT_TRUE(more.has_value()) << more.error().message;
  const FenceConfig& rules = more->keys.at("issuing-1").fence;
  EXPECT_TRUE(rules.may_sign.contains(ArtifactKind::kCaCertificate));
  EXPECT_EQ(rules.longest_path, 2U);
  EXPECT_TRUE(rules.ocsp_responder);
  EXPECT_THAT(rules.extensions, ElementsAre("1.2.3", "1.3.6.1.4.1.311.20.2"));
  EXPECT_THAT(fence("may_sign = [\"end-entity-certificate\"]\nlongest_path = 1").error().message,
              HasSubstr("longest_path: has no effect, because may_sign does not name \"ca-certificate\""));
  EXPECT_THAT(fence("may_sign = [\"end-entity-certificate\"]\nextensions = [\"2.5.29.19\"]").error().message,
              HasSubstr("extensions: 2.5.29.19 is an extension that X.509 itself defines"));
}

TEST(DaemonConfig, ReadsWhatVerifiersAreGivenAndWhichCaIssuesNoMore) {
  const auto config = parse(with("root = \"ca/root.pem\"", R"(root = "ca/root.pem"
state = "retiring"
[trust]
also = ["ca/root-2.pem", "/x/cross.pem"]
refresh_hint = "10m")"));
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->issuers.at("issuing-1").state, IssuerState::kRetiring);
  EXPECT_THAT(config->trust.also, ElementsAre("/etc/signet/ca/root-2.pem", "/x/cross.pem"));
  EXPECT_EQ(config->trust.refresh_hint, 10min);
  const auto refused = parse(with("root = \"ca/root.pem\"", "root = \"ca/root.pem\"\nstate = \"retired\""));
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("retiring"));
}

TEST(DaemonConfig, ReadsEveryValueOfTheLog) {
  const auto config = parse(with("ceremony = \"ca/transcript.jsonl\"", R"(ceremony = "/c.jsonl"
directory = "log-2"
origin = "ca.example.com/log-2"
heartbeat = "30m"
checkpoint_interval = "250ms"
checkpoint_patience = "10s"
clock_tolerance = "2s"
min_free_mib = 7
accept_lost_memory = 1234)") +
                            kPredecessor);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  const LogConfig& log = config->log;
  EXPECT_EQ(log.key, "log-1");
  EXPECT_EQ(log.ceremony, "/c.jsonl");
  EXPECT_EQ(log.directory, "/etc/signet/log-2");
  EXPECT_EQ(log.origin, "ca.example.com/log-2");
  EXPECT_EQ(log.heartbeat, 30min);
  EXPECT_EQ(log.checkpoint_interval, 250ms);
  EXPECT_EQ(log.checkpoint_patience, 10s);
  EXPECT_EQ(log.clock_tolerance, 2s);
  EXPECT_EQ(log.min_free_mib, 7U);
  EXPECT_EQ(log.accept_lost_memory, 1234U);
  ASSERT_TRUE(log.predecessor.has_value());
  EXPECT_EQ(log.predecessor->directory, "/etc/signet/old");
  EXPECT_EQ(log.predecessor->origin, "ca.example.com/signet/old");
  EXPECT_EQ(log.predecessor->key, "log-0");
  const KeyConfig& key = config->keys.at("log-1");
  EXPECT_TRUE(key.signs_log());
  EXPECT_THAT(key.fence.may_sign, ElementsAre(ArtifactKind::kLogCheckpoint));
  EXPECT_EQ(key.certificate, "");
  EXPECT_FALSE(config->keys.at("issuing-1").signs_log());
}

TEST(DaemonConfig, SaysWhichOriginALogKeySigns) {
  const auto config = parse(kMinimal + kPredecessor);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->origin_of_log_key("log-1"), "ca.example.com/signet/issuing-1");
  EXPECT_EQ(config->origin_of_log_key("log-0"), "ca.example.com/signet/old");
  EXPECT_EQ(config->origin_of_log_key("issuing-1"), std::nullopt);
  EXPECT_EQ(config->origin_of_log_key("nobody"), std::nullopt);
}

TEST(DaemonConfig, RefusesAPredecessorThatCannotBeToldFromItsSuccessor) {
  const auto error = [](const std::string& old_text, const std::string& new_text) {
    std::string text = kMinimal + kPredecessor;
    const std::size_t at = text.rfind(old_text);
    EXPECT_NE(at, std::string::npos) << old_text;
    return error_of(text.replace(at, old_text.size(), new_text));
  };
  EXPECT_EQ(
      error("origin = \"ca.example.com/signet/old\"", "origin = \"ca.example.com/signet/issuing-1\""),
      "/etc/signet/signet.toml:34:10: log.predecessor.origin: is \"ca.example.com/signet/issuing-1\", the origin of "
      "the log that goes on from it; each log has its own");
  EXPECT_THAT(error("origin = \"ca.example.com/signet/old\"", "origin = \"a b\""),
              HasSubstr("log.predecessor.origin: is \"a b\"; expected 1 to 255 printable ASCII characters"));
  EXPECT_THAT(
      error("\"old\"", "\"state/log\""),
      HasSubstr("signet.toml:33:13: log.predecessor.directory: is \"/etc/signet/state/log\", the directory of"));
  EXPECT_THAT(error("key = \"log-0\"", "key = \"log-1\""),
              AllOf(HasSubstr("log.predecessor.key: is \"log-1\", the key of the log that goes on from it"),
                    HasSubstr("key.log-0: signs checkpoints, but neither log.key nor log.predecessor.key names it")));
  EXPECT_THAT(error("key = \"log-0\"", "key = \"issuing-1\""),
              HasSubstr("log.predecessor.key: is \"issuing-1\", which may not sign checkpoints"));
}

TEST(DaemonConfig, RefusesAKeyThatIsUsedForWhatItMayNotSign) {
  EXPECT_THAT(error_of(with("key = \"log-1\"", "key = \"issuing-1\"")),
              AllOf(HasSubstr("signet.toml:24:7: log.key: is \"issuing-1\", which may not sign checkpoints; expected a "
                              "[key.NAME] whose fence has may_sign = [\"log-checkpoint\"]"),
                    HasSubstr("signet.toml:26:1: key.log-1: signs checkpoints, but neither log.key")));
  EXPECT_THAT(error_of(with("key = \"log-1\"", "key = \"log-2\"")),
              HasSubstr("log.key: is \"log-2\", and there is no [key.log-2]; expected one of: issuing-1, log-1"));
  EXPECT_EQ(
      error_of(with("key = \"issuing-1\"", "key = \"log-1\"")),
      "/etc/signet/signet.toml:21:7: issuer.issuing-1.key: is \"log-1\", which signs checkpoints of the log and no "
      "certificates; expected a [key.NAME] whose fence has may_sign = [\"end-entity-certificate\"]");
}

TEST(DaemonConfig, ALogKeyHasAPublicKeyAndNothingOfACertificate) {
  EXPECT_EQ(
      error_of(with("public_key = \"ca/log-1.pub.pem\"", "certificate = \"ca/log-1.pem\"")),
      "/etc/signet/signet.toml:26:1: key.log-1.public_key: missing; expected a text in quotes\n"
      "/etc/signet/signet.toml:29:15: key.log-1.certificate: does not go with what this key may sign, which needs "
      "\"public_key\" instead");
  EXPECT_EQ(
      error_of(kMinimal + "longest_validity = \"1d\"\nclock_tolerance = \"1h\"\n"),
      "/etc/signet/signet.toml:32:20: key.log-1.fence.longest_validity: is a rule for certificates, and this key "
      "signs checkpoints of the log; remove it\n"
      "/etc/signet/signet.toml:33:19: key.log-1.fence.clock_tolerance: is a rule for what a CA signs, and this key "
      "signs checkpoints of the log; remove it");
  EXPECT_THAT(error_of(kMinimal + "ocsp_responder = true\n"),
              HasSubstr("key.log-1.fence.ocsp_responder: is a rule for certificates"));
  EXPECT_THAT(
      error_of(with("[\"log-checkpoint\"]", "[\"log-checkpoint\", \"end-entity-certificate\"]")),
      HasSubstr("key.log-1.fence.may_sign: names \"log-checkpoint\" beside another kind; a key that signs the log "
                "signs nothing else"));
}

TEST(DaemonConfig, AKeyOfCertificatesHasACertificateAndNoPublicKey) {
  EXPECT_EQ(error_of(with("certificate = \"ca/issuing.pem\"", "public_key = \"ca/issuing.pub.pem\"")),
            "/etc/signet/signet.toml:13:1: key.issuing-1.certificate: missing; expected a text in quotes\n"
            "/etc/signet/signet.toml:16:14: key.issuing-1.public_key: does not go with what this key may sign, which "
            "needs \"certificate\" instead");
}

TEST(DaemonConfig, ConcludesNothingFromAKindItDoesNotKnow) {
  EXPECT_EQ(error_of(with("[\"log-checkpoint\"]", "[\"log-checkpoints\"]")),
            "/etc/signet/signet.toml:31:13: key.log-1.fence.may_sign[0]: is \"log-checkpoints\"; expected one of "
            "\"end-entity-certificate\", \"ca-certificate\", \"crl\", \"ocsp-response\", "
            "\"log-checkpoint\"");
}

TEST(DaemonConfig, RefusesReferencesToWhatIsNotThere) {
  EXPECT_THAT(
      error_of(with("token = \"soft\"", "token = \"hard\"")),
      HasSubstr(
          "signet.toml:14:9: key.issuing-1.token: is \"hard\", and there is no [token.hard]; expected one of: soft"));
  EXPECT_THAT(error_of(with("key = \"issuing-1\"", "key = \"issuing-2\"")),
              HasSubstr("issuer.issuing-1.key: is \"issuing-2\", and there is no [key.issuing-2]"));
}

TEST(DaemonConfig, AKeyMayBeOnSeveralTokens) {
  const std::string one = "[key.issuing-1]\ntoken = \"soft\"";
  const std::string spare = "[token.spare]\nprofile = \"softhsm2.toml\"\npin_file = \"pin\"\n[key.issuing-1]\n";
  const auto config = parse(with(one, spare + "tokens = [\"spare\", \"soft\"]"));
  ASSERT_TRUE(config.has_value()) << config.error().message;
  const KeyConfig& key = config->keys.at("issuing-1");
  EXPECT_THAT(key.tokens, ElementsAre("spare", "soft"));
  EXPECT_TRUE(key.is_on("soft") && key.is_on("spare"));
  EXPECT_FALSE(config->keys.at("log-1").is_on("spare"));
  EXPECT_THAT(error_of(with(one, spare + "tokens = [\"soft\", \"spare\"]\ntoken = \"soft\"")),
              HasSubstr("key.issuing-1.token: stands beside \"tokens\""));
  EXPECT_THAT(error_of(with(one, spare + "tokens = [\"soft\", \"soft\"]")),
              HasSubstr("key.issuing-1.tokens: names \"soft\" twice"));
  EXPECT_THAT(error_of(with(one, spare + "tokens = [\"soft\", \"hard\"]")),
              HasSubstr("key.issuing-1.tokens: is \"hard\", and there is no [token.hard]"));
  EXPECT_THAT(error_of(with(one, spare + "tokens = [\"soft\"]")), HasSubstr("key.issuing-1.tokens"));
}

TEST(DaemonConfig, ThereAreFourWorkersForEachSessionUnlessTheyAreGiven) {
  const std::string token = "[token.soft]\n";
  EXPECT_EQ(parse(with(token, token + "sessions = 10\n"))->issue.workers, 40U);
  EXPECT_EQ(parse(with(token, token + "sessions = 1\n"))->issue.workers, 16U);
  EXPECT_EQ(parse(with(token, token + "sessions = 64\n") + "[token.b]\nprofile = \"p\"\npin_file = \"pin\"\n"
                                                           "sessions = 64\n")
                ->issue.workers,
            256U);
  EXPECT_EQ(parse(with(token, token + "sessions = 10\n") + "[issue]\nworkers = 7\n")->issue.workers, 7U);
}

TEST(DaemonConfig, ALogKeyIsOnOneToken) {
  const std::string one = "[key.log-1]\ntoken = \"soft\"";
  const std::string two =
      "[token.spare]\nprofile = \"softhsm2.toml\"\npin_file = \"pin\"\n[key.log-1]\ntokens = [\"spare\", \"soft\"]";
  EXPECT_THAT(error_of(with(one, two)), HasSubstr("key.log-1.tokens: names more than one token, and this key signs "
                                                  "checkpoints of the log"));
}

TEST(DaemonConfig, ReadsHowATokenDiffersFromItsProfile) {
  const auto config = parse(with("pin_file = \"pin\"\n",
                                 "pin_file = \"pin\"\nallow_untested = true\ninit_arguments = \"a=b\"\n"
                                 "readable = [\"conf\", \"/abs\"]\nwritable = [\"store\"]\n"));
  ASSERT_TRUE(config.has_value()) << config.error().message;
  const TokenConfig& token = config->tokens.at("soft");
  EXPECT_TRUE(token.allow_untested);
  EXPECT_EQ(token.init_arguments, "a=b");
  EXPECT_THAT(token.readable, ElementsAre("/etc/signet/conf", "/abs"));
  EXPECT_THAT(token.writable, ElementsAre("/etc/signet/store"));
  EXPECT_FALSE(parse(kMinimal)->tokens.at("soft").allow_untested);
}

TEST(DaemonConfig, ReadsWhatAnRsaKeySignsWith) {
  const auto fence = [](const std::string& signature) {
    const auto config = parse(with("certificate = \"ca/issuing.pem\"\n",
                                   "certificate = \"ca/issuing.pem\"\nsignature = \"" + signature + "\"\n"));
    EXPECT_TRUE(config.has_value()) << config.error().message;
    return config.has_value() ? config->keys.at("issuing-1").fence : FenceConfig{};
  };
  EXPECT_EQ(fence("rsa-pss-sha256").algorithm_for(KeyType::kRsa), SignatureAlgorithm::kRsaPssSha256);
  EXPECT_EQ(fence("rsa-pss-sha384").algorithm_for(KeyType::kRsa), SignatureAlgorithm::kRsaPssSha384);
  EXPECT_EQ(fence("rsa-pss-sha512").algorithm_for(KeyType::kRsa), SignatureAlgorithm::kRsaPssSha512);
  EXPECT_EQ(fence("rsa-pkcs1-sha384").algorithm_for(KeyType::kRsa), SignatureAlgorithm::kRsaPkcs1Sha384);
  const FenceConfig unsaid = parse(kMinimal)->keys.at("issuing-1").fence;
  EXPECT_EQ(unsaid.algorithm_for(KeyType::kRsa), SignatureAlgorithm::kRsaPkcs1Sha256);
  EXPECT_EQ(unsaid.algorithm_for(KeyType::kEcP384), SignatureAlgorithm::kEcdsaSha384);
}

TEST(DaemonConfig, RefusesASignatureThatIsNoneOrOfTheLogsKey) {
  EXPECT_THAT(error_of(with("certificate = \"ca/issuing.pem\"\n",
                            "certificate = \"ca/issuing.pem\"\nsignature = \"rsa-pss\"\n")),
              AllOf(HasSubstr("key.issuing-1.signature"), HasSubstr("\"rsa-pss-sha256\"")));
  EXPECT_THAT(error_of(with("public_key = \"ca/log-1.pub.pem\"\n",
                            "public_key = \"ca/log-1.pub.pem\"\nsignature = \"rsa-pss-sha256\"\n")),
              HasSubstr("key.log-1.signature: is for keys that sign certificates"));
}

TEST(DaemonConfig, ReportsEveryMistakeAtOnceInOrderOfPlace) {
  std::string text = with("[state]", "typo = 1\n[state]");
  text += "[issue]\nworkers = 257\nqueue = 0\nsign_deadline = \"61s\"\n";
  EXPECT_EQ(
      error_of(text),
      "/etc/signet/signet.toml:3:1: typo: unknown key; the keys of this table are admin, issue, issuer, key, listen, "
      "log, "
      "origin, "
      "policy, run, state, token, trust\n"
      "/etc/signet/signet.toml:34:11: issue.workers: is the integer 257; expected an integer from 1 to 256\n"
      "/etc/signet/signet.toml:35:9: issue.queue: is the integer 0; expected an integer from 1 to 1000000\n"
      "/etc/signet/signet.toml:36:17: issue.sign_deadline: is \"61s\"; expected a duration from 1s to 1m: digits and "
      "one of s, m, h, d, w, y, such as \"5s\"");
}

TEST(DaemonConfig, RefusesBadValues) {
  const struct {
    const char* old_text;
    const char* new_text;
    const char* message;
  } cases[] = {
      {"signet/issuing-1\"", "signet issuing-1\"", "origin: is \"ca.example.com/signet issuing-1\"; expected 1 to 255"},
      {"signet/issuing-1\"", "signet+1\"", "origin: is"},
      {"127.0.0.1:7443", "localhost:7443", "listen.address: is \"localhost:7443\"; expected an IP address and a port"},
      {"\"pin\"", "\"pin\"\nsessions = 65", "token.soft.sessions: is the integer 65; expected an integer from 1 to 64"},
      {"\"pin\"", "\"pin\"\nsessions = 0", "token.soft.sessions: is the integer 0"},
      {"\"pin\"", "\"pin\"\nenvironment = { \"A=B\" = \"c\" }", "token.soft.environment.\"A=B\": is no name of"},
      {"\"pin\"", "\"pin\"\nenvironment = { A = 1 }", "token.soft.environment.A: is the integer 1"},
      {"\"pin\"", "\"pin\"\nenvironment = { A = \"x\\u0000y\" }", "without control characters"},
      {"pkcs11:token", "token", "key.issuing-1.uri: is no PKCS#11 URI"},
      {"pkcs11:token", "pkcs11:tokn", "key.issuing-1.uri: attribute 'tokn' is not known here; known are token"},
      {"type=private", "type=public", "key.issuing-1.uri: has type=public; a CA signs with a private key"},
      {"[\"end-entity-certificate\"]", "[]", "fence.may_sign: has 0 values and needs 1"},
      {"[\"end-entity-certificate\"]", "[\"crls\"]", "fence.may_sign[0]: is \"crls\"; expected one of \"end-ent"},
      {"longest_validity = \"398d\"", "", "fence.longest_validity: missing"},
      {"[key.issuing-1.fence]", "[key.issuing-1.fences]", "key.issuing-1.fence: missing"},
      {"[key.issuing-1.fence]", "[key.issuing-1.fences]", "key.issuing-1.fences: unknown key; did you mean \"fence\"?"},
      {"root = \"ca/root.pem\"", "", "issuer.issuing-1.root: missing"},
      {"[log]", "[logs]", "log: missing; expected a table [log]"},
      {"ceremony = \"ca/transcript.jsonl\"", "", "log.ceremony: missing"},
      {"key = \"log-1\"", "", "log.key: missing"},
      {"[key.log-1]", "checkpoint_interval = \"99ms\"\n[key.log-1]",
       "log.checkpoint_interval: is \"99ms\"; expected a duration from 100ms to 1m: digits and one of ms, s, m,"},
      {"[key.log-1]", "checkpoint_interval = \"61s\"\n[key.log-1]", "log.checkpoint_interval: is \"61s\""},
      {"[key.log-1]", "checkpoint_interval = \"60s\"\ncheckpoint_patience = \"2s\"\n[key.log-1]",
       "log.checkpoint_patience: is 2s; expected at least twice checkpoint_interval, 1m"},
      {"[key.log-1]", "heartbeat = \"25h\"\n[key.log-1]", "log.heartbeat: is \"25h\""},
      {"[key.log-1]", "clock_tolerance = \"0s\"\n[key.log-1]", "log.clock_tolerance: is \"0s\""},
      {"[key.log-1]", "min_free_mib = 0\n[key.log-1]", "log.min_free_mib: is the integer 0"},
      {"[key.log-1]", "accept_lost_memory = 0\n[key.log-1]", "log.accept_lost_memory: is the integer 0"},
      {"[key.log-1]", "origin = \"a+b\"\n[key.log-1]", "log.origin: is \"a+b\"; expected 1 to 255"},
      {"[key.log-1]", "origin = \"\"\n[key.log-1]", "log.origin: is \"\"; expected a text in quotes that is not empty"},
      {"[key.log-1]", "heart_beat = \"1h\"\n[key.log-1]", "log.heart_beat: unknown key; did you mean \"heartbeat\"?"},
      {"[key.log-1]", "predecessor = 1\n[key.log-1]", "log.predecessor: is the integer 1; expected a table"},
      {"[key.log-1]", "predecessor = { origin = \"x\" }\n[key.log-1]", "log.predecessor.directory: missing"},
      {"[issuer.issuing-1]", "[other.issuing-1]", "issuer: missing; expected 1 or more tables [issuer.NAME]"},
  };
  for (const auto& c : cases) EXPECT_THAT(error_of(with(c.old_text, c.new_text)), HasSubstr(c.message)) << c.new_text;
}

TEST(DaemonConfig, RepeatsNoPinOfARefusedUri) {
  for (const char* uri : {"PKCS11:token=t;pin-value=1234", "pkcs11:token=t;pin-value=1234",
                          "pkcs11:token=t?module-name=x;pin-value=1234", "pkcs11:token=t?pin-value=1234\\u0007"}) {
    const std::string error = error_of(with("pkcs11:token=t;object=o;type=private", uri));
    EXPECT_THAT(error, HasSubstr("signet.toml:15:7: key.issuing-1.uri: "));
    EXPECT_THAT(error, Not(HasSubstr("1234"))) << uri;
  }
}

TEST(DaemonConfig, NamesWhatIsMissingFromAnEmptyFile) {
  const std::string text = error_of("");
  for (const char* key : {"origin", "policy", "state", "listen", "token", "key", "issuer", "log"}) {
    EXPECT_THAT(text, HasSubstr("signet.toml:1:1: " + std::string(key) + ": missing"));
  }
}

TEST(ListenAddress, TakesIpLiteralsWithAPort) {
  for (const char* text : {"127.0.0.1:7443", "0.0.0.0:0", "[::1]:65535", "[2001:db8::1]:1"}) {
    const auto address = parse_listen_address(text);
    ASSERT_TRUE(address.has_value()) << text;
    EXPECT_EQ(address->text(), text);
  }
  EXPECT_EQ(parse_listen_address("[::1]:80")->host, "::1");
}

TEST(ListenAddress, RefusesEverythingElse) {
  for (const char* text : {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
                           "127.0.0.1: 80", "127.0.0.1:80x", "::1:80", "[::1]", "[127.0.0.1]:80", "[::1:80", "[]:80",
                           "localhost:80", "127.0.1:80", "127.0.0.1:99999999999", "*:80"}) {
    EXPECT_FALSE(parse_listen_address(text).has_value()) << text;
  }
}

TEST(DaemonConfig, PutsTheOperatorsSocketIntoTheStateFolderUnlessToldOtherwise) {
  EXPECT_EQ(parse(kMinimal)->admin.socket, "/etc/signet/state/admin.socket");
  EXPECT_EQ(parse(kMinimal)->admin.group, "") << "root alone";
  const auto config =
      parse(kMinimal + std::string("[admin]\nsocket = \"/run/signet/admin.socket\"\ngroup = \"ops\"\n"));
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->admin.socket, "/run/signet/admin.socket");
  EXPECT_EQ(config->admin.group, "ops");
  EXPECT_THAT(error_of(kMinimal + std::string("[admin]\nsocket = \"/") + std::string(107, 'x') + "\"\n"),
              testing::HasSubstr("admin.socket: has 108 bytes; a Unix socket's path has at most 107"));
}

TEST(DaemonConfig, LetsNoTwoTokensReadOneDescriptor) {
  std::string text = with("pin_file = \"pin\"", "pin_fd = 3");
  text += "[token.spare]\nprofile = \"softhsm2.toml\"\npin_fd = 3\n";
  EXPECT_THAT(error_of(text), testing::HasSubstr("token.spare.pin_fd: is 3, which token.soft reads already"));
}

}  // namespace
}  // namespace signet
