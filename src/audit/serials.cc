#include "audit/serials.h"

#include <algorithm>
#include <bit>

namespace signet::audit {
namespace {

constexpr std::uint64_t kMinBytes = std::uint64_t{64} << 10U;
constexpr std::uint64_t kMaxBytes = std::uint64_t{128} << 20U;
constexpr unsigned kHashes = 8;
/// By chance, one in ten thousand numbers of a log of a hundred million entries is a candidate. That there are more
/// than this many means that the log repeats its numbers, and then these are enough to say so.
constexpr std::size_t kMaxCandidates = 500'000;

/// An intent and its outcome have about 2 KB: more than a hundred bits for each, until the largest filter is reached.
std::uint64_t filter_bytes(std::uint64_t file_bytes) {
  return std::bit_ceil(std::clamp(file_bytes / 128, kMinBytes, kMaxBytes));
}

}  // namespace

Serials::Serials(std::uint64_t file_bytes) : filter_(filter_bytes(file_bytes) / sizeof(std::uint64_t)) {}

void Serials::add(const SerialKey& key) {
  const std::uint64_t mask = filter_.size() * 64 - 1;
  bool seen = true;
  for (unsigned i = 0; i < kHashes; ++i) {
    const std::uint64_t bit = (key[0] + i * (key[1] | 1U)) & mask;
    std::uint64_t& word = filter_[static_cast<std::size_t>(bit / 64)];
    const std::uint64_t flag = std::uint64_t{1} << (bit % 64);
    seen = seen && (word & flag) != 0;
    word |= flag;
  }
  if (seen && candidates_.size() < kMaxCandidates) candidates_.try_emplace(key);
}

std::optional<std::uint64_t> Serials::first_use(const SerialKey& key, std::uint64_t entry) {
  const auto found = candidates_.find(key);
  if (found == candidates_.end()) return std::nullopt;
  if (found->second.has_value()) return found->second;
  found->second = entry;
  return std::nullopt;
}

}  // namespace signet::audit
