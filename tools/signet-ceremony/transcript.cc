#include "transcript.h"

#include "base/file.h"
#include "log/entry.h"

namespace signet::ceremony {

namespace {

Result<std::string> read_boot_id() {
  SIGNET_TRY(const Bytes text, read_file("/proc/sys/kernel/random/boot_id", 64, FileTrust::kAnyone, "boot id"));
  std::string id(text_of(text));
  while (id.ends_with('\n')) id.pop_back();
  return id;
}

}  // namespace

Result<std::string> Transcript::add(const std::string& act, log::Object fields) {
  SIGNET_TRY(const std::string boot, read_boot_id());
  fields.insert_or_assign("step", log::Value(static_cast<std::int64_t>(size_ + 1)));
  fields.insert_or_assign("act", log::Value(act));
  SIGNET_TRY(const log::Entry entry,
             log::make_entry({.type = "ceremony", .fields = std::move(fields)},
                             {.seq = size_, .time = clock_.now(), .mono = clock_.monotonic(), .boot = boot}));
  std::string line(text_of(entry.encoded));
  line += '\n';
  text_ += line;
  ++size_;
  return line;
}

}  // namespace signet::ceremony
