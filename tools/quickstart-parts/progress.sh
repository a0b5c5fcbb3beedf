# Sourced by tools/quickstart: steps with a line each, progress while they run, and what to say when one fails.
# Uses $demo (the folder) and $steps (how many there are).
# shellcheck shell=bash disable=SC2154

number=0
name=
hint=
log=
ticker=

seconds_since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f s", b - a }'; }
last_line() { tail -n 1 "$1" 2>/dev/null | tr -d '\r' | cut -c "1-$2"; }

# Descriptor 8 tells the ticker to leave. Until then its reads time out: a sleep without a process that could be left
# behind, and no signal that could come too early.
mkfifo "$demo/logs/leave"
exec 8<>"$demo/logs/leave"
rm "$demo/logs/leave"

# While a step runs: its log's last line, in place on a terminal, every 20 seconds otherwise.
tick() {
  local columns begin=$SECONDS
  if [[ -t 1 ]]; then
    columns=$(tput cols 2>/dev/null || echo 80)
    while ! read -r -t 0.3 -u 8; do
      printf '\r\033[K%2d/%d %s ... %s' "$number" "$steps" "$name" "$(last_line "$log" $((columns - ${#name} - 13)))"
    done
  else
    while ! read -r -t 20 -u 8; do
      printf '      %s, %s s: %s\n' "$name" "$((SECONDS - begin))" "$(last_line "$log" 90)"
    done
  fi
}

stop_ticker() {
  [[ -n $ticker ]] || return 0
  echo leave >&8
  wait "$ticker" || true
  ticker=
  [[ ! -t 1 ]] || printf '\r\033[K'
}

# step NAME FUNCTION HINT: runs the function in a shell of its own, its output in a log; what it says on descriptor 3 is
# what the step's line tells.
step() {
  local begin=$EPOCHREALTIME status said=$demo/logs/said
  number=$((number + 1))
  name=$1
  hint=$3
  log=$(printf '%s/logs/%02d-%s.log' "$demo" "$number" "${1// /-}")
  : >"$log"
  tick 9>&- &
  ticker=$!
  set +e
  (
    set -e
    "$2"
  ) >"$log" 2>&1 3>"$said" </dev/null 8>&- 9>&-
  status=$?
  set -e
  stop_ticker
  ((status == 0)) || explain_failure "$status"
  printf '%2d/%d %-13s %s (%s)\n' "$number" "$steps" "$name" "$(<"$said")" "$(seconds_since "$begin")"
}

explain_failure() {
  local daemon_log=$demo/logs/signetd.log
  {
    printf '\nStep %d, %s, failed (status %s). The end of %s:\n' "$number" "$name" "$1" "$log"
    tail -n 15 "$log" | sed 's/^/    /'
    if [[ -s $daemon_log ]]; then
      printf 'The end of %s:\n' "$daemon_log"
      tail -n 15 "$daemon_log" | sed 's/^/    /'
    fi
    printf 'What to try: %s\n' "$hint"
  } >&2
  exit 1
}

say() { printf '%s' "$*" >&3; }
