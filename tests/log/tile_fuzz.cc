// Names of tiles, bundles and proofs that somebody else may have made.
#include "tile_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  signet::log::check_tile_property({data, size});
  return 0;
}
