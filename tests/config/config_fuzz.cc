// signet.toml, policy.toml and hsm-profiles/*.toml: written by people, read before anything is started.
#include "fuzz_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  signet::testing::check_config_property({data, size});
  return 0;
}
