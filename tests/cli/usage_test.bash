# Shows that the command line is checked before anything else happens: unknown verbs and flags are answered
# with the nearest known one and exit 2, every verb has help with an example, a store without a runtime gives
# exit 3, and the command links no MPI. No runtime is started.
source "$GODWIT_SOURCE/tests/cli/lib.bash"

expect 2
err_has "a verb is missing"
expect 2 migrat 7
err_has "unknown verb 'migrat'; did you mean 'migrate'"
expect 2 ps --jsno
err_has "unknown flag '--jsno'; did you mean '--json'"
expect 2 migrate
err_has "JOB is required"
expect 2 migrate 7 three
err_has "'three' is not a whole number"
expect 2 ps 7
err_has "'7' is one argument too many"
expect 2 submit
expect 2 submit heat steps
err_has "expected key=value"
expect 2 submit heat steps=1 steps=2
err_has "given twice"
expect 2 submit heat --mem 3apples
err_has "not a size"
expect 2 submit heat --checkpoint-every 5
err_has "not a duration"
expect 2 submit heat -J 7up
err_has "can't be a job's name"
expect 2 submit heat -c 0
expect 2 submit missing.yaml
err_has "missing.yaml: No such file"
expect 2 run -- ls
err_has "not supported yet"
expect 2 submit heat --array 1-3
err_has "unknown flag '--array'"
printf 'godwit: 1\njobs:\n  a: {tpye: heat}\n' >bad.yaml
expect 2 run bad.yaml
err_has "bad.yaml:3: jobs.a.tpye: unknown key; did you mean 'type'"
[[ ! -e $GODWIT_STORE ]] || fail "a refused command line made a store"

for verb in start stop run submit create ps hosts show logs wait migrate checkpoint suspend resume cancel remove \
  call types inspect; do
  expect 0 "$verb" --help
  [[ $verb == inspect ]] || out_has "Example:"
done
expect 0 --help
expect 0 --version
out_has "godwit [0-9]+\.[0-9]+"

for arguments in ps hosts "show 1" "wait" "migrate 1" "checkpoint 1" "suspend 1" "resume 1" "cancel 1" "call 1 get" \
  types stop "submit sleep seconds=1" "logs 1" "logs plate"; do
  # shellcheck disable=SC2086
  expect 3 $arguments
  err_has "no runtime"
done
expect 3 ps --json
is "$(out_json 'd["error"]["code"]')" unreachable

ldd "$GODWIT_BIN/godwit" >"$work/out"
! grep -qi 'libmpi' "$work/out" || fail "godwit links MPI"
readelf -d "$GODWIT_BIN/godwit" >"$work/out"
! grep -qi 'libmpi' "$work/out" || fail "godwit names MPI"
