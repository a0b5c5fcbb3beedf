#include "wire/control.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <future>

#include "wire/internal.pb.h"

namespace signet {
namespace {

struct Pair {
  ControlChannel parent;
  ControlChannel child;
};

Pair make_pair() {
  auto ends = make_control_pair();
  EXPECT_TRUE(ends.has_value());
  return {ControlChannel(std::move(ends->first)), ControlChannel(std::move(ends->second))};
}

internal::SupervisorToChild start_message() {
  internal::SupervisorToChild message;
  message.mutable_start()->set_config_file("signet.toml");
  return message;
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

TEST(Control, CarriesAMessageWithADescriptorThatIsCloseOnExec) {
  auto pair = make_pair();
  auto file = sealed_memory_file("config", bytes_of("origin = \"x\"\n"));
  ASSERT_TRUE(file.has_value()) << file.error().message;
  const int fd = file->get();
  ASSERT_TRUE(pair.parent.send(start_message(), std::span(&fd, 1)).has_value());
  const auto got = pair.child.receive<internal::SupervisorToChild>();
  ASSERT_TRUE(got.has_value()) << got.error().message;
  EXPECT_EQ(got->message.start().config_file(), "signet.toml");
  ASSERT_EQ(got->descriptors.size(), 1U);
  EXPECT_NE(got->descriptors[0].get(), fd);
  EXPECT_NE(::fcntl(got->descriptors[0].get(), F_GETFD) & FD_CLOEXEC, 0);
  const auto content = read_memory_file(got->descriptors[0].get(), 1024);
  ASSERT_TRUE(content.has_value()) << content.error().message;
  EXPECT_EQ(text_of(*content), "origin = \"x\"\n");
}

TEST(Control, KeepsPacketsApartAndDescriptorsInOrder) {
  auto pair = make_pair();
  std::vector<UniqueFd> files;
  std::vector<int> fds;
  for (const char* content : {"0", "1", "2", "3"}) {
    files.push_back(std::move(sealed_memory_file("f", bytes_of(content)).value()));
    fds.push_back(files.back().get());
  }
  ASSERT_TRUE(pair.parent.send(start_message(), fds).has_value());
  ASSERT_TRUE(pair.parent.send(start_message()).has_value());
  const auto first = pair.child.receive<internal::SupervisorToChild>();
  ASSERT_TRUE(first.has_value());
  ASSERT_EQ(first->descriptors.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(text_of(*read_memory_file(first->descriptors[i].get(), 10)), std::to_string(i));
  }
  EXPECT_TRUE(pair.child.receive<internal::SupervisorToChild>()->descriptors.empty());
}

TEST(Control, RefusesToSendTooMuch) {
  auto pair = make_pair();
  auto message = start_message();
  EXPECT_EQ(pair.parent.send(message, std::array{0, 0, 0, 0, 0}).error().code, ErrorCode::kInvalidArgument);
  message.mutable_start()->set_token(std::string(kMaxControlBytes, 'x'));
  EXPECT_EQ(pair.parent.send(message).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(pair.parent.send(internal::SupervisorToChild()).error().code, ErrorCode::kInvalidArgument);
}

/// Sends `count` duplicates of standard error and `bytes` without the checks of ControlChannel.
void send_raw(int socket, std::size_t count, Bytes bytes) {
  std::vector<int> fds(count, 2);
  std::vector<char> buffer(CMSG_SPACE(count * sizeof(int)));
  iovec part{.iov_base = bytes.data(), .iov_len = bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = buffer.data();
  header.msg_controllen = buffer.size();
  cmsghdr* const item = CMSG_FIRSTHDR(&header);
  item->cmsg_level = SOL_SOCKET;
  item->cmsg_type = SCM_RIGHTS;
  item->cmsg_len = CMSG_LEN(count * sizeof(int));
  std::memcpy(CMSG_DATA(item), fds.data(), count * sizeof(int));
  ASSERT_GE(::sendmsg(socket, &header, 0), 0);
}

TEST(Control, RefusesMoreThanFourDescriptorsAndClosesThemAll) {
  auto pair = make_pair();
  const std::size_t before = open_descriptors();
  send_raw(pair.parent.fd(), 7, encode(start_message()));
  EXPECT_EQ(pair.child.receive<internal::SupervisorToChild>().error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(open_descriptors(), before);
  ASSERT_TRUE(pair.parent.send(start_message()).has_value());
  EXPECT_TRUE(pair.child.receive<internal::SupervisorToChild>().has_value()) << "the next packet is well";
}

TEST(Control, ClosesTheDescriptorsOfAMessageItDoesNotKnow) {
  auto pair = make_pair();
  const std::size_t before = open_descriptors();
  send_raw(pair.parent.fd(), 2, Bytes{0xFF, 0xFF});
  EXPECT_EQ(pair.child.receive<internal::SupervisorToChild>().error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Control, RefusesAPacketAboveItsBound) {
  auto pair = make_pair();
  send_raw(pair.parent.fd(), 1, Bytes(kMaxControlBytes + 1, 0x0A));
  EXPECT_EQ(pair.child.receive<internal::SupervisorToChild>().error().code, ErrorCode::kInvalidArgument);
}

TEST(Control, WakesTheReaderWhenThePeerDiesAndOnShutdown) {
  auto pair = std::make_unique<Pair>(make_pair());
  auto died =
      std::async(std::launch::async, [&] { return pair->child.receive<internal::SupervisorToChild>().error().code; });
  EXPECT_EQ(died.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  {
    const ControlChannel gone = std::move(pair->parent);
  }
  EXPECT_EQ(died.get(), ErrorCode::kUnavailable);
  EXPECT_EQ(pair->child.send(start_message()).error().code, ErrorCode::kUnavailable);

  auto other = make_pair();
  auto woken =
      std::async(std::launch::async, [&] { return other.child.receive<internal::SupervisorToChild>().error().code; });
  other.child.shutdown();
  EXPECT_EQ(woken.get(), ErrorCode::kUnavailable);
}

TEST(Control, ReadsTheLastWordsOfAPeerThatLeftWithoutReadingItsOwn) {
  auto pair = make_pair();
  {
    ControlChannel child = std::move(pair.child);
    internal::ChildToSupervisor last_words;
    last_words.mutable_failed()->set_message("the log is another process's");
    ASSERT_TRUE(child.send(last_words).has_value());
    ASSERT_TRUE(pair.parent.send(start_message()).has_value());
  }
  const auto heard = pair.parent.receive<internal::ChildToSupervisor>();
  ASSERT_TRUE(heard.has_value()) << heard.error().message;
  EXPECT_EQ(heard->message.failed().message(), "the log is another process's");
  EXPECT_EQ(pair.parent.receive<internal::ChildToSupervisor>().error().code, ErrorCode::kUnavailable);
}

TEST(MemoryFile, CannotBeChangedAfterwards) {
  const auto file = sealed_memory_file("policy", bytes_of("text"));
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(::pwrite(file->get(), "x", 1, 0), -1);
  EXPECT_EQ(::ftruncate(file->get(), 0), -1);
  EXPECT_EQ(::ftruncate(file->get(), 100), -1);
}

TEST(MemoryFile, RefusesWhatIsTooLongOrNotSealed) {
  const auto file = sealed_memory_file("policy", bytes_of("text"));
  ASSERT_TRUE(file.has_value());
  EXPECT_TRUE(read_memory_file(file->get(), 4).has_value());
  EXPECT_EQ(read_memory_file(file->get(), 3).error().code, ErrorCode::kInvalidArgument);
  const UniqueFd open_file(::memfd_create("open", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(read_memory_file(open_file.get(), 100).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace signet
