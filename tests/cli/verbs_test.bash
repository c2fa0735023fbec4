# Shows each verb doing what it says, through mpirun, godwitd and capsules: what it prints, what its --json
# holds, and that a job that was moved, suspended, checkpointed and called still counts every step once.
source "$GODWIT_SOURCE/tests/cli/lib.bash"

expect 0 start --detach --hosts 3 --slots 4
out_has "3 hosts up"
expect 0 hosts --json
is "$(out_json 'sorted(r["host"] for r in d)')" "[1, 2, 3]"
is "$(out_json 'all(k in r for r in d for k in "host pid node state load jobs".split())')" True
is "$(out_json '{r["state"] for r in d}')" "{'alive'}"
is "$(out_json 'all(0 < r["node_load"]["memory_free_bytes"] <= r["node_load"]["memory_bytes"] for r in d)')" True
expect 0 hosts
out_has "^HOST +PID +NODE +STATE +LOAD +BUSY +MEMORY FREE +JOBS"
expect 0 ps
out_has "^JOB +TYPE +NAME +STATE +HOST +STEPS +PROGRESS +ARGS"
expect 0 ps --json
is "$(out_json 'd')" "[]"

expect 0 types
for type in counter grep heat sleep crash; do out_has "^$type "; done
expect 0 types heat
out_has "steps +integer +500"
expect 0 types counter --json
is "$(out_json '[p["default"] for p in d[0]["parameters"] if p["name"] == "limit"]')" "['1000']"

expect 0 submit counter limit=1000000000 delay_us=1000 print_every=100 --name ticker --host 1 -A chem --env A=1 --env B=2
out_has "job 1 ticker submitted"
until_true state_is ticker RUNNING
is "$(job ticker '(r["job"], r["host"], r["account"], r["directory"])')" "(1, 1, 'chem', '$work')"
until_true steps_above ticker 10
expect 0 ps
out_has "^ +1 +counter +ticker +RUNNING +1 "
expect 0 ps --host 2 --json
is "$(out_json 'd')" "[]"

expect 0 migrate ticker 3
out_has "^job 1 moved 1 → 3: .*stopped$"
is "$(job ticker 'r["host"]')" 3
expect 0 migrate ticker --json
is "$(out_json '(d[0]["job"], d[0]["done"], d[0]["from"], d[0]["to"] in (1, 2))')" "(1, True, 3, True)"
is "$(out_json 'd[0]["bytes"] > 0 and d[0]["stopped_ms"] > 0')" True
is "$(job 1 'r["moves"]')" 2

expect 0 checkpoint last
out_has "^job 1 generation 1"
is "$(job 1 'r["images"][0]["generation"]')" 1
[[ -s $GODWIT_STORE/$(job 1 'r["images"][0]["path"]') ]] || fail "no checkpoint file"

expect 0 suspend ticker
out_has "^job 1 suspended"
until_true state_is ticker SUSPENDED
before=$(g call ticker get || true)
expect 0 migrate ticker 3
is "$(job ticker 'r["state"]')" SUSPENDED
expect 0 resume ticker
until_true state_is ticker RUNNING
after=$(g call ticker get)
[[ -z $before || $after -ge $before ]] || fail "counted back from $before to $after"

expect 0 logs ticker
is "$(sort "$work/out" | uniq -d | wc -l)" 0 "a line is there twice"
expect 0 call ticker set -5
expect 0 call ticker get --json
is "$(out_json 'int(d[0]["answer"]) >= -5')" True
expect 0 call ticker set 5000
expect 0 call ticker set_limit 5200
expect 0 logs ticker -f
out_has "^5200$"
expect 0 wait ticker
out_has "^job 1 ticker finished: "
expect 0 show ticker
out_has 'job 1 counter "ticker" +FINISHED'
out_has "image +1:1 "

expect 0 create sleep seconds=3600 --name sleeper
until_true state_is sleeper RUNNING
expect 0 remove sleeper
out_has "^job 2 cancelled"
expect 1 wait 2 --json
is "$(out_json 'd[0]["state"]')" CANCELLED
expect 1 wait
out_has "job 1 ticker finished"

expect 0 stop
out_has "there was no running job to checkpoint"
expect 3 ps
expect 0 logs 1
out_has "^5200$"
expect 0 logs ticker
out_has "^5200$"
expect 1 logs nobody
err_has "no such job: nobody"
expect 3 logs 77
