# Shows what a submission may ask for beyond its arguments, by flag and by workload file: limits of time and of a step,
# streams of its own, checkpoints as often as pays; and where each is seen again.
source "$GODWIT_SOURCE/tests/cli/lib.bash"

expect 0 start --detach --hosts 2 --slots 4

expect 0 submit counter limit=1000000000 delay_us=1000 -J brief --time-limit 300ms --checkpoint-every auto --mem 64MiB -c 2
expect 1 wait brief
out_has "^job 1 brief failed: time limit of 300 ms passed"
expect 0 show brief
out_has "time limit +300 ms"
out_has "checkpoints +as often as pays"
out_has "memory +at most 64.0 MiB"
is "$(job brief '(r["time_limit_ms"], r["checkpoint_every_ms"], r["memory_bytes"], r["cores"])')" "(300.0, 'auto', 67108864, 2)"

expect 0 submit crash how=hang -J stuck --step-limit 300ms --crash-limit 0
expect 1 wait stuck
out_has "^job 2 stuck failed: .*step limit of 300 ms passed"
is "$(job stuck 'r["step_limit_ms"]')" 300.0

expect 0 submit counter print_every=1 -a limit=1..3 -J told --stdout 'said-%{limit}.txt' --stderr /dev/null
expect 0 wait told
is "$(cat said-3.txt | paste -sd' ')" "1 2 3"
is "$(job told_2 'r["stdout"]')" said-2.txt
expect 0 logs told_2
is "$(cat out | paste -sd' ')" "1 2"

cat >limits.yaml <<'Y'
godwit: 1
defaults: {time_limit: 200ms, stdout: "%{index}.log"}
jobs:
  many:
    type: counter
    array: {delay_us: [1000, 2000]}
    args: {limit: 1000000000}
    max_failed: 5
  free: {type: counter, args: {limit: 3, print_every: 1}, time_limit: never, stdout: free.log, checkpoint: {every: 10min}}
Y
expect 1 run limits.yaml
is "$(grep -c 'job 4_[12] many failed: time limit of 200 ms passed' out)" 2
out_has "^job 5 free finished"
is "$(paste -sd' ' free.log)" "1 2 3"
expect 0 show free
out_has "checkpoints +every 10 min"
expect 0 stop

# Without a runtime the ledger says who that was, and where to.
expect 0 logs told_2
is "$(cat out | paste -sd' ')" "1 2"
expect 0 logs 3_3
is "$(cat out | paste -sd' ')" "1 2 3"
expect 0 logs free
is "$(cat out | paste -sd' ')" "1 2 3"
for several in told 3; do
  expect 1 logs $several
  err_has "'$several' stands for 3 jobs; name one"
done
