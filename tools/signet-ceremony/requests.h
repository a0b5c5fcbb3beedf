// The requests of the end entities, read and proven.
#pragma once

#include <string>
#include <vector>

#include "plan.h"
#include "x509/csr.h"

namespace signet::ceremony {

/// A CSR, as PEM (CERTIFICATE REQUEST) or DER, whose signature verifies with its own key.
[[nodiscard]] Result<Csr> load_request(const std::string& path);

/// One CSR per end entity, in the plan's order. Errors name every end entity whose CSR is wrong. No key stands in two.
[[nodiscard]] Result<std::vector<Csr>> load_requests(const std::vector<EndEntityPlan>& end_entities);

}  // namespace signet::ceremony
