// Drafts of intents and of what closes them, for tests of what the log knows of them.
#pragma once

#include "log/entries.h"
#include "log_fixture.h"

namespace signet::log {

inline SerialNumber test_serial() { return SerialNumber::from_der_contents(Bytes{0x3F, 0x01}).value(); }

inline Draft test_intent() {
  return intent_draft({.cause = {},
                       .issuer = "issuing-1",
                       .profile = "tls-server",
                       .serial = test_serial(),
                       .client = "payments",
                       .idempotency_key = {},
                       .proof = {},
                       .lint_version = "1",
                       .tbs = TbsDer({0x30, 0x00})});
}
inline Draft test_issued(std::uint64_t intent) {
  return issued_draft({.cause = {}, .intent = intent, .serial = test_serial(), .signature = SignatureValue({1, 2, 3})});
}
inline Draft test_orphaned(std::uint64_t intent) {
  return orphaned_draft(
      {.cause = {}, .intent = intent, .serial = test_serial(), .issuer = "issuing-1", .why = "deadline"});
}
inline Draft test_rejected(std::optional<std::uint64_t> intent) {
  return rejected_draft({.cause = {}, .code = "INTERNAL", .text = "no", .field = {}, .intent = intent});
}

}  // namespace signet::log
