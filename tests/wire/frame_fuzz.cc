// The frame's length field, from anybody on the network.
#include "fuzz_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  signet::testing::check_frame_property({data, size});
  return 0;
}
