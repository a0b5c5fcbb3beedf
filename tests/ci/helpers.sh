# Sourced by the tests of this folder. Each test has a folder of its own, $work, removed at the end.
# shellcheck shell=bash
set -euo pipefail
: "${SIGNET_SOURCE_DIR:?run this test through CTest}" "${SIGNET_BIN_DIR:?run this test through CTest}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { printf '%s: FAILED: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# expect WHAT ACTUAL EXPECTED
expect() { [[ $2 == "$3" ]] || fail "$1: expected '$3', got '$2'"; }

# refused TEXT COMMAND...: the command must fail and say TEXT.
refused() {
  local text=$1 output
  shift
  if output=$("$@" 2>&1); then fail "'$*' was accepted; it should have said: $text"; fi
  [[ $output == *"$text"* ]] || fail "'$*' should have said '$text', but said: $output"
}
