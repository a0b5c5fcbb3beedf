// Makes the calls that its arguments name, one after the other, and says on standard output how each ended: what the
// library file_faults is tested with. A file that was opened stays open under its path.
//   open PATH | write PATH TEXT | pwrite PATH TEXT OFFSET | sync PATH | datasync PATH | syncfs PATH |
//   truncate PATH SIZE | allocate PATH SIZE | rename FROM TO | link FROM TO | unlink PATH | mkdir PATH | look FOLDER
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <span>
#include <string>

namespace {

std::map<std::string, int> files;

int file(const std::string& path) { return files.contains(path) ? files[path] : -1; }

class Arguments {
 public:
  explicit Arguments(std::span<char*> all) : all_(all) {}
  [[nodiscard]] bool empty() const { return all_.empty(); }
  std::string next() {
    if (all_.empty()) exit(2);
    std::string first = all_.front();
    all_ = all_.subspan(1);
    return first;
  }

 private:
  std::span<char*> all_;
};

long make_call(const std::string& call, Arguments& arguments) {
  const std::string path = arguments.next();
  if (call == "open") return files[path] = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (call == "look") return files[path] = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (call == "sync") return fsync(file(path));
  if (call == "syncfs") return syncfs(file(path));
  if (call == "datasync") return fdatasync(file(path));
  if (call == "unlink") return unlink(path.c_str());
  if (call == "mkdir") return mkdir(path.c_str(), 0700);
  const std::string second = arguments.next();
  if (call == "write") return write(file(path), second.data(), second.size());
  if (call == "pwrite") return pwrite(file(path), second.data(), second.size(), std::stol(arguments.next()));
  if (call == "truncate") return ftruncate(file(path), std::stol(second));
  if (call == "allocate") return (errno = posix_fallocate(file(path), 0, std::stol(second))) == 0 ? 0 : -1;
  if (call == "rename") return rename(path.c_str(), second.c_str());
  if (call == "link") return link(path.c_str(), second.c_str());
  exit(2);
}

}  // namespace

int main(int count, char** values) {
  Arguments arguments(std::span(values + 1, static_cast<std::size_t>(count) - 1));
  while (!arguments.empty()) {
    const std::string call = arguments.next();
    const long result = make_call(call, arguments);
    const bool tells = call == "write" || call == "pwrite";
    const std::string said = result < 0 ? strerrorname_np(errno) : tells ? std::to_string(result) : "ok";
    printf("%s %s\n", call.c_str(), said.c_str());
    fflush(stdout);
  }
}
