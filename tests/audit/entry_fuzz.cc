// Entries of a log that an attacker may have written.
#include "entry_view_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  signet::audit::check_entry_property({data, size});
  return 0;
}
