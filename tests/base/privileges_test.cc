#include "base/privileges.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <string_view>

#include "base/child.h"

namespace signet {
namespace {

using test::in_child;

std::string status_line(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
  }
  return "absent";
}

bool is_zero(const std::string& number) { return number.find_first_not_of('0') == std::string::npos; }

TEST(Privileges, CapabilitiesAreGoneFromEverySetThatCanBeEmptied) {
  EXPECT_EQ(in_child([] {
              const bool may_empty_bounding_set = geteuid() == 0;
              if (!drop_capabilities()) return 1;
              for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) {
                if (!is_zero(status_line(set))) return 2;
              }
              return may_empty_bounding_set == is_zero(status_line("CapBnd")) ? 0 : 3;
            }),
            0);
}

TEST(Privileges, TheSupervisorKeepsWhatItNeedsToStartOthersAndToEndThem) {
  EXPECT_EQ(in_child([] {
              const bool root = geteuid() == 0;
              if (!keep_supervisor_capabilities().has_value()) return 1;
              const std::string kept = status_line("CapEff");
              return kept == (root ? "00000000000000e0" : "0000000000000000") ? 0 : 2;  // SETGID, SETUID, KILL
            }),
            0);
}

TEST(Privileges, WhoCannotBecomeAnotherUserSaysAtWhichStep) {
  EXPECT_EQ(in_child([] {
              if (!drop_capabilities()) return 1;
              const char* const failed = become({.name = "nobody", .uid = 65534, .gid = 65534});
              return failed != nullptr && failed == std::string_view("setgroups") && errno == EPERM ? 0 : 2;
            }),
            0);
}

TEST(Privileges, NoUserIsRootOrUnknown) {
  const auto root = find_user("root", "run.front");
  ASSERT_FALSE(root.has_value());
  EXPECT_NE(root.error().message.find("run.front is 'root'"), std::string::npos) << root.error().message;
  const auto unknown = find_user("no-such-user", "run.issuer");
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().field, "run.issuer");
  EXPECT_NE(unknown.error().message.find("no user of that name"), std::string::npos) << unknown.error().message;
}

}  // namespace
}  // namespace signet
