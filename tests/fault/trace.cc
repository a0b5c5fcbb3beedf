#include "fault/trace.h"

#include <cstring>
#include <stdexcept>

#include "support/command.h"

namespace signet::test {
namespace {

/// Gives the bytes behind a header their meaning.
void read_body(TraceRecord& record, const std::string& body) {
  const std::size_t zero = body.find('\0');
  switch (record.op) {
    case TraceOp::kWrite: record.bytes = copy_of(bytes_of(body)); break;
    case TraceOp::kRename:
    case TraceOp::kLink:
      record.path = body.substr(0, zero);
      record.to_path = body.substr(zero + 1);
      break;
    default: record.path = body;
  }
}

}  // namespace

std::vector<TraceRecord> read_trace(const std::string& path) {
  const std::string file = slurp(path);
  std::vector<TraceRecord> records;
  for (std::size_t at = 0; at < file.size();) {
    TraceHeader header{};
    if (file.size() - at < sizeof header) throw std::runtime_error(path + ": ends within a header");
    std::memcpy(&header, file.data() + at, sizeof header);
    at += sizeof header;
    if (header.magic != kTraceMagic || file.size() - at < header.bytes) throw std::runtime_error(path + ": no trace");
    TraceRecord& record = records.emplace_back();
    record = {.op = header.op,
              .process = header.process,
              .handle = header.handle,
              .thread = header.thread,
              .offset = header.offset,
              .end = at + header.bytes};
    read_body(record, file.substr(at, header.bytes));
    at += header.bytes;
  }
  return records;
}

}  // namespace signet::test
