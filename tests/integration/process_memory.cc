#include "integration/process_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

#include "base/file.h"

namespace signet::test {

namespace {

constexpr std::uint64_t kLargestMapping = std::uint64_t{256} << 20U;

/// "7f00-7f10 rw-p ...": of what is writable, which is where secrets are.
bool parse_mapping(const std::string& line, std::uint64_t& begin, std::uint64_t& end) {
  const std::size_t dash = line.find('-');
  const std::size_t space = line.find(' ');
  if (dash == std::string::npos || space == std::string::npos || line.substr(space + 1, 2) != "rw") return false;
  begin = std::stoull(line.substr(0, dash), nullptr, 16);
  end = std::stoull(line.substr(dash + 1, space - dash - 1), nullptr, 16);
  return true;
}

}  // namespace

std::string memory_of(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  const UniqueFd file{open((folder + "/mem").c_str(), O_RDONLY | O_CLOEXEC)};
  std::ifstream maps(folder + "/maps");
  std::string memory;
  for (std::string line; std::getline(maps, line);) {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    if (!parse_mapping(line, begin, end) || end - begin > kLargestMapping) continue;
    std::string part(end - begin, '\0');
    const ssize_t got = pread(file.get(), part.data(), part.size(), static_cast<off_t>(begin));
    if (got > 0) memory.append(part, 0, static_cast<std::size_t>(got));
  }
  if (memory.empty()) throw std::runtime_error("nothing of the memory of " + folder + " can be read");
  return memory;
}

}  // namespace signet::test
