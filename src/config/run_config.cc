#include "config/run_config.h"

#include <fmt/format.h>

#include "base/sandbox.h"

namespace signet {

namespace {

constexpr const char* kIfAvailable = "if-available";
constexpr const char* kRequired = "required";

void check_users(TomlTable& table, const RunConfig& run) {
  const bool all = !run.front.empty() && !run.issuer.empty() && !run.keyholder.empty();
  const bool none = run.front.empty() && run.issuer.empty() && run.keyholder.empty();
  if (!all && !none)
    return table.complain("", "names users for some processes only; name front, issuer and keyholder, or none of them");
  if (all && (run.front == run.issuer || run.issuer == run.keyholder || run.front == run.keyholder))
    table.complain("",
                   "names one user twice; front, issuer and keyholder need one each, or they could undo each other");
  if (all && run.allow_root) table.complain("allow_root", "is true, but users are named; remove one or the other");
}

}  // namespace

LandlockUse RunConfig::landlock() const noexcept {
  return requires_landlock ? LandlockUse::kRequired : LandlockUse::kIfAvailable;
}

RunConfig read_run(TomlTable table) {
  RunConfig run;
  run.front = table.optional_text("front").value_or("");
  run.issuer = table.optional_text("issuer").value_or("");
  run.keyholder = table.optional_text("keyholder").value_or("");
  run.allow_root = table.boolean("allow_root", false);
  run.requires_landlock = table.choice("landlock", {kIfAvailable, kRequired}, kIfAvailable) == kRequired;
  check_users(table, run);
  return run;
}

}  // namespace signet
