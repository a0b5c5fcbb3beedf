// signet-issuer: identity, policy, X.509, log and store. Started by signetd.
#include <unistd.h>

#include "issuer/issuer_process.h"
#include "wire/child.h"

int main() {
  auto control = signet::begin_child("signet-issuer");
  if (!control.has_value()) return 1;
  // Without exit handlers: what libraries do there may be what the sandbox forbids.
  _exit(signet::run_issuer(*std::move(control)));
}
