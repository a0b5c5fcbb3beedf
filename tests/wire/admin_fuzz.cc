// A packet of the operator's socket.
#include "admin_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  signet::testing::check_admin_property({data, size});
  return 0;
}
