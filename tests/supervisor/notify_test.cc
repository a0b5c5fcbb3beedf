#include "supervisor/notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include "base/file.h"
#include "support/temp_directory.h"

namespace signet {
namespace {

TEST(Notify, TheServiceManagerHearsTheState) {
  const test::TempDirectory directory;
  const std::string path = directory / "notify";
  const UniqueFd manager{socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof address.sun_path);
  std::memcpy(address.sun_path, path.c_str(), path.size());
  ASSERT_EQ(bind(manager.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  setenv("NOTIFY_SOCKET", path.c_str(), 1);
  notify_service_manager("READY=1");
  unsetenv("NOTIFY_SOCKET");
  std::array<char, 100> heard{};
  ASSERT_EQ(recv(manager.get(), heard.data(), heard.size(), MSG_DONTWAIT), 7);
  EXPECT_STREQ(heard.data(), "READY=1");
}

TEST(Notify, WithoutAServiceManagerNothingHappens) {
  unsetenv("NOTIFY_SOCKET");
  notify_service_manager("READY=1");
  SUCCEED();
}

}  // namespace
}  // namespace signet
