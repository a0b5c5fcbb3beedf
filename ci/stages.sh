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
build() { cmake --preset "$1" -DBUILD_TESTING=ON "${@:2}" >"$logs/configure-$1.log" || { cat "$logs/configure-$1.log"; return 1; }
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

ctest_logged() {
  local preset=$1 log=$2
  shift 2
  ctest --test-dir "build/$preset" -j "$jobs" --no-tests=error --timeout 600 "$@" 2>&1 | tee "$log" | quieten
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

# faults KILLS: the tests of faults without leaving anything out, as many at a time as there are cores. Each counts.
faults() {
  local i status=0 good bad
  for ((i = 0; i < jobs; i++)); do
    SIGNET_FAULT_EFFORT=full SIGNET_FAULT_KILLS=$1 GTEST_TOTAL_SHARDS=$jobs GTEST_SHARD_INDEX=$i \
      build/release/bin/fault_test >"$logs/faults-$i.log" 2>&1 &
  done
  wait
  for ((i = 0; i < jobs; i++)); do
    good=$(grep -cE '^\[       OK \]' "$logs/faults-$i.log")
    bad=$(grep -cE '^\[  FAILED  \] .* \([0-9]+ ms\)$' "$logs/faults-$i.log")
    grep -qE '^\[=+\] .* ran' "$logs/faults-$i.log" || bad=$((bad + 1)) # it did not come to its end
    passed=$((passed + good))
    failed=$((failed + bad))
    ((bad == 0)) || { status=1 && tail -n 60 "$logs/faults-$i.log"; }
    grep -hE '^tried: |kills, ' "$logs/faults-$i.log" || true
  done
  return "$status"
}

finish() {
  printf '\n=== everything: %s min %s s\n' "$((SECONDS / 60))" "$((SECONDS % 60))"
  ((failed > 0)) || failed=${#failures[@]}
  ((${#failures[@]} == 0)) || printf 'failed: %s\n' "${failures[@]}"
  printf '%s passed, %s failed\n' "$passed" "$failed"
  exit "$((failed > 0))"
}
