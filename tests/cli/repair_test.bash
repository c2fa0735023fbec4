# Shows that a store whose ledger is lost in the middle of a run, all of its processes killed, is repaired from its checkpoints
# alone: jobs, elements of arrays and what they were submitted with come back, the newest generation that verifies is gone on
# from, and all outputs are those of an undisturbed run. And when `repair` refuses, what --dry-run leaves, and what
# `inspect verify --all` says of the store before.
source "$GODWIT_SOURCE/tests/cli/lib.bash"

# Open MPI leaves its shared memory behind where mpirun is killed: here it goes with the rest.
export OMPI_MCA_btl_vader_backing_directory="$work"

kill_everything() {  # SIGKILL, so that nothing is saved or said; mpirun first, or it would notice
  local pids
  pids=$(pgrep -f -- "--store $GODWIT_STORE( |\$)" || true)
  # shellcheck disable=SC2086
  kill -KILL $pids 2>/dev/null || true
  for pid in $pids; do until_true ended "$pid"; done
}
generations_above() { [[ $(find "$GODWIT_STORE/jobs/$1/checkpoints" -name '*.h5' 2>/dev/null | wc -l) -gt $2 ]]; }

expect 2 repair
err_has "no store"
expect 0 start --detach --hosts 2 --overbook 300
expect 1 repair
err_has "a runtime uses store"
expect 0 submit counter limit=1000000 delay_us=1000 print_every=1 --name ticker --checkpoint-every 300ms --keep 3 --env COLOUR=blue
expect 0 submit counter limit=1000000 delay_us=1000 print_every=1 --array 1-2 --name pair --checkpoint-every 300ms
expect 0 submit counter limit=3000000 delay_us=1000 print_every=1 --name unsaved
until_true generations_above 1 2
until_true generations_above 2_1 1
until_true generations_above 2_2 1
until_true steps_above unsaved 10
kill_everything

# One is torn, besides.
torn=$(find "$GODWIT_STORE/jobs/1/checkpoints" -name '*.h5' | sort -V | tail -1)
truncate -s -100 "$torn"
expect 1 inspect verify --all
out_has "✗ $torn: truncated"
out_has "generations of 3 jobs verify"
expect 1 inspect verify --all --json
is "$(out_json 'd["bad"], len(d["failures"]), d["jobs"], d["jobs_without_a_good_one"]')" "(1, 1, 3, [])"

# As long as the ledger can be read nothing is repaired.
expect 1 repair
err_has "can be read, and knows of jobs: there is nothing to repair"
rm -r "$GODWIT_STORE/ledger"
expect 0 repair --dry-run --json
is "$(out_json 'sorted((str(j["job"]), j["name"]) for j in d["jobs"])')" "[('1', 'ticker'), ('2_1', 'pair'), ('2_2', 'pair')]"
[[ ! -e $GODWIT_STORE/ledger ]] || fail "--dry-run made a ledger"
expect 0 repair
out_has "^job 1 counter \"ticker\": goes on from generation"
out_has "no checkpoint that can be read: job 3"
err_has "set aside: $torn"
expect 1 repair
err_has "there is nothing to repair"

expect 0 start --detach --hosts 2
for name in ticker pair_1 pair_2; do
  until_true state_is "$name" RUNNING
  expect 0 call "$name" set_limit 6000
done
expect 0 wait ticker pair
seq 6000 >expected
cmp expected "$GODWIT_STORE/jobs/1/stdout" || fail "the output differs from an undisturbed run's"
for element in 1 2; do
  g logs "pair_$element" >got
  cmp expected got || fail "element $element differs from an undisturbed run"
done
expect 0 history ticker
out_has "found in its checkpoints"
expect 0 submit counter limit=3 --json
is "$(out_json 'd[0]["job"]')" 4 "numbers that were given aren't given again"
expect 0 stop

# A ledger that is damaged: its logs are put aside.
log=$(find "$GODWIT_STORE/ledger" -maxdepth 1 -name '*.log' | sort | tail -1)
printf '\377\377\377\377' | dd of="$log" bs=1 seek=60 conv=notrunc status=none
expect 3 start --detach --hosts 1
expect 0 repair ticker --json
is "$(out_json '[j["job"] for j in d["jobs"]]')" "[1]"
[[ -s $(out_json 'd["former_logs"]')/$(basename "$log") ]] || fail "the damaged log is gone"
expect 0 start --detach --hosts 1
expect 0 wait ticker
cmp expected "$GODWIT_STORE/jobs/1/stdout" || fail "the output differs from an undisturbed run's"
expect 0 stop
