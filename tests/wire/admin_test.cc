#include "wire/admin.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "wire/control.h"
#include "wire/message.h"

namespace signet {
namespace {

using testing::HasSubstr;

/// A folder that nobody else may write, with a socket in it.
class AdminSocketFile : public testing::Test {
 protected:
  AdminSocketFile() {
    std::string name = (std::filesystem::temp_directory_path() / "signet-admin-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~AdminSocketFile() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path() const { return folder_ + "/socket"; }

  std::string folder_;
};

admin::Request unlock_request() {
  admin::Request request;
  request.mutable_unlock()->set_token("soft");
  return request;
}

/// Whoever has asked at the listener, taken.
UniqueFd accepted(const UniqueFd& listener) {
  return UniqueFd(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

TEST_F(AdminSocketFile, IsForItsOwnerAndGroupOnly) {
  const auto listener = listen_for_operators(path(), getegid());
  ASSERT_TRUE(listener.has_value()) << listener.error().message;
  struct stat status{};
  ASSERT_EQ(stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0660U);
  EXPECT_EQ(status.st_gid, getegid());
}

TEST_F(AdminSocketFile, IsNotMadeInAFolderThatOthersMayWrite) {
  ASSERT_EQ(chmod(folder_.c_str(), 0770), 0);
  const auto listener = listen_for_operators(path(), static_cast<gid_t>(-1));
  ASSERT_FALSE(listener.has_value());
  EXPECT_EQ(listener.error().code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(listener.error().field, "admin.socket");
  EXPECT_THAT(listener.error().message, HasSubstr("0770"));
}

TEST_F(AdminSocketFile, IsNotToldAPinWhereOthersMayPutOneOfTheirOwn) {
  const auto listener = listen_for_operators(path(), static_cast<gid_t>(-1)).value();
  ASSERT_EQ(chmod(folder_.c_str(), 0777), 0);
  const auto connected = connect_to_daemon(path());
  ASSERT_FALSE(connected.has_value());
  EXPECT_EQ(connected.error().code, ErrorCode::kPermissionDenied);
  EXPECT_THAT(connected.error().message, HasSubstr("0777"));
}

TEST_F(AdminSocketFile, TakesThePlaceOfOneThatAKilledDaemonLeft) {
  {
    const auto killed = listen_for_operators(path(), static_cast<gid_t>(-1)).value();
  }
  EXPECT_FALSE(connect_to_daemon(path()).has_value());
  const auto listener = listen_for_operators(path(), static_cast<gid_t>(-1)).value();
  EXPECT_TRUE(connect_to_daemon(path()).has_value());
}

TEST_F(AdminSocketFile, ThatIsNotThereSaysWhatToLookAt) {
  const auto connected = connect_to_daemon(path());
  ASSERT_FALSE(connected.has_value());
  EXPECT_EQ(connected.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(connected.error().message, HasSubstr("is signetd running"));
}

TEST_F(AdminSocketFile, CarriesARequestWithItsPinAndAnAnswer) {
  const auto listener = listen_for_operators(path(), static_cast<gid_t>(-1)).value();
  const auto client = connect_to_daemon(path()).value();
  ASSERT_TRUE(send_admin_request(client.get(), unlock_request(), Secret(bytes_of(std::string_view("1234")))));
  const UniqueFd daemon = accepted(listener);
  const auto peer = peer_of(daemon.get()).value();
  EXPECT_EQ(peer.uid, geteuid());
  EXPECT_EQ(peer.pid, getpid());
  EXPECT_TRUE(peer.is_in(getegid()));
  const auto request = receive_admin_request(daemon.get());
  ASSERT_TRUE(request.has_value()) << request.error().message;
  EXPECT_EQ(request->message.unlock().token(), "soft");
  request->pin.expose([](std::span<const std::uint8_t> bytes) { EXPECT_EQ(text_of(bytes), "1234"); });

  admin::Response response;
  response.mutable_done()->set_text("open");
  ASSERT_TRUE(send_admin_response(daemon.get(), response).has_value());
  const auto answer = receive_admin_response(client.get(), std::chrono::seconds(5));
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->done().text(), "open");
}

TEST(AdminPacket, HasNoPinWhereNoneWasGiven) {
  const auto [client, daemon] = make_control_pair().value();
  ASSERT_TRUE(send_admin_request(client.get(), unlock_request(), Secret()).has_value());
  EXPECT_TRUE(receive_admin_request(daemon.get()).value().pin.empty());
}

/// What the daemon says to a packet of these bytes.
Error refusal_of(ByteView bytes) {
  const auto [client, daemon] = make_control_pair().value();
  EXPECT_EQ(send(client.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  const auto request = receive_admin_request(daemon.get());
  EXPECT_FALSE(request.has_value());
  return request.has_value() ? Error{} : request.error();
}

Bytes packet(std::size_t pin_record_bytes, std::size_t body_bytes, std::uint8_t filling) {
  Bytes bytes(pin_record_bytes);
  bytes.insert(bytes.end(), body_bytes, filling);
  return bytes;
}

TEST(AdminPacket, ThatIsNoRequestIsRefusedWithTheReason) {
  EXPECT_THAT(refusal_of(packet(1, 0, 0)).message, HasSubstr("shorter than its PIN record"));
  EXPECT_THAT(refusal_of(packet(kPinRecordBytes, 0, 0)).message, HasSubstr("a request of 0 bytes"));
  EXPECT_THAT(refusal_of(packet(kPinRecordBytes, 8, 0xFF)).message, HasSubstr("not a valid signet.admin.Request"));
  EXPECT_THAT(refusal_of(packet(kPinRecordBytes, kMaxAdminRequestBytes + 1, 0)).message, HasSubstr("too long"));
  Bytes behind = packet(kPinRecordBytes, 4, 0);
  behind[0] = 2;
  behind[9] = 1;
  EXPECT_THAT(refusal_of(behind).message, HasSubstr("longer than it says"));
  Bytes unknown = packet(kPinRecordBytes, 0, 0);
  append(unknown, Bytes{0x4A, 0x00});  // field 9
  EXPECT_THAT(refusal_of(unknown).message, HasSubstr("is not known here"));
}

TEST(AdminPacket, ThatHasNotComeYetDoesNotMakeTheDaemonWait) {
  auto [client, daemon] = make_control_pair().value();
  const auto none = receive_admin_request(daemon.get());
  ASSERT_FALSE(none.has_value());
  EXPECT_TRUE(none.error().retryable);
  client.reset();
  const auto gone = receive_admin_request(daemon.get());
  ASSERT_FALSE(gone.has_value());
  EXPECT_FALSE(gone.error().retryable);
}

TEST(AdminPacket, TakesNoDescriptors) {
  const auto [client, daemon] = make_control_pair().value();
  Bytes bytes(kPinRecordBytes);
  append(bytes, encode(unlock_request()));
  std::array<char, CMSG_SPACE(sizeof(int))> control{};
  iovec part{.iov_base = bytes.data(), .iov_len = bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  cmsghdr* const item = CMSG_FIRSTHDR(&header);
  item->cmsg_level = SOL_SOCKET;
  item->cmsg_type = SCM_RIGHTS;
  item->cmsg_len = CMSG_LEN(sizeof(int));
  const int standard_error = STDERR_FILENO;
  std::copy_n(reinterpret_cast<const char*>(&standard_error), sizeof(int), reinterpret_cast<char*>(CMSG_DATA(item)));
  ASSERT_GT(sendmsg(client.get(), &header, 0), 0);
  const auto count = [] {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
  };
  const auto before = count();
  ASSERT_TRUE(receive_admin_request(daemon.get()).has_value());
  EXPECT_EQ(count(), before);
}

}  // namespace
}  // namespace signet
