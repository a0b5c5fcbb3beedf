// Protobuf messages from clients, from the daemon and between its processes.
#include "fuzz_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  signet::testing::check_message_property({data, size});
  return 0;
}
