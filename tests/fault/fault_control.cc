#include "fault/fault_control.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "base/file.h"

namespace signet::test {
namespace {

template <std::size_t N>
void copy_text(char (&to)[N], const std::string& from) {
  if (from.size() >= N) throw std::runtime_error(from + ": too long for the control file");
  std::memcpy(to, from.c_str(), from.size() + 1);
}

void* map_page(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDWR | O_CLOEXEC));
  void* memory = mmap(nullptr, kFaultPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (memory == MAP_FAILED) throw std::runtime_error(path + ": cannot be mapped");
  return memory;
}

}  // namespace

FaultControl::FaultControl(const std::string& folder, const std::string& program, const std::string& only) {
  page_ = new (map_page(directory_.write("control", std::string(kFaultPageBytes, '\0')))) FaultPage{};
  copy_text(page_->folder, std::filesystem::canonical(folder).string());
  copy_text(page_->program, program);
  copy_text(page_->only, only);
  arm({});
}

FaultControl::~FaultControl() { munmap(page_, kFaultPageBytes); }

std::vector<std::string> FaultControl::environment(bool traced) const {
  std::vector<std::string> environment = {"LD_PRELOAD=" SIGNET_BIN_DIR "/test_file_faults.so",
                                          "SIGNET_FILE_FAULTS=" + directory_ / "control",
                                          // Sanitizers want to be loaded first, and can do without.
                                          "ASAN_OPTIONS=verify_asan_link_order=0"};
  if (traced) environment.push_back("SIGNET_FILE_TRACE=" + trace_file());
  return environment;
}

void FaultControl::arm(const FaultPlan& plan) {
  page_->at = kNever;
  page_->calls_counted = plan.calls;
  page_->action = static_cast<std::uint32_t>(plan.action);
  page_->error = plan.error;
  page_->times = plan.times;
  page_->sync_microseconds = static_cast<std::uint32_t>(plan.sync_time.count());
  page_->count = 0;
  page_->struck = 0;
  page_->first_struck[0] = '\0';
  page_->at = plan.at;
}

}  // namespace signet::test
