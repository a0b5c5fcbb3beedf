// One request, as far as it has been understood.
#pragma once

#include <memory>
#include <optional>

#include "issuer/callers.h"
#include "issuer/rules.h"
#include "log/entries.h"
#include "wire/signet.pb.h"

namespace signet {

/// Filled from the top down, by the thread that works on it. What stands below a step that failed is empty.
struct Request {
  log::Cause cause;
  v1::Request envelope;
  std::shared_ptr<const Rules> rules;  ///< by which it is judged to its end
  std::shared_ptr<const Caller> caller;
  const PolicyClient* client = nullptr;  ///< of `rules`
  std::optional<log::RequestProof> proof;
  std::optional<Sha256> csr_sha256;
  std::optional<v1::IssueResponse> waits_for_proof;  ///< the answer, but for the proof
};

}  // namespace signet
