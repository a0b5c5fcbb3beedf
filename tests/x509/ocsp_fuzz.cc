#include <cstdio>
#include <cstdlib>

#include "ocsp_property.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string violation = signet::test::ocsp_property({data, size}).violation;
  if (violation.empty()) return 0;
  std::fputs(violation.c_str(), stderr);
  std::abort();
}
