#!/usr/bin/env bash
# tools/quickstart, with the programs of this build: a first run, a second one that keeps keys and log and issues again,
# a daemon left by --keep and stopped by the next run, a broken configuration explained, a foreign folder left alone.
. "$(dirname "$0")/helpers.sh"
trap 'kill "$(cat "$work/demo/signetd.pid" 2>/dev/null)" 2>/dev/null || true; rm -rf "$work"' EXIT

quickstart() { "$SIGNET_SOURCE_DIR/tools/quickstart" --programs "$SIGNET_BIN_DIR" --dir "$work/demo" "$@" | tee "$work/output"; }
serial() { openssl x509 -in "$work/demo/issued/payment-service.pem" -noout -serial; }
# The daemon and its children are a session of their own, named by the pid that quickstart tells.
# One that ended and only waits for init to notice is not left over.
left_over() {
  local session
  session=$(sed -n 's/.*signetd (pid \([0-9]*\)).*/\1/p' "$work/output" | head -n 1)
  ps -o stat=,pid=,args= --sid "${session:?no daemon was started}" | awk '$1 !~ /^Z/'
}

mkdir "$work/foreign" && echo mine >"$work/foreign/file"
refused "was not made by quickstart" quickstart --dir "$work/foreign"
expect "foreign folder" "$(ls -A "$work/foreign")" "file"

quickstart || fail "the first run"
first=$(serial)
root=$(sha256sum <"$work/demo/ca/root.pem")
expect "processes left by the first run" "$(left_over)" ""
expect "the folder's mode" "$(stat -c %a "$work/demo")" 700
readable=$(find "$work/demo" -type f \( -name '*.key' -o -name '*pin' -o -path '*/tokens/*' -o -path '*/safe/*' \) -perm /077)
expect "secrets that others can read" "$readable" ""
[[ $(find "$work/demo/tokens" -mindepth 1 -maxdepth 1 | wc -l) == 1 ]] || fail "the daemon's token folder must hold one token"

proof=$work/demo/issued/payment-service.tlog-proof
"$SIGNET_BIN_DIR/signet-audit" check-proof --log-key "$work/demo/ca/log-1.vkey" --certificate "$work/demo/issued/payment-service.pem" \
  "$proof" || fail "the proof that the first run left does not hold"
refused "" "$SIGNET_BIN_DIR/signet-audit" check-proof --log-key "$work/demo/ca/log-1.vkey" --certificate "$work/demo/ca/client.pem" "$proof"

begin=$SECONDS
quickstart --keep || fail "the second run"
((SECONDS - begin < 15)) || fail "the second run took $((SECONDS - begin)) s"
expect "root after the second run" "$(sha256sum <"$work/demo/ca/root.pem")" "$root"
[[ $(serial) != "$first" ]] || fail "the second run issued nothing new"
grep -q 'goes on from' "$work"/demo/logs/*-audit.log || fail "the second run did not compare the log with what it was in the first"
pid=$(<"$work/demo/signetd.pid")
kill -0 "$pid" || fail "--keep left no daemon"
"$SIGNET_BIN_DIR/signet" --config "$work/demo/client.toml" status || fail "the daemon left by --keep does not answer"

quickstart || fail "the third run"
if [[ $(ps -o stat= -p "$pid") == [^Z]* ]]; then fail "the third run left the daemon of the second"; fi
expect "processes left by the third run" "$(left_over)" ""

rm "$work/demo/tls/daemon.pem"
refused "What to try" quickstart
[[ ! -e $work/demo/signetd.pid ]] || fail "a failed run left the daemon's pid behind"
