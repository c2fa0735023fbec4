# Shows that bad requests are refused with the reason, exit 1, and that nothing is lost by them: a job that runs
# beside them runs on, and no refused submission leaves a job behind.
source "$GODWIT_SOURCE/tests/cli/lib.bash"

expect 0 start --detach --hosts 2 --slots 8
expect 0 submit counter limit=1000000000 delay_us=1000 --name bystander
until_true steps_above bystander 10

# Submissions that can't be.
expect 1 submit haet
err_has "haet.*heat"
expect 1 submit counter limt=3
err_has "limt.*limit"
expect 1 submit counter limit=many
err_has "limit.*many"
expect 1 submit sleep
err_has "seconds"
expect 1 submit counter --host 9
err_has "host 9 does not exist"
printf 'godwit: 1\njobs:\n  good: {type: counter}\n  bad: {type: counter, args: {limt: 3}}\n' >half.yaml
expect 1 submit half.yaml
err_has "limt"
expect 1 submit counter limt=3 --json
is "$(out_json 'd["error"]["code"] != "" and "limt" in d["error"]["message"]')" True
is "$(g ps --json | json 'len(d)')" 1 "a refused submission left a job behind"

# Jobs and hosts that aren't there.
for verb in migrate checkpoint suspend resume cancel show wait logs; do
  expect 1 "$verb" 99
  err_has "no such job: 99"
  expect 1 "$verb" nobody
  err_has "no such job: nobody"
done
expect 1 call 99 get
err_has "no such job: 99"
expect 1 migrate bystander 9
err_has "host 9 does not exist: hosts are 1..2"
expect 1 migrate bystander 0
expect 1 migrate bystander "$(job bystander 'r["host"]')"
err_has "already"
expect 1 call bystander nothing
err_has "nothing"
expect 1 call bystander set many
err_has "many"
expect 1 call bystander set
expect 1 resume bystander
err_has "not suspended"
expect 1 types haet
err_has "haet"

# Jobs that fail once they run: the reason reaches the user.
expect 0 submit grep pattern=x input=missing.txt output=out.txt --name reader
expect 1 wait reader
out_has "job [0-9]+ reader failed: .*missing.txt"
expect 0 submit heat output="$work/missing/dir/plate.csv" --name writer
expect 1 wait writer
out_has "job [0-9]+ writer failed: .*missing/dir"
expect 0 submit grep pattern=x input=/dev/null output=out.txt --name device
expect 1 wait device
out_has "not a regular file"
expect 0 submit heat n=3 --name odd
expect 1 wait odd
out_has "n must be even"
echo text >text.txt
expect 0 submit grep 'pattern=(' input=text.txt output=out.txt --name pattern
expect 1 wait pattern
out_has "failed: .*pattern"
expect 0 submit counter -D "$work/nowhere" --name lost
expect 1 wait lost
out_has "nowhere"
expect 0 submit crash how=segv after=3 --name segv
expect 1 wait segv
out_has "SIGSEGV"
out_has "\| about to segv after 3 steps"
expect 0 submit crash how=exit --crash-limit 1 --name exits
expect 1 wait exits
out_has "status 3"
expect 0 submit crash how=throw --name throws
expect 1 wait throws
out_has "thrown on purpose"
expect 0 submit crash how=fail --name fails
expect 1 wait fails
out_has "failed on purpose"
expect 1 migrate fails 2
err_has "already failed"
expect 1 cancel fails
err_has "already failed"
expect 1 checkpoint fails
err_has "already failed"

# All the while:
is "$(job bystander '(r["state"], r["crashes"])')" "('RUNNING', 0)"
expect 1 start --detach
err_has "already running"
expect 1 start --detach --store /proc/godwit
err_has "can't be written"
expect 0 stop
out_has "1 job checkpointed"
