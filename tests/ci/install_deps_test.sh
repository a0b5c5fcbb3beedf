#!/usr/bin/env bash
# shellcheck disable=SC2016
# ci/install-deps on a machine that lacks packages: the system's own commands are stood in for by what notes its calls.
. "$(dirname "$0")/helpers.sh"
mkdir "$work/ci" "$work/bin"
cp "$SIGNET_SOURCE_DIR/ci/install-deps" "$work/ci/"

# stand_in NAME TEXT: a command for the path below.
stand_in() { printf '#!/usr/bin/env bash\n%s\n' "$2" >"$1" && chmod +x "$1"; }
stand_in "$work/ci/backports-source" 'echo "deb http://mirror.example/debian $1-backports main"'
# Installed is what was asked for and is not in the file "missing".
stand_in "$work/bin/dpkg-query" 'shift 3; for package; do grep -qx "$package" "$WORK/missing" || echo "$package installed"; done'
stand_in "$work/bin/sudo" '"$@"'
stand_in "$work/bin/tee" 'echo "tee $*: $(cat)" >>"$WORK/calls"; touch "$WORK/has-backports"'
# Debian's main suite has everything but the two.
stand_in "$work/bin/apt-cache" '
if [[ $2 != pkcs11-provider && $2 != sigsum-go || -e $WORK/has-backports ]]; then echo "  Candidate: 1.0"; else echo "  Candidate: (none)"; fi'
stand_in "$work/bin/apt-get" 'echo "apt-get ${*: -2}" >>"$WORK/calls"; [[ $* != *" install "* ]] || : >"$WORK/missing"'
export WORK=$work PATH=$work/bin:$PATH

# run MISSING... : what install-deps then does.
run() {
  printf '%s\n' "$@" >"$work/missing"
  rm -f "$work/calls" "$work/has-backports"
  touch "$work/calls"
  "$work/ci/install-deps" --for test >"$work/output" || fail "install-deps failed: $(cat "$work/output")"
}

: >"$work/missing"
[[ $("$work/ci/install-deps") == *"are installed"* ]] || fail "it does not see that nothing is missing"
for package in pkcs11-provider sigsum-go; do
  run "$package" git
  # shellcheck source=/dev/null
  (. /etc/os-release && grep -q "tee .*signet-backports.list: deb .* $VERSION_CODENAME-backports main" "$work/calls") ||
    fail "the suite with $package was not added: $(cat "$work/calls")"
  grep -q "backports has $package: adding" "$work/output" || fail "it does not say why: $(cat "$work/output")"
done
run git
grep -q tee "$work/calls" && fail "a suite was added that nothing needs: $(cat "$work/calls")"
grep -qx "apt-get --no-install-recommends git" "$work/calls" || fail "git was not installed: $(cat "$work/calls")"

printf 'sigsum-go\n' >"$work/missing"
refused "" "$work/ci/install-deps" --check
"$work/ci/install-deps" --for build --check >/dev/null || fail "what only tests need is asked for by a build"
