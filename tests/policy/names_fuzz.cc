// Names of requests and patterns of the policy, A-labels above all: they go through libidn2.
#include <cstdio>
#include <cstdlib>

#include "names_property.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string violation = signet::test::names_violation(signet::text_of({data, size}));
  if (violation.empty()) return 0;
  std::fprintf(stderr, "%s\n", violation.c_str());
  std::abort();
}
