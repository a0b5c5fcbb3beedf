// Entries of a log that somebody else may have written.
#include "value_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  signet::log::check_value_property({data, size});
  return 0;
}
