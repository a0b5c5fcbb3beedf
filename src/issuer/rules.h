// What requests are judged by, and how it is exchanged while they run.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "policy/policy.h"
#include "x509/blocked_keys.h"

namespace signet {

/// A policy and the keys that are blocked with it. Immutable. A reload replaces it as a whole, never a part of it.
struct Rules {
  Policy policy;
  BlockedKeys blocked_keys;
  Sha256 blocked_keys_sha256{};  ///< of the list's file; of an empty one where none is configured
};

/// What they are made of: the contents of the files as signetd froze them, and the names of these, for messages.
struct RuleFiles {
  Bytes policy;
  std::string policy_name;
  std::optional<Bytes> blocked_keys = {};  ///< nothing where none is configured
  std::string blocked_keys_name = {};
};

/// Errors: kInvalidArgument, with every mistake of the policy, or the first of the list of blocked keys.
[[nodiscard]] Result<std::shared_ptr<const Rules>> parse_rules(const RuleFiles& files);

/// The rules that are in force. A request takes them once and is judged by them to its end, so that it never sees half
/// of two policies. Thread-safe.
class RulesInForce {
 public:
  explicit RulesInForce(std::shared_ptr<const Rules> first) : rules_(std::move(first)) {}

  [[nodiscard]] std::shared_ptr<const Rules> now() const {
    const std::scoped_lock lock(mutex_);
    return rules_;
  }

  /// Every now() that begins after this returns gets `next`. The ones before live until their last request is done.
  void replace(std::shared_ptr<const Rules> next) {
    const std::scoped_lock lock(mutex_);
    rules_.swap(next);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Rules> rules_;
};

}  // namespace signet
