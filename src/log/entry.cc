#include "log/entry.h"

#include <fmt/format.h>

#include <array>

namespace signet::log {
namespace {

constexpr std::array<std::string_view, 5> kCommonFields = {"boot", "mono", "seq", "time", "type"};

Result<void> check_draft(const Draft& draft) {
  if (draft.type.empty()) return fail(ErrorCode::kInvalidArgument, "an entry needs a type", "type");
  for (const std::string_view name : kCommonFields) {
    if (draft.fields.contains(name)) {
      return fail(ErrorCode::kInvalidArgument, fmt::format("the field {} is set by the log alone", name),
                  std::string(name));
    }
  }
  return {};
}

std::unexpected<Error> damaged(std::uint64_t seq, std::string_view what) {
  return fail(ErrorCode::kDataLoss, fmt::format("entry {} of the log: {}", seq, what));
}

}  // namespace

Result<Entry> make_entry(Draft draft, const Stamp& stamp) {
  SIGNET_CHECK(check_draft(draft));
  Entry entry{.seq = stamp.seq, .type = draft.type, .fields = std::move(draft.fields), .encoded = {}};
  entry.fields.emplace("type", std::move(draft.type));
  entry.fields.emplace("seq", static_cast<std::int64_t>(stamp.seq));
  entry.fields.emplace("time", to_rfc3339(stamp.time));
  entry.fields.emplace("boot", stamp.boot);
  entry.fields.emplace("mono", std::int64_t{stamp.mono.count()});
  SIGNET_TRY(entry.encoded, encode_canonical(entry.fields));
  if (entry.encoded.size() > kMaxEntryBytes) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("an entry of type {} has {} bytes; at most {} fit",
                                                         printable(entry.type), entry.encoded.size(), kMaxEntryBytes));
  }
  return entry;
}

Result<Entry> parse_entry(Bytes encoded, std::uint64_t seq) {
  if (encoded.size() > kMaxEntryBytes) return damaged(seq, fmt::format("{} bytes are too many", encoded.size()));
  auto fields = parse_canonical(encoded);
  if (!fields) return damaged(seq, fields.error().message);
  const auto place = fields->find("seq");
  if (place == fields->end() || place->second.integer() == nullptr) return damaged(seq, "field seq is missing");
  if (*place->second.integer() != static_cast<std::int64_t>(seq)) {
    return damaged(seq, fmt::format("field seq is {}", *place->second.integer()));
  }
  const auto type = fields->find("type");
  if (type == fields->end() || type->second.text() == nullptr || type->second.text()->empty()) {
    return damaged(seq, "field type is missing");
  }
  std::string name = *type->second.text();
  return Entry{.seq = seq, .type = std::move(name), .fields = *std::move(fields), .encoded = std::move(encoded)};
}

Sha256 leaf_hash(ByteView encoded) {
  constexpr std::uint8_t kLeafPrefix = 0x00;
  Bytes leaf;
  leaf.reserve(encoded.size() + 1);
  leaf.push_back(kLeafPrefix);
  append(leaf, encoded);
  return sha256(leaf);
}

}  // namespace signet::log
