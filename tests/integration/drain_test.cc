// Tokens that are taken out of use, and used again.
#include <gmock/gmock.h>
#include <signal.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "integration/operator.h"

namespace signet::test {
namespace {

namespace fs = std::filesystem;

/// Clients that ask until the end of its life.
class Load {
 public:
  explicit Load(std::function<void()> ask_once) : ask_once_(std::move(ask_once)) {
    for (int i = 0; i < 4; ++i) {
      threads_.emplace_back([this] {
        while (!stop_) ask_once_();
      });
    }
  }
  ~Load() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

 private:
  const std::function<void()> ask_once_;
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

TEST(Drain, FinishesWhatIsInFlightAndRefusesTheRestUntilUndrain) {
  const Installation ca;
  Daemon daemon(ca);
  std::atomic<int> issued{0};
  std::atomic<int> put_off{0};
  const Bytes csr = ca.make_csr("DNS:a.plain.example");
  ClientOptions options = daemon.options("plain");
  options.deadline = std::chrono::milliseconds(2000);  // shorter than retry_after: one try
  {
    const Load load([&] {
      auto client = Client::create(options).value();
      const auto got = client.issue({.profile = "tls-server", .csr = csr});
      if (got.has_value()) {
        ++issued;
        return;
      }
      EXPECT_EQ(got.error().code, ErrorCode::kUnavailable) << got.error().message;
      EXPECT_TRUE(got.error().retryable);
      EXPECT_GT(got.error().retry_after.count(), 0);
      ++put_off;
    });
    for (int round = 0; round < 3; ++round) {
      const int before = issued;
      ASSERT_TRUE(eventually([&] { return issued > before + 5; }));
      const CommandResult drained = signet_admin(ca, {"drain", "soft"});
      ASSERT_EQ(drained.status, 0) << drained.out;
      EXPECT_EQ(token(ca)["state"], "drained");
      EXPECT_TRUE(children_of(daemon.pid(), "signet-keyholde").empty());
      const int refused = put_off;
      ASSERT_TRUE(eventually([&] { return put_off > refused + 5; }));
      EXPECT_EQ(unlock(ca, kPin).status, 3) << "it is drained, not shut";
      ASSERT_EQ(signet_admin(ca, {"undrain", "soft"}).status, 0);
    }
    ASSERT_TRUE(issues(daemon, ca));
  }
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_EQ(count_entries(ca.read_log(), "crash"), 0U) << "a drained keyholder leaves as it should";
  EXPECT_EQ(admin_entries(ca).size(), 9U);
}

/// A second token with the same keys: the same SoftHSM folder, copied.
void add_spare_token(const Installation& ca) {
  fs::copy(ca.path("tokens"), ca.path("tokens-b"), fs::copy_options::recursive);
  std::string conf = slurp(ca.path("softhsm2.conf"));
  const std::string from = ca.path("tokens");
  conf.replace(conf.find(from), from.size(), ca.path("tokens-b"));
  ca.folder().write("softhsm2-b.conf", conf);
  ca.edit("signet.toml", "[key.issuing-1]\ntoken = \"soft\"",
          "[token.spare]\nprofile = \"" + std::string(SIGNET_SOURCE_DIR) +
              "/hsm-profiles/softhsm2.toml\"\npin_file = \"pin\"\nenvironment = { SOFTHSM2_CONF = \"" +
              ca.path("softhsm2-b.conf") + "\" }\n[key.issuing-1]\ntokens = [\"soft\", \"spare\"]");
}

TEST(Drain, LosesNoRequestWhereAnotherTokenHasTheKey) {
  const Installation ca;
  add_spare_token(ca);
  Daemon daemon(ca);
  std::atomic<int> issued{0};
  const Bytes csr = ca.make_csr("DNS:a.plain.example");
  {
    const Load load([&] {
      const auto got = daemon.client("plain")->issue({.profile = "tls-server", .csr = csr});
      EXPECT_TRUE(got.has_value()) << got.error().message;
      ++issued;
    });
    for (const char* name : {"soft", "spare", "soft", "spare"}) {
      const CommandResult drained = signet_admin(ca, {"drain", name});
      ASSERT_EQ(drained.status, 0) << drained.out;
      const int before = issued;
      EXPECT_TRUE(eventually([&] { return issued > before + 5; })) << name;
      const CommandResult back = signet_admin(ca, {"undrain", name});
      ASSERT_EQ(back.status, 0) << back.out;
      EXPECT_TRUE(eventually([&] { return token(ca, name)["connected"].get<bool>(); }));
    }
  }
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_EQ(count_entries(ca.read_log(), "crash"), 0U);
}

TEST(Drain, ATokenStaysDrainedWhenSignetdIsStartedAgain) {
  const Installation ca;
  {
    Daemon daemon(ca);
    ASSERT_TRUE(issues(daemon, ca));
    ASSERT_EQ(signet_admin(ca, {"drain", "soft"}).status, 0);
    EXPECT_EQ(daemon.stop(), 0);
  }
  Daemon daemon(ca);
  EXPECT_EQ(token(ca)["state"], "drained");
  EXPECT_EQ(token(ca)["next_step"], "token 'soft' is out of use: signet admin undrain soft");
  EXPECT_TRUE(children_of(daemon.pid(), "signet-keyholde").empty());
  EXPECT_EQ(refusal_of(daemon, ca).code, ErrorCode::kUnavailable);
  const CommandResult undrained = signet_admin(ca, {"undrain", "soft"});
  EXPECT_EQ(undrained.status, 0) << undrained.out;
  EXPECT_TRUE(issues(daemon, ca));
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_FALSE(fs::exists(ca.path("state/token-soft.drained")));
}

TEST(Drain, ATokenStaysDrainedWhenTheIssuerIsStartedAgain) {
  const Installation ca;
  add_spare_token(ca);
  Daemon daemon(ca);
  ASSERT_EQ(signet_admin(ca, {"drain", "spare"}).status, 0);
  kill(daemon.child("signet-issuer"), SIGKILL);
  EXPECT_TRUE(issues(daemon, ca));
  EXPECT_EQ(token(ca, "spare")["state"], "drained");
  EXPECT_EQ(signet_admin(ca, {"undrain", "spare"}).status, 0);
  EXPECT_TRUE(eventually([&] { return token(ca, "spare")["connected"].get<bool>(); }));
  EXPECT_EQ(daemon.stop(), 0);
}

}  // namespace
}  // namespace signet::test
