// Everything of a plan that can be made without a token.
#pragma once

#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "plan.h"
#include "x509/csr.h"

namespace signet::ceremony {

/// Names the log's key, and builds each certificate with the requests' keys, with stand-ins for the keys that are not
/// made yet and for the signatures, reads it back as the ceremony will, and encodes its entry of the transcript: what
/// fails here would have failed between two keys. Errors are kInvalidArgument with one line per certificate that cannot
/// be made.
[[nodiscard]] Result<void> rehearse(const Plan& plan, const std::vector<Csr>& requests, const Clock& clock, Rng& rng);

}  // namespace signet::ceremony
