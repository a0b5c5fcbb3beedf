// Notes, checkpoints, proofs and verifier keys, from witnesses, other logs and files that people send around.
#include "note_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  signet::log::check_note_property({data, size});
  return 0;
}
