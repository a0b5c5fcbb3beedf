// One entry of the log, before and after it has its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "log/value.h"

namespace signet::log {

/// A big-endian uint16 holds an entry's length in an entry bundle (C2SP tlog-tiles).
inline constexpr std::size_t kMaxEntryBytes = 65'535;

/// What a caller gives. `fields` are all but `type`, `seq`, `time`, `boot` and `mono`, which the log sets.
/// log/entries.h makes drafts of every type there is.
struct Draft {
  std::string type;
  Object fields;
};

/// What the log holds.
struct Entry {
  std::uint64_t seq = 0;  ///< its place: the first entry is 0
  std::string type;
  Object fields;  ///< all of them, common ones included
  Bytes encoded;  ///< canonical JSON, at most kMaxEntryBytes
};

/// What the log knows about the moment of an append.
struct Stamp {
  std::uint64_t seq = 0;
  Time time{};
  std::chrono::microseconds mono{0};
  std::string boot;
};

/// Adds the common fields and encodes. Errors: kInvalidArgument when the draft has no type, sets a field that is the
/// log's, cannot be encoded, or is longer than kMaxEntryBytes.
[[nodiscard]] Result<Entry> make_entry(Draft draft, const Stamp& stamp);

/// Reads the bytes of an entry that must have the place `seq`. Errors: kDataLoss naming `seq`, when they are not
/// canonical, have no type, or have another `seq`.
[[nodiscard]] Result<Entry> parse_entry(Bytes encoded, std::uint64_t seq);

/// RFC 6962 section 2.1: SHA-256(0x00 || entry).
[[nodiscard]] Sha256 leaf_hash(ByteView encoded);

}  // namespace signet::log
