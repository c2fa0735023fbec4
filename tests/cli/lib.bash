# Sourced by each test of the command. Gives it a directory of its own ($work), a store of its own
# ($GODWIT_STORE) and the words to say what it expects; stops its runtime when it ends, by command or, if that
# doesn't help, by the process number that `godwit start` left in the store.
# $GODWIT_BIN is where the programs are; $GODWIT_SOURCE is the source tree.
# shellcheck shell=bash
set -euo pipefail

work=$(mktemp -d "${TMPDIR:-/tmp}/godwit-cli-XXXXXX")
export GODWIT_STORE="$work/store"
unset SLURM_JOB_ID  # a test that is run inside a Slurm job starts nothing on its other nodes
cd "$work"

# godwit, but never for ever.
g() { timeout --kill-after=10 "${patience:-90}" "$GODWIT_BIN/godwit" "$@"; }

fail() {
  echo "FAILED: $*" >&2
  for stream in out err; do
    echo "--- $stream:"
    cat "$work/$stream" 2>/dev/null
  done >&2
  exit 1
}

# expect CODE godwit-arguments…: its output is left in $work/out and $work/err.
expect() {
  local wanted=$1 code=0
  shift
  g "$@" >"$work/out" 2>"$work/err" || code=$?
  [[ $code -eq $wanted ]] || fail "godwit $*: exit $code, expected $wanted"
}
out_has() { grep -qE -- "$1" "$work/out" || fail "stdout doesn't have '$1'"; }
err_has() { grep -qE -- "$1" "$work/err" || fail "stderr doesn't have '$1'"; }
err_lacks() { ! grep -qE -- "$1" "$work/err" || fail "stderr has '$1'"; }

# json EXPRESSION: of the JSON document d on stdin, e.g. json 'd[0]["host"]'. Fails if it isn't JSON.
json() { /usr/bin/python3 -c 'import json, sys; d = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }
out_json() { json "$1" <"$work/out" || fail "stdout: no JSON, or '$1' isn't in it"; }
# job JOB EXPRESSION: of its row r, e.g. job plate 'r["state"]'.
job() { g show "$1" --json 2>/dev/null | json "[$2 for r in d][0]" 2>/dev/null; }
is() { [[ $1 == "$2" ]] || fail "'$1' isn't '$2'${3:+ ($3)}"; }

# until_true COMMAND …: up to 60 s.
until_true() {
  for _ in $(seq 600); do
    if "$@"; then return 0; fi
    sleep 0.1
  done
  fail "never came true: $*"
}
state_is() { [[ $(job "$1" 'r["state"]') == "$2" ]]; }
steps_above() { [[ $(job "$1" 'r["steps"]') -gt $2 ]]; }
ended() { ! kill -0 "$1" 2>/dev/null; }

# Ends what this test started on the store, whatever state it is in.
end_runtime() {
  local store=$1 pid
  if [[ -e $store/access.json ]]; then
    GODWIT_STORE=$store timeout 60 "$GODWIT_BIN/godwit" stop >/dev/null 2>&1 || true
  fi
  pid=$(cat "$store/log/mpirun.pid" 2>/dev/null) || return 0
  for _ in $(seq 100); do
    # The number may belong to another process by now: it must be one that was told of our store.
    grep -qsF -- "$store" "/proc/$pid/cmdline" || return 0
    sleep 0.1
  done
  kill -TERM "$pid" 2>/dev/null || true
  sleep 3
}

children=()  # process numbers of what the test put into the background
clean_up() {
  local code=$? pid
  trap - EXIT
  for pid in "${children[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "$work"/*/log/mpirun.pid; do
    [[ -e $pid ]] && end_runtime "${pid%/log/mpirun.pid}"
  done
  if [[ $code -ne 0 ]]; then
    echo "--- end of the runtime's output:" >&2
    tail -n 30 "$GODWIT_STORE/log/runtime.out" >&2 2>/dev/null || true
  fi
  cd /
  rm -rf "$work"
  exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT TERM
