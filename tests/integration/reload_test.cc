// SIGHUP, from the outside: another policy while clients ask, and one that is no policy.
#include <gmock/gmock.h>
#include <signal.h>

#include <atomic>
#include <thread>

#include "integration/daemon.h"
#include "log/entries.h"
#include "x509/certificate.h"
#include "x509/csr.h"

namespace signet::test {
namespace {

using std::chrono::days;
using testing::HasSubstr;

std::size_t count_in(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// SIGHUP, and waits until the daemon says this once more.
void reload(Daemon& daemon, const std::string& expected) {
  const std::size_t before = count_in(daemon.stderr_text(), expected);
  daemon.process().send_signal(SIGHUP);
  ASSERT_TRUE(eventually([&] { return count_in(daemon.stderr_text(), expected) > before; })) << daemon.stderr_text();
}

constexpr const char* kReloaded = "reloaded policy_sha256=";
constexpr const char* kRefused = "not reloaded, the old policy stays in force";

/// In whole days, as the profile has it.
std::chrono::days validity_of(const IssuedCertificate& issued) {
  return std::chrono::round<days>(issued.not_after - std::chrono::system_clock::now());
}

IssueOptions order(const Bytes& csr) { return {.profile = "tls-server", .csr = csr}; }

TEST(Reload, ExchangesThePolicyUnderLoadAndNoRequestFails) {
  const Installation ca;
  Daemon daemon(ca);
  const Bytes csr = ca.make_csr("DNS:a.plain.example");
  std::atomic<bool> stop{false};
  std::atomic<int> issued{0};
  std::vector<std::thread> load;
  for (int i = 0; i < 4; ++i) {
    load.emplace_back([&] {
      const auto client = daemon.client("plain");
      while (!stop) {
        const auto got = client->issue(order(csr));
        ASSERT_TRUE(got.has_value()) << got.error().message;
        const days validity = validity_of(*got);
        EXPECT_TRUE(validity == days(90) || validity == days(10)) << validity.count();
        ++issued;
      }
    });
  }
  const auto client = daemon.client("payments");
  const Bytes own = ca.make_csr("DNS:payment-service");
  constexpr int kReloads = 10;
  for (int round = 0; round < kReloads; ++round) {
    const bool is_short = round % 2 == 0;
    ca.edit("policy.toml", is_short ? "validity = \"90d\"" : "validity = \"10d\"",
            is_short ? "validity = \"10d\"" : "validity = \"90d\"");
    reload(daemon, kReloaded);
    EXPECT_EQ(validity_of(client->issue(order(own)).value()), is_short ? days(10) : days(90));
    const int before = issued;
    EXPECT_TRUE(eventually([&] { return issued > before + 4; })) << "everybody goes on";
  }
  stop = true;
  for (std::thread& thread : load) thread.join();
  EXPECT_EQ(daemon.stop(), 0);
  const auto entries = ca.read_log();
  EXPECT_EQ(count_entries(entries, "config", "approved_by", "reload"), static_cast<std::size_t>(kReloads));
  EXPECT_EQ(count_entries(entries, "rejected") + count_entries(entries, "orphaned"), 0U);
}

TEST(Reload, LeavesTheOldPolicyWhereTheNewOneIsBadAndSaysWhy) {
  const Installation ca;
  Daemon daemon(ca);
  const std::string good = slurp(ca.path("policy.toml"));
  const auto client = daemon.client("plain");
  const Bytes csr = ca.make_csr("DNS:a.plain.example");
  ca.edit("policy.toml", "validity = \"90d\"", "validity = \"eternal\"");
  ca.edit("policy.toml", "keys = [\"ec-p256\"]", "keys = [\"dsa\"]");
  reload(daemon, kRefused);
  EXPECT_THAT(daemon.stderr_text(), testing::AllOf(HasSubstr("eternal"), HasSubstr("dsa")));
  EXPECT_EQ(validity_of(client->issue(order(csr)).value()), days(90));

  ca.folder().write("policy.toml", good);
  ca.edit("policy.toml", "validity_max = \"397d\"", "validity_max = \"500d\"");
  reload(daemon, kRefused);
  EXPECT_THAT(daemon.stderr_text(), HasSubstr("longest_validity")) << "what does not fit the fence is refused, too";
  EXPECT_EQ(validity_of(client->issue(order(csr)).value()), days(90));
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_EQ(count_entries(ca.read_log(), "config"), 0U) << "the log names no policy that was not in force";
}

TEST(Reload, OutlivesTheIssuerWhateverTheFileSaysByThen) {
  const Installation ca;
  Daemon daemon(ca);
  ca.edit("policy.toml", "validity = \"90d\"", "validity = \"10d\"");
  reload(daemon, kReloaded);
  ca.folder().write("policy.toml", "nonsense");
  const pid_t before = daemon.child("signet-issuer");
  kill(before, SIGKILL);
  ASSERT_TRUE(eventually([&] {
    const auto now = children_of(daemon.pid(), "signet-issuer");
    return now.size() == 1 && now.front() != before;
  }));
  const auto issued = daemon.client("plain")->issue(order(ca.make_csr("DNS:a.plain.example")));
  ASSERT_TRUE(issued.has_value()) << issued.error().message;
  EXPECT_EQ(validity_of(*issued), days(10));
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_EQ(count_entries(ca.read_log(), "config"), 1U) << "the one that was reloaded, and no way back";
}

TEST(Reload, ReadsTheListOfBlockedKeysAgain) {
  const Installation ca;
  const Bytes csr = ca.make_csr("DNS:a.plain.example");
  ca.folder().write("blocked.txt", to_hex(Sha256{}) + "\n");
  ca.edit("signet.toml", "sign_deadline = \"5s\"", "sign_deadline = \"5s\"\nblocked_keys = \"blocked.txt\"");
  Daemon daemon(ca);
  const auto client = daemon.client("plain");
  EXPECT_TRUE(client->issue(order(csr)).has_value());
  ca.folder().write("blocked.txt", to_hex(Csr::parse(csr).value().public_key().spki_sha256()) + "\n");
  reload(daemon, kReloaded);
  const auto refused = client->issue(order(csr));
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("key.blocked"));
  ca.folder().write("blocked.txt", "not a hash\n");
  reload(daemon, kRefused);
  EXPECT_THAT(daemon.stderr_text(), HasSubstr("blocked.txt:1"));
  EXPECT_FALSE(client->issue(order(csr)).has_value()) << "the list before is in force";
  EXPECT_EQ(daemon.stop(), 0);
}

TEST(Rate, IsEnforcedPerClientAndSaysWhenToComeBack) {
  const Installation ca;
  ca.edit("policy.toml", "must_sign = false", "must_sign = false\nrate = \"3/h\"\nburst = 3");
  Daemon daemon(ca);
  const auto client = daemon.client("plain");
  IssueOptions wish = order(ca.make_csr("DNS:a.plain.example"));
  wish.idempotency_key = "first";
  const Bytes first = client->issue(wish).value().certificate;
  wish.idempotency_key.clear();
  EXPECT_TRUE(client->issue(wish).has_value());
  EXPECT_TRUE(client->issue(wish).has_value());
  const auto refused = client->issue(wish);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(refused.error().field, "rate");
  EXPECT_TRUE(refused.error().retryable);
  EXPECT_GT(refused.error().retry_after, std::chrono::minutes(19));
  EXPECT_LE(refused.error().retry_after, std::chrono::minutes(20));
  EXPECT_THAT(refused.error().message, testing::AllOf(HasSubstr("plain"), HasSubstr("3/h"), HasSubstr("burst of 3")));
  wish.idempotency_key = "first";
  EXPECT_EQ(client->issue(wish).value().certificate, first) << "what was issued is answered again";
  const auto other = daemon.client("payments")->issue(order(ca.make_csr("DNS:payment-service")));
  EXPECT_TRUE(other.has_value()) << other.error().message;
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_EQ(count_entries(ca.read_log(), "rejected", "code", "RESOURCE_EXHAUSTED"), 1U);
}

}  // namespace
}  // namespace signet::test
