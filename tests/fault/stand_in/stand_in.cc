// Stands in the place of one of the daemon's processes, which begin with an empty environment: reads the file
// "<itself>.env" (a line "program=PATH", then lines "NAME=VALUE"), and becomes that program, under its own name, with
// these variables besides those it has.
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

int main(int, char** arguments) {
  char self[4096];
  const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  if (length < 0) return 126;
  const std::string path(self, static_cast<std::size_t>(length));
  std::ifstream file(path + ".env");
  std::string program;
  for (std::string line; std::getline(file, line);) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) return 126;
    const std::string name = line.substr(0, equals);
    if (name == "program") {
      program = line.substr(equals + 1);
    } else if (setenv(name.c_str(), line.c_str() + equals + 1, 1) != 0) {
      return 126;
    }
  }
  execv(program.c_str(), arguments);
  return 127;
}
