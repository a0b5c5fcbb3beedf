#include "wire/child.h"

#include "base/ops_log.h"
#include "base/sandbox.h"
#include "wire/control.h"

namespace signet {

namespace {

Result<UniqueFd> prepare() {
  leave_signals_to_the_supervisor();
  SIGNET_CHECK(harden_process());
  return inherited_control_socket();
}

}  // namespace

Result<UniqueFd> begin_child(std::string_view process) {
  ops::open(process);
  auto control = prepare();
  if (!control.has_value()) ops::error("cannot start", {{"reason", control.error().message}});
  return control;
}

}  // namespace signet
