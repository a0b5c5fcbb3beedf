#!/usr/bin/env bash
# Every script of the project passes shellcheck and says how it is used.
. "$(dirname "$0")/helpers.sh"
cd "$SIGNET_SOURCE_DIR"
mapfile -t scripts < <(grep -rlE '^#!/usr/bin/env bash|^# shellcheck shell=bash' ci tools tests .ci)
((${#scripts[@]} >= 10)) || fail "found only ${#scripts[@]} scripts"
shellcheck -x -P SCRIPTDIR "${scripts[@]}"
for script in ci/install-deps ci/check-layers tools/quickstart; do
  [[ $("$script" --help) == *$script* ]] || fail "$script --help does not show its usage"
done
refused "--for takes" ci/install-deps --for nonsense
refused "unknown option" ci/install-deps --nonsense
refused "unknown option" tools/quickstart --nonsense
