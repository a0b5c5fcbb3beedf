// Which clients could make themselves others: the certificates of this CA say who connects to its daemon.
#pragma once

#include <string>
#include <vector>

#include "policy/policy.h"

namespace signet {

/// One sentence for each pair of clients of which the first may be issued a certificate that TLS servers take from
/// clients (clientAuth) for a name that identifies the second one: with it the first connects as the second and has its
/// rights. That may be meant, so it is no mistake of the policy. Empty where there is none. Deterministic.
[[nodiscard]] std::vector<std::string> escalations(const Policy& policy);

}  // namespace signet
