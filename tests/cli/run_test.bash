# Shows `godwit run`: from nothing to finished jobs in one command; a failed job gives exit 1; Ctrl-C and SIGTERM
# checkpoint every job and give exit 75; run again on the same store it goes on, and the outputs are those of a run
# that nobody disturbed; a workload that is run again isn't doubled.
source "$GODWIT_SOURCE/tests/cli/lib.bash"

cat >work.yaml <<'Y'
godwit: 1
jobs:
  plate: {type: heat, args: {n: 64, steps: 500, output: plate.csv}}
  ticker: {type: counter, args: {limit: 1500, delay_us: 2000, print_every: 1}}
Y

expect 0 run work.yaml --hosts 2 --slots 4
out_has "job 1 plate finished: 500 steps"
out_has "job 2 ticker finished: 1,500 steps"
grep -q "u(1/2,1/2) = 0.617516299240" "$GODWIT_STORE/jobs/1/stdout" || fail "the plate's value"
cp plate.csv undisturbed.csv
cp "$GODWIT_STORE/jobs/2/stdout" undisturbed.txt
is "$(wc -l <undisturbed.txt)" 1500
expect 3 ps

# Again: known already, finished already.
expect 0 run work.yaml --hosts 2 --json
is "$(out_json '[(r["job"], r["state"]) for r in d]')" "[(1, 'FINISHED'), (2, 'FINISHED')]"
expect 0 run --hosts 1
out_has "no unfinished job"

expect 1 run crash how=fail --hosts 1
out_has "job 3 crash failed: failed on purpose"
expect 1 run haet --hosts 1
err_has "heat"
expect 3 ps

# Interrupted, by each signal in turn, and gone on with.
export GODWIT_STORE="$work/second"
for signal in INT TERM; do
  "$GODWIT_BIN/godwit" run work.yaml --hosts 2 --slots 4 >interrupted.out 2>interrupted.err &
  runner=$!
  children+=("$runner")
  ticking() { [[ -e $GODWIT_STORE/access.json ]] && steps_above ticker "$1"; }
  [[ $signal == INT ]] && least=100 || least=700
  until_true ticking "$least" 
  kill -"$signal" "$runner"
  code=0
  wait "$runner" || code=$?
  cp interrupted.err err
  is "$code" 75 "after SIG$signal"
  err_has "[12] jobs? checkpointed; 'godwit start' on this store goes on from there"
  expect 3 ps
done
expect 0 run --hosts 2 --slots 4
err_has "unfinished job"
out_has "job 2 ticker finished"
cmp undisturbed.txt "$GODWIT_STORE/jobs/2/stdout" || fail "the ticker's output differs from an undisturbed run's"
cmp undisturbed.csv plate.csv || fail "the plate's output differs from an undisturbed run's"

# Joining a runtime that is there: Ctrl-C leaves it and its jobs alone.
export GODWIT_STORE="$work/third"
expect 0 start --detach --hosts 1
"$GODWIT_BIN/godwit" run sleep seconds=3600 >interrupted.out 2>interrupted.err &
runner=$!
children+=("$runner")
until_true state_is last RUNNING 
kill -INT "$runner"
code=0
wait "$runner" || code=$?
is "$code" 130
is "$(job last 'r["state"]')" RUNNING
expect 0 stop
