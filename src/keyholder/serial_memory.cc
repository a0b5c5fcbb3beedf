#include "keyholder/serial_memory.h"

namespace signet {

bool SerialMemory::add(const Sha256& key, const log::JournalNumber& serial) {
  Bytes both = copy_of(key);
  append(both, serial);
  const Sha256 id = sha256(both);
  if (!known_.insert(id).second) return false;
  in_order_.push_back(id);
  if (in_order_.size() > capacity_) {
    known_.erase(in_order_.front());
    in_order_.pop_front();
  }
  return true;
}

}  // namespace signet
