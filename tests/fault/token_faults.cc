#include "fault/token_faults.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

namespace signet::test {

TokenFaults::TokenFaults() {
  const int fd = open(file().c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const bool sized = fd >= 0 && ftruncate(fd, sizeof(FaultModulePage)) == 0;
  void* mapped = sized ? mmap(nullptr, sizeof(FaultModulePage), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
  if (fd >= 0) close(fd);
  if (mapped == MAP_FAILED) throw std::runtime_error(file() + " cannot be made");
  page_ = static_cast<FaultModulePage*>(mapped);
}

TokenFaults::~TokenFaults() { munmap(page_, sizeof(FaultModulePage)); }

void TokenFaults::set(const std::string& rules) {
  if (rules.size() >= page_->text.size()) throw std::runtime_error("too many rules");
  ++page_->version;
  page_->text.fill(0);
  std::ranges::copy(rules, page_->text.begin());
  for (auto& calls : page_->calls) calls = 0;
  page_->struck = 0;
  ++page_->version;
}

std::vector<SignedRecord> TokenFaults::signed_data() const {
  if (signatures() > page_->records.size()) throw std::runtime_error("there were more signatures than records");
  const auto begin = page_->records.begin();
  return {begin, begin + static_cast<std::ptrdiff_t>(signatures())};
}

}  // namespace signet::test
