#include "client/socket.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace signet::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Socket, AConnectionWhoseOtherEndIsSilentEndsByItself) {
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);

  const Address target{"127.0.0.1", std::to_string(ntohs(address.sin_port))};
  const auto fd = connect_tcp(target, std::chrono::steady_clock::now() + seconds(5), milliseconds(1234));
  ASSERT_TRUE(fd.has_value()) << fd.error().message;
  unsigned longest = 0;
  size = sizeof(longest);
  ASSERT_EQ(::getsockopt(fd->get(), IPPROTO_TCP, TCP_USER_TIMEOUT, &longest, &size), 0);
  EXPECT_EQ(longest, 1234U);
}

TEST(Socket, ADeadlineThatHasPassedIsAnError) {
  const auto now = std::chrono::steady_clock::now();
  EXPECT_TRUE(check_time_left(now + seconds(60)).has_value());
  EXPECT_EQ(check_time_left(now).error().code, ErrorCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace signet::client
