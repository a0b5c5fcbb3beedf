#include "supervisor/inherited.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <vector>

namespace signet {

namespace {

using DirectoryPtr = std::unique_ptr<DIR, decltype([](DIR* directory) { closedir(directory); })>;

Result<std::vector<int>> open_numbers() {
  const DirectoryPtr directory{opendir("/proc/self/fd")};
  if (directory == nullptr) return fail_errno(errno, "/proc/self/fd");
  std::vector<int> numbers;
  while (const dirent* entry = readdir(directory.get())) {
    const int number = std::atoi(entry->d_name);  // "." and ".." are 0, which nobody wants here
    if (number > STDERR_FILENO && number != dirfd(directory.get())) numbers.push_back(number);
  }
  return numbers;
}

}  // namespace

Result<InheritedDescriptors> InheritedDescriptors::take_all() {
  SIGNET_TRY(const std::vector<int> numbers, open_numbers());
  InheritedDescriptors inherited;
  for (const int number : numbers) {
    if (fcntl(number, F_SETFD, FD_CLOEXEC) == 0) inherited.open_.emplace(number, UniqueFd(number));
  }
  return inherited;
}

Result<UniqueFd> InheritedDescriptors::take(int number, const std::string& field) {
  const auto found = open_.find(number);
  if (found == open_.end()) {
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("{} is {}, but signetd was started without an open descriptor of that number; whoever "
                            "starts it opens one: signetd {}<pin-file",
                            field, number, number),
                field);
  }
  UniqueFd taken = std::move(found->second);
  open_.erase(found);
  return taken;
}

}  // namespace signet
