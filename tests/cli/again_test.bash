# Shows that what has ended begins again. `retry`: a job that failed goes on as the same job, and its output is that of an
# undisturbed run; elements likewise, one by one or by their state; what hasn't ended is refused. `restart`: a new job goes on
# from an old generation, also of a job that has ended, with outputs of its own and other arguments; a generation that is
# damaged, unknown or another job's is refused with file and reason, and the newest that verifies is taken.
source "$GODWIT_SOURCE/tests/cli/lib.bash"

expect 0 start --detach --hosts 1

# A job that is cancelled half-way, and retried.
expect 0 submit counter limit=1000000 delay_us=1000 print_every=1 --name ticker
until_true steps_above ticker 100
expect 1 retry ticker
err_has "job 1 .* hasn't ended: it is RUNNING"
for generation in 1 2 3; do
  expect 0 checkpoint ticker --json
  is "$(out_json 'd[0]["image"]["generation"]')" "$generation"
  until_true steps_above ticker $((200 * generation))
done
expect 0 cancel ticker
until_true state_is ticker CANCELLED
expect 0 retry ticker --json
is "$(out_json 'd[0]["done"]')" True
until_true state_is ticker RUNNING
expect 0 call ticker set_limit 6000
expect 0 wait ticker
out_has "finished: 6,000 steps"
seq 6000 >expected
cmp expected "$GODWIT_STORE/jobs/1/stdout" || fail "the retried job's stdout differs from an undisturbed run's"
expect 0 history ticker
out_has "retried: it waits for a host again"
out_has "went on from generation 3"
expect 1 retry ticker
err_has "has finished: 'godwit restart 1' makes a new job"
expect 1 retry nobody
err_has "no such job: nobody"

# A new job from an old generation of the one that has finished: it counts further.
expect 0 restart ticker --from 1:2 limit=6500 --json
is "$(out_json 'd[0]["clone"]')" 2
expect 0 wait 2
out_has "finished: 6,500 steps"
seq 6500 >expected
cmp expected "$GODWIT_STORE/jobs/2/stdout" || fail "the restarted job's stdout isn't that of an undisturbed run"
cmp <(seq 6000) "$GODWIT_STORE/jobs/1/stdout" || fail "the old job's stdout was touched"
is "$(job ticker 'r["state"]')" FINISHED
expect 0 restart ticker --plugin latest limit=6000
expect 0 wait last
out_has "finished: 6,000 steps"

# What is refused.
expect 1 restart ticker limmit=3
err_has "no parameter 'limmit' \(did you mean 'limit'\?\)"
expect 1 restart ticker --from 9
err_has "no generation 9 in its lineage; it has 3, 2, 1"
expect 2 restart ticker --from nine
err_has "expected a generation such as 12"
expect 2 restart ticker --from 5:1
err_has "a generation of another job"
expect 2 restart ticker --plugin oldest
file=$(find "$GODWIT_STORE/jobs/1/checkpoints" -name '*-3.h5')
printf '\377' | dd of="$file" bs=1 seek=700 conv=notrunc status=none
expect 1 restart ticker --from 3
err_has "$file: .*damaged"
expect 0 restart ticker limit=6000 --json
err_has "set aside: $file"
expect 0 wait last
out_has "finished: 6,000 steps"

# An array of which elements fail until something is put right.
mkdir data
seq 10 >data/1.txt
seq 10 >data/3.txt
expect 0 submit grep pattern=1 'input=data/%{n}.txt' 'output=found-%{n}.txt' --array n=1..3 --name search --crash-limit 1
expect 1 wait search
is "$(job search 'r["elements"]["failed"]')" 1
expect 1 restart search
err_has "more than one job"
seq 10 >data/2.txt
expect 0 retry search@failed
out_has "job [0-9]+_2 waits again"
expect 0 wait search
cmp found-1.txt found-2.txt || fail "the retried element found something else"
expect 1 retry search@failed
err_has "none of search@failed can be retried now"

# Retried after the runtime was stopped and started, too.
expect 0 submit counter limit=100000000 delay_us=1000 --name long
until_true steps_above long 50
expect 0 cancel long
expect 0 stop
expect 3 retry long
expect 0 start --detach --hosts 1
expect 0 retry long --afresh
until_true state_is long RUNNING
expect 0 cancel long
expect 0 stop
