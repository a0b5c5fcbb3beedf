# Sourced by ci/test and ci/full: stages that are timed and counted, so that one run shows all that is wrong.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
jobs=$(nproc)
passed=0
failed=0
failures=()
logs=$root/build/logs
mkdir -p "$logs"
export CTEST_OUTPUT_ON_FAILURE=1
trap 'exit 130' INT TERM
# Where the tests of faults work: in memory, where there is enough of it. What those leave that were killed goes with it.
fault_parent=$logs
[[ ! -d /dev/shm ]] || (($(stat -f -c '%a * %S' /dev/shm) < 2 ** 31)) || fault_parent=/dev/shm
SIGNET_FAULT_FOLDER=$(mktemp -d "$fault_parent/signet-faults.XXXXXX") || exit 1
export SIGNET_FAULT_FOLDER
trap 'rm -rf "$SIGNET_FAULT_FOLDER"' EXIT
export ASAN_SYMBOLIZER_PATH=/usr/bin/llvm-symbolizer-19
export TSAN_OPTIONS="external_symbolizer_path=/usr/bin/llvm-symbolizer-19 halt_on_error=1"

# stage NAME COMMAND...: runs the command, says how long it took, remembers a failure. Status: the command's.
stage() {
  local name=$1 begin=$SECONDS status=0
  shift
  printf '\n=== %s\n' "$name"
  "$@" </dev/null || status=$?
  if ((status == 0)); then
    printf '=== %s: done in %s s\n' "$name" "$((SECONDS - begin))"
  else
    printf '=== %s: FAILED (status %s) after %s s\n' "$name" "$status" "$((SECONDS - begin))"
    failures+=("$name")
  fi
  return "$status"
}

# check NAME COMMAND...: a stage that counts as one test.
check() {
  if stage "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

# need NAME COMMAND...: a stage without which the rest makes no sense.
need() { stage "$@" || { failed=$((failed + 1)) && finish; }; }

# build PRESET [CMAKE OPTION...]: configures and builds everything of a preset.
build() { cmake --preset "$1" -DBUILD_TESTING=ON "-DSIGNET_TESTS=unit;system" "${@:2}" >"$logs/configure-$1.log" || { cat "$logs/configure-$1.log"; return 1; }
  cmake --build "build/$1" -j "$jobs" -- --quiet -k 0; }

# run_tests PRESET [CTEST OPTION...]: the tests of a preset's build, in parallel; each counts.
run_tests() {
  local preset=$1 log=$logs/ctest-$1.log
  shift
  stage "tests, $preset" ctest_logged "$preset" "$log" "$@" || true
  local summary failed_here total
  summary=$(grep -Eo '[0-9]+ tests? failed out of [0-9]+' "$log" | tail -n 1)
  if [[ -z $summary ]]; then
    failed=$((failed + 1)) # CTest did not come to its end, or found no test
    return
  fi
  read -r failed_here _ _ _ _ total <<<"$summary"
  failed=$((failed + failed_here))
  passed=$((passed + total - failed_here))
}

# run_sanitized PRESET [CTEST OPTION...]: run_tests, without the search for leaks where Ed25519 on SoftHSM is tested: it
# leaks inside the module.
run_sanitized() {
  local leaking='[eE]d25519|NoteOnToken|^CheckpointTest|TokenContract[.].*/SoftHsm|HostileIssuer|LongJournal'
  run_tests "$@" -E "$leaking"
  ASAN_OPTIONS=detect_leaks=0 run_tests "$@" -R "$leaking"
}

ctest_logged() {
  local preset=$1 log=$2
  shift 2
  ctest --test-dir "build/$preset" -j "$((2 * jobs))" --no-tests=error --timeout 600 "$@" 2>&1 | tee "$log" | quieten
  return "${PIPESTATUS[0]}"
}

# Passed tests are counted by CTest's closing lines; on a screen or in a report they only hide the failed ones.
quieten() { grep -vE '^ *Start +[0-9]+:|^ *[0-9]+/[0-9]+ Test +#[0-9]+: .* Passed ' || true; }

# fuzz SECONDS: builds every fuzzer and runs each for so long, as many at a time as there are cores. New inputs are kept
# in build/fuzz/corpus and used again; an input that fails is kept in build/fuzz/crashes.
fuzz() {
  local seconds=$1 fuzzers
  cmake --preset fuzz >"$logs/configure-fuzz.log" || { cat "$logs/configure-fuzz.log"; return 1; }
  mapfile -t fuzzers < <(ninja -C build/fuzz -t targets all | sed -n 's|^bin/\([a-z0-9_]*_fuzz\): .*|\1|p' | sort -u)
  ((${#fuzzers[@]})) || { echo "no fuzzer in the build"; return 1; }
  stage "build of ${#fuzzers[@]} fuzzers" cmake --build build/fuzz -j "$jobs" --target "${fuzzers[@]}" -- --quiet -k 0 || return 1
  local fuzzer status=0
  for fuzzer in "${fuzzers[@]}"; do
    while (($(jobs -rp | wc -l) >= jobs)); do wait -n || true; done
    fuzz_one "$fuzzer" "$seconds" &
  done
  wait
  for fuzzer in "${fuzzers[@]}"; do
    if [[ $(<"$logs/$fuzzer.status") == 0 ]]; then
      passed=$((passed + 1))
      echo "$fuzzer: $(grep -Eo 'Done [0-9]+ runs.*' "$logs/$fuzzer.log" | tail -n 1)"
    else
      failed=$((failed + 1))
      status=1
      tail -n 40 "$logs/$fuzzer.log"
      echo "$fuzzer: FAILED (see above); the input is in build/fuzz/crashes"
    fi
  done
  return "$status"
}

fuzz_one() {
  local fuzzer=$1 seconds=$2 seeds
  mkdir -p "build/fuzz/corpus/$fuzzer" build/fuzz/crashes
  seeds=$(find tests -type d -name "${fuzzer%_fuzz}_corpus" | head -n 1)
  "build/fuzz/bin/$fuzzer" "-max_total_time=$seconds" -timeout=10 -rss_limit_mb=2048 \
    "-artifact_prefix=build/fuzz/crashes/$fuzzer-" "build/fuzz/corpus/$fuzzer" ${seeds:+"$seeds"} >"$logs/$fuzzer.log" 2>&1
  echo "$?" >"$logs/$fuzzer.status"
}

# faults KILLS: the tests of faults without leaving anything out, two at a time for each core, since they wait a lot. Each
# counts.
faults() {
  local good bad log status=0
  rm -f "$logs"/faults-*.{log,count}
  run_faults "$1" || status=$?
  for log in "$logs"/faults-*.log; do
    good=0 bad=1 # where it was not counted, it did not come to its end
    [[ ! -e $log.count ]] || read -r good bad <"$log.count"
    passed=$((passed + good))
    failed=$((failed + bad))
  done
  return "$status"
}

run_faults() (
  pids=()
  trap 'end_groups "${pids[@]}"' EXIT
  trap 'exit 130' INT TERM
  shards=$((2 * jobs))
  for ((i = 0; i < shards; i++)); do
    SIGNET_FAULT_EFFORT=full SIGNET_FAULT_KILLS=$1 GTEST_TOTAL_SHARDS=$shards GTEST_SHARD_INDEX=$i \
      setsid timeout --kill-after=60 "$faults_at_most" build/release/bin/fault_test >"$logs/faults-$i.log" 2>&1 &
    pids+=("$!")
  done
  status=0
  for ((i = 0; i < shards; i++)); do
    result=0
    wait "${pids[i]}" || result=$?
    pids[i]=
    count_faults "$logs/faults-$i.log" "$result" || status=1
  done
  exit "$status"
)
faults_at_most=8h

# end_groups [PID...]: ends processes that began with setsid, with all that they started; none for an empty PID.
end_groups() {
  local pid
  for pid; do
    [[ -z $pid ]] || kill -KILL -- "-$pid" 2>/dev/null || true
  done
}

# count_faults LOG STATUS: how many passed and failed, into LOG.count. A program that did not come to its end, or ran
# nothing, counts as failed, whatever its tests did.
count_faults() {
  local log=$1 result=$2 good bad
  good=$(grep -cE '^\[       OK \]' "$log")
  bad=$(grep -cE '^\[  FAILED  \] .* \([0-9]+ ms\)$' "$log")
  if ((bad == 0)) && { ((result != 0 || good == 0)) || ! grep -qE '^\[=+\] .* ran' "$log"; }; then
    bad=1
    echo "$log: left with status $result (124: it took longer than $faults_at_most), $good tests passed"
  fi
  echo "$good $bad" >"$log.count"
  grep -E '^tried: ' "$log" || true
  ((bad == 0)) || { tail -n 60 "$log" && return 1; }
}

finish() {
  printf '\n=== everything: %s min %s s\n' "$((SECONDS / 60))" "$((SECONDS % 60))"
  ((failed > 0)) || failed=${#failures[@]}
  ((${#failures[@]} == 0)) || printf 'failed: %s\n' "${failures[@]}"
  printf '%s passed, %s failed\n' "$passed" "$failed"
  exit "$((failed > 0))"
}
