#include "keyholder/checkpoint_fence.h"

#include <fmt/format.h>

#include "keyholder/refusal.h"
#include "log/checkpoint.h"

namespace signet {
namespace {

Result<void> check_size(const log::TreeHead& last, const log::Checkpoint& next) {
  if (next.size > log::kMaxTreeSize) {
    return refuse_by_fence("size", fmt::format("the checkpoint is of {} entries, and no log has more than {}",
                                               next.size, log::kMaxTreeSize));
  }
  if (next.size < last.size) {
    return refuse_by_fence("size", fmt::format("the checkpoint is of {} entries, but this key signed one of {} before: "
                                               "an older copy of the log was put back, or its tail was cut",
                                               next.size, last.size));
  }
  if (next.size > last.size || next.root == last.root) return {};
  return refuse_by_fence(
      "size", fmt::format("the checkpoint of {} entries has root {}, but this key signed root {} for that size before: "
                          "the log was forked",
                          next.size, to_hex(next.root), to_hex(last.root)));
}

Result<void> check_consistency(const log::TreeHead& last, const log::Checkpoint& next, const ConsistencyClaim& claim) {
  if (claim.old_size != last.size) {
    return refuse_by_fence("consistency", fmt::format("the proof starts from {} entries, but the last checkpoint this "
                                                      "key signed is of {}",
                                                      claim.old_size, last.size));
  }
  const auto verified = log::verify_consistency(last.size, next.size, last.root, next.root, claim.proof);
  if (verified.has_value()) return {};
  return refuse_by_fence("consistency", fmt::format("it is not proved that the tree of {} entries begins with the one "
                                                    "of {} that this key signed before: {}",
                                                    next.size, last.size, verified.error().message));
}

}  // namespace

Result<log::TreeHead> check_checkpoint_fence(const std::string& origin, const std::optional<log::TreeHead>& last,
                                             ByteView text, const ConsistencyClaim& claim) {
  const auto next = log::parse_checkpoint(text_of(text));
  if (!next.has_value()) return refuse_by_fence("structure", printable(next.error().message, 1024));
  if (next->origin != origin) {
    return refuse_by_fence("origin", fmt::format("the checkpoint's origin is \"{}\", but this key signs for \"{}\"",
                                                 printable(next->origin), origin));
  }
  const log::TreeHead before = last.value_or(log::TreeHead{.size = 0, .root = log::empty_root()});
  SIGNET_CHECK(check_size(before, *next));
  SIGNET_CHECK(check_consistency(before, *next, claim));
  return log::TreeHead{.size = next->size, .root = next->root};
}

}  // namespace signet
