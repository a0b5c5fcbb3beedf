#include "policy/escalation.h"

#include <gmock/gmock.h>

namespace signet {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A profile with these lines, names for everything below example, and a victim with rights.
std::string policy_with(const std::string& profile_lines, const std::string& client_lines) {
  return "[profile.p]\nissuer = \"i\"\nvalidity = \"1d\"\nvalidity_max = \"1d\"\nkeys = [\"ec-p256\"]\n"
         "key_usage = [\"digitalSignature\"]\n" +
         profile_lines +
         "[profile.p.names]\ndns = [\"**.example\"]\nuri = [\"spiffe://example/**\"]\n"
         "[client.victim]\nidentities = [\"key-sha256:" +
         std::string(64, '0') +
         "\", \"dns:audit.example\", \"spiffe://example/victim\"]\nrights = [\"audit\", \"operate\"]\n"
         "[client.asker]\nidentity = \"dns:asker.example\"\nprofiles = [\"p\"]\n" +
         client_lines;
}

std::vector<std::string> found(const std::string& text) {
  const auto policy = Policy::parse(bytes_of(text), "policy.toml");
  if (!policy) throw std::runtime_error(policy.error().message);
  return escalations(*policy);
}

const std::string kForClients = "extended_key_usage = [\"clientAuth\"]\n";
const std::string kForServers = "extended_key_usage = [\"serverAuth\"]\n";

TEST(Escalation, SaysWhoCanBecomeWhomByWhichNameAndProfile) {
  const auto lines = found(policy_with(kForClients, "[client.asker.names]\ndns = [\"*.example\"]\n"));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], AllOf(HasSubstr("[client.asker]"), HasSubstr("profile p"), HasSubstr("\"dns:audit.example\""),
                              HasSubstr("[client.victim]"), HasSubstr("(audit, operate)")));
}

TEST(Escalation, CountsSpiffeIds) {
  const std::string names = "[client.asker.names]\nuri = [\"spiffe://example/*\"]\n";
  EXPECT_THAT(found(policy_with(kForClients, names)), ElementsAre(HasSubstr("\"spiffe://example/victim\"")));
  const std::string svid =
      "spiffe = true\nextended_key_usage = [\"serverAuth\", \"clientAuth\"]\ncommon_name = \"none\"\n";
  EXPECT_THAT(found(policy_with(svid, names)), ElementsAre(HasSubstr("\"spiffe://example/victim\"")));
}

TEST(Escalation, IsNoneWhereProfileOrClientOrPurposeForbidsIt) {
  const std::string names = "[client.asker.names]\ndns = [\"*.example\"]\n";
  EXPECT_THAT(found(policy_with(kForServers, names)), IsEmpty());
  EXPECT_THAT(found(policy_with(kForClients, "[client.asker.names]\ndns = [\"asker.example\"]\n")), IsEmpty());
  EXPECT_THAT(found(policy_with(kForClients, "rights = [\"renew\"]\n" + names)), IsEmpty());
  EXPECT_THAT(found(policy_with(kForClients, "[client.asker.names]\ndns = [\"**\"]\n")).size(), 1U);
}

}  // namespace
}  // namespace signet
