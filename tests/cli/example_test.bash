# Shows that docs/example/sweep.yaml, a workload with most of what one can say, runs: its 300 elements leave
# an output each, in a directory that nobody made, and the job after them reads those.
# shellcheck shell=bash
source "$GODWIT_SOURCE/tests/cli/lib.bash"

mkdir place && cd place
cp "$GODWIT_SOURCE/docs/example/sweep.yaml" .
patience=300 expect 0 run sweep.yaml --hosts 2 --slots 2
is "$(find out -name '*.csv' | wc -l)" 300
is "$(wc -l <out/0.4-100.csv)" 500
is "$(wc -l <report.txt)" 1500
# alpha and seed mean something.
for other in 0.2-1 0.1-2; do
  ! cmp -s out/0.1-1.csv "out/$other.csv" || fail "0.1-1 and $other are the same plate"
done

# The same plates again: the seed, not the job's number, says what they are like.
expect 0 run heat alpha=0.1 seed=1 steps=5000 output=again.csv --hosts 1
cmp out/0.1-1.csv again.csv || fail "the same alpha and seed give another plate"

patience=300 expect 0 run sweep.yaml --hosts 2
is "$(find out -name '*.csv' -newer again.csv | wc -l)" 0 "run again"
