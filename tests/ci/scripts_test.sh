#!/usr/bin/env bash
# Every script of the project passes shellcheck and says how it is used.
. "$(dirname "$0")/helpers.sh"
cd "$SIGNET_SOURCE_DIR"
mapfile -t scripts < <(grep -rlE '^#!/usr/bin/env bash|^# shellcheck shell=bash' ci tools tests .ci)
((${#scripts[@]} >= 10)) || fail "found only ${#scripts[@]} scripts"
shellcheck -x -P SCRIPTDIR "${scripts[@]}"
for script in ci/install-deps ci/check-layers ci/bench tools/quickstart; do
  [[ $("$script" --help) == *$script* ]] || fail "$script --help does not show its usage"
done
refused "--for takes" ci/install-deps --for nonsense
refused "unknown option" ci/install-deps --nonsense
refused "unknown option" tools/quickstart --nonsense
refused "unknown option" ci/bench --nonsense
for entries in '' 2000 0x1000 many -5000; do refused "--entries takes a number" ci/bench --entries "$entries"; done
refused "--entries takes a number" ci/bench --entries
refused "--folder takes a folder" ci/bench --folder ''
