// A keyholder's journal, as a disk or somebody else left it.
#include "journal_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  signet::log::check_journal_property({data, size});
  return 0;
}
