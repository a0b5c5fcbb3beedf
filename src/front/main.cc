// signet-front: terminates TLS, started by signetd.
#include <unistd.h>

#include "base/standard_streams.h"
#include "front/front.h"
#include "wire/child.h"

int main() {
  signet::open_standard_streams();
  auto control = signet::begin_child("signet-front");
  if (!control.has_value()) return 1;
  // Without exit handlers: what libraries do there may be what the sandbox forbids.
  _exit(signet::run_front(*std::move(control)));
}
