#include "integration/probed_daemon.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "base/file.h"
#include "support/command.h"

namespace signet::test {
namespace {

namespace fs = std::filesystem;

ProbePage* map_page(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDWR | O_CLOEXEC));
  void* memory = mmap(nullptr, kProbePageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (memory == MAP_FAILED) throw std::runtime_error(path + ": cannot be mapped");
  return new (memory) ProbePage{};
}

}  // namespace

/// signetd runs the programs that stand beside it, so it gets a folder where they are stood in for. Its children may be
/// other users, who need to get there.
ProbedDaemon::ProbedDaemon(const Installation& ca, std::string programs)
    : ca_(ca), programs_(std::move(programs)), csr_(ca.make_csr("DNS:a.plain.example")) {
  fs::permissions(folder_.path(), static_cast<fs::perms>(0711));
  fs::copy_file(programs_ + "/signetd", folder_ / "signetd");
  for (const char* process : kConfined) pages_[process] = &put_probe_into(process);
  daemon_ = std::make_unique<Daemon>(ca, folder_ / "signetd");
  for (const auto& [process, page] : pages_) {
    if (page->processes != 1) throw std::runtime_error(process + " has not loaded the library");
  }
}

ProbedDaemon::~ProbedDaemon() {
  daemon_.reset();
  for (const auto& [process, page] : pages_) munmap(page, kProbePageBytes);
}

ProbePage& ProbedDaemon::put_probe_into(const std::string& process) {
  fs::copy_file(programs_ + "/test_stand_in", folder_ / process);
  const std::string control = folder_.write(process + ".probe", std::string(kProbePageBytes, '\0'));
  const std::string environment =
      folder_.write(process + ".env", "program=" + programs_ + "/" + process + "\nLD_PRELOAD=" + programs_ +
                                          "/test_sandbox_probe.so\nSIGNET_SANDBOX_PROBE=" + control + "\n");
  fs::permissions(folder_ / process, static_cast<fs::perms>(0755));
  fs::permissions(control, static_cast<fs::perms>(0666));
  fs::permissions(environment, static_cast<fs::perms>(0644));
  return *map_page(control);
}

std::optional<std::int64_t> ProbedDaemon::attempt(const std::string& process, ProbeAct act, const std::string& path) {
  ProbePage& page = *pages_.at(process);
  const std::string ended = process == "signet-keyholder" ? "signet-keyholder(soft)" : process;
  const std::string complaint = "process=" + ended + " how=\"signal 31";
  const auto deaths = [&] {
    std::size_t count = 0;
    const std::string text = daemon_->stderr_text();
    for (std::size_t at = text.find(complaint); at != std::string::npos; at = text.find(complaint, at + 1)) ++count;
    return count;
  };
  const std::size_t before = deaths();
  page.act = act;
  if (path.size() >= sizeof page.path) throw std::runtime_error(path + ": too long");
  std::memcpy(page.path, path.c_str(), path.size() + 1);
  const std::uint32_t number = ++page.asked;
  const bool done = eventually([&] { return page.answered == number || deaths() > before; });
  if (!done) throw std::runtime_error(process + " neither answers nor dies:\n" + daemon_->stderr_text());
  if (page.answered == number) return page.result;
  return std::nullopt;
}

bool ProbedDaemon::issues() {
  return eventually([&] {
    auto made = Client::create(daemon_->options("plain"));
    return made.has_value() && made->issue({.profile = "tls-server", .csr = csr_}).has_value();
  });
}

}  // namespace signet::test
