# Shows that the ledger is made shorter while jobs run; that jobs beyond --history are in no list any more, and are known again when
# their workload file is run again; that a snapshot which is damaged is passed over and named; and that a ledger which is lost
# is made again all the same.
source "$GODWIT_SOURCE/tests/cli/lib.bash"

ledger=$GODWIT_STORE/ledger
newest_snapshot() { find "$ledger" -name '*.snapshot' | sort -V | tail -1; }
flip() { printf '\377' | dd of="$1" bs=1 seek=100 conv=notrunc status=none; }
rows() { g ps --json | json 'len(d)'; }
twenty_are_left() { [[ $(rows) -le 21 ]]; }
one_more_makes_two_snapshots() {
  g submit counter limit=1 >/dev/null
  [[ $(find "$ledger" -name '*.snapshot' | wc -l) -ge 2 ]]
}

{
  printf 'godwit: 1\njobs:\n'
  for i in $(seq 60); do printf '  short%d: {type: counter, args: {limit: 2}}\n' "$i"; done
} >many.yaml
expect 2 start --detach --hosts 1 --history soon
err_has "expected a time such as 7d"
expect 0 run many.yaml --hosts 2 --ledger-log 4kB --history 20
err_has "^60 jobs in .*: 60 finished"

expect 0 start --detach --hosts 2 --ledger-log 4kB --history 20
expect 0 submit counter limit=100000000 delay_us=1000 --name long
until_true twenty_are_left
until_true one_more_makes_two_snapshots
until_true twenty_are_left
expect 0 ps long
expect 0 ps short1
out_has "short1 .*FINISHED"
expect 1 cancel short1
err_has "has forgotten all but its name"
expect 1 show 61_1
expect 1 history short1
err_has "job 1 \(short1\) is over, and its history is forgotten"
expect 0 history long
out_has "submitted: counter"
out_has "started from its beginning"
expect 0 history
out_has "runtime 1 began"
expect 0 stop

# Known by its name, and never run again; another job of that name is refused.
expect 0 start --detach --hosts 1
expect 0 submit many.yaml
out_has "job 1 .*is known already"
sed 's/limit: 2/limit: 3/' many.yaml >other.yaml
expect 1 submit other.yaml
err_has "name 'short1' is taken"
expect 0 stop

# A snapshot that is damaged: the one before it, and the log since.
flip "$(newest_snapshot)"
expect 0 doctor
out_has "$(basename "$(newest_snapshot)") is damaged"
expect 0 start --detach --hosts 1
grep -q "snapshot is damaged" "$GODWIT_STORE"/log/*.jsonl "$GODWIT_STORE"/log/* 2>/dev/null || fail "nobody was told"
until_true state_is long RUNNING
expect 0 checkpoint long
expect 0 stop

# All of them: it is said, and the ledger can be made again from the checkpoints.
for snapshot in "$ledger"/*.snapshot; do flip "$snapshot"; done
expect 3 start --detach --hosts 1
err_has "a snapshot is damaged or gone"
err_has "godwit repair"
expect 0 repair
out_has "job 61 counter \"long\""
expect 0 start --detach --hosts 1
until_true state_is long RUNNING
expect 0 stop
