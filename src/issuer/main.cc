// signet-issuer: identity, policy, X.509, log and store. Started by signetd, or by hand to make the store again.
#include <unistd.h>

#include "base/standard_streams.h"
#include "issuer/command_line.h"
#include "issuer/issuer_process.h"
#include "wire/child.h"

int main(int argc, char** argv) {
  signet::open_standard_streams();
  if (argc > 1) return signet::run_issuer_command({argv + 1, argv + argc});
  auto control = signet::begin_child("signet-issuer");
  if (!control.has_value()) return 1;
  // Without exit handlers: what libraries do there may be what the sandbox forbids.
  _exit(signet::run_issuer(*std::move(control)));
}
