// What is wrong at the start is said to the supervisor, and the process leaves with status 1.
#include <fstream>

#include <sys/stat.h>

#include "front_fixture.h"

namespace signet::test {
namespace {

class StartUp : public testing::Test {
 protected:
  void expect_failure(const std::string& config, const std::string& field, const std::string& text_part) {
    FrontProcess front(config, site_.config_file());
    const auto message = front.next_message();
    ASSERT_TRUE(message.has_value());
    ASSERT_TRUE(message->has_failed()) << "it started";
    EXPECT_EQ(message->failed().field(), field);
    EXPECT_THAT(message->failed().message(), testing::HasSubstr(text_part));
    EXPECT_EQ(front.wait_for_exit(), 1);
  }
  Site site_;
};

TEST_F(StartUp, AMistakeInTheConfigurationIsNamed) {
  site_.listen_options["max_conections"] = "5";
  expect_failure(site_.write(), "", "max_conections");
}

TEST_F(StartUp, AMissingCertificateIsNamed) {
  const std::string config = site_.write();
  std::filesystem::remove(site_.directory / "daemon.pem");
  expect_failure(config, "listen.certificate", "daemon.pem");
}

TEST_F(StartUp, AKeyThatOthersMayReadIsRefused) {
  const std::string config = site_.write();
  ASSERT_EQ(chmod((site_.directory / "daemon.key").c_str(), 0640), 0);
  expect_failure(config, "listen.key", "daemon.key");
}

TEST_F(StartUp, AKeyOfAnotherCertificateIsRefused) {
  const std::string config = site_.write();
  site_.directory.write("daemon.key", make_root("another").key_pem());
  expect_failure(config, "listen.key", "does not belong");
}

TEST_F(StartUp, ACertificateFileWithoutACertificateIsRefused) {
  const std::string config = site_.write();
  site_.directory.write("daemon.pem", "nothing");
  expect_failure(config, "listen.certificate", "daemon.pem");
}

TEST_F(StartUp, TrustWithoutARootIsRefused) {
  const std::string config = site_.write();
  site_.directory.write("trust.pem", site_.client_intermediate.certificate_pem());
  expect_failure(config, "listen.client_trust", "no self-signed root");
}

TEST_F(StartUp, AnExpiredDaemonCertificateDoesNotKeepTheDaemonDown) {
  site_.server = make_leaf(site_.server_root, "daemon", {.starts_in_seconds = -7200, .ends_in_seconds = -60});
  FrontProcess front(site_.write(), site_.config_file());
  const auto message = front.next_message();
  ASSERT_TRUE(message.has_value());
  EXPECT_TRUE(message->has_ready()) << message->failed().message();
}

}  // namespace
}  // namespace signet::test
