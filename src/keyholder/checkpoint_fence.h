// The fence of keys that sign the log: one log, that only grows.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "log/journal.h"
#include "log/merkle.h"

namespace signet {

/// What the issuer brings along to show that the new tree begins with the old one (RFC 6962 section 2.1.2).
struct ConsistencyClaim {
  std::uint64_t old_size = 0;
  log::Proof proof = {};
};

/// Says whether a log key whose log is `origin`, and which signed `last` before (nothing: it never signed), may sign
/// `text`; and which tree that is. A pure function: the caller sees to it that `last` is still the last one when the
/// text is signed.
///
/// It may when
///   fence.structure    the text is a checkpoint, byte for byte as format_checkpoint() writes it (log/checkpoint.h)
///   fence.origin       its origin is `origin`
///   fence.size         its tree is not smaller than `last`, not larger than there can be, and where the size is the
///                      same its root is too
///   fence.consistency  the claim starts from the size of `last` and proves that the tree begins with that one. Before
///                      the first checkpoint the last tree is the one without entries
/// Every refusal is kPermissionDenied with that name as its field and the values in its message. Thread-safe.
[[nodiscard]] Result<log::TreeHead> check_checkpoint_fence(const std::string& origin,
                                                           const std::optional<log::TreeHead>& last, ByteView text,
                                                           const ConsistencyClaim& claim);

}  // namespace signet
