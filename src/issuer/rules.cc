#include "issuer/rules.h"

#include "base/ops_log.h"

namespace signet {

Result<std::shared_ptr<const Rules>> parse_rules(const RuleFiles& files) {
  SIGNET_TRY(Policy policy, Policy::parse(files.policy, files.policy_name));
  if (!files.blocked_keys.has_value())
    return std::make_shared<const Rules>(
        Rules{.policy = std::move(policy), .blocked_keys = {}, .blocked_keys_sha256 = sha256({})});
  const Sha256 hash = sha256(*files.blocked_keys);
  auto blocked = BlockedKeys::parse(*files.blocked_keys, files.blocked_keys_name);
  if (!blocked.has_value()) {
    blocked.error().field = "issue.blocked_keys";
    return std::unexpected(std::move(blocked).error());
  }
  ops::info("blocked keys read",
            {{"file", files.blocked_keys_name}, {"keys", std::to_string(blocked->size())}, {"sha256", to_hex(hash)}});
  return std::make_shared<const Rules>(
      Rules{.policy = std::move(policy), .blocked_keys = *std::move(blocked), .blocked_keys_sha256 = hash});
}

}  // namespace signet
