# Shows arrays from both ends: the flags of submit and the keys of a workload file, one row each in `ps`, elements by
# reference, dependencies, an array whose elements fail, `run` following it all, the same workload run again, and what
# history tells of it, with the runtime and when it is gone.
source "$GODWIT_SOURCE/tests/cli/lib.bash"

expect 0 start --detach --hosts 2 --slots 4

# Flags: every combination; a value is the argument of its name, or stands in texts.
printf 'one\n\ntwo\n' >words.txt
expect 0 submit counter --each-line words.txt -a limit=3..9..3 --env 'WORD=%{line}' -J many --json
is "$(out_json '[(r["job"], r["name"], r["jobs"], r["adopted"]) for r in d]')" "[(1, 'many', 6, False)]"
expect 0 wait many
out_has "^job 1 many finished: 6 jobs"
expect 0 ps
out_has "^ +1 +counter +many +6 finished +– +– +100.0 % +\[limit=3..9..3 line=one,two\]$"
expect 0 ps many --elements --json
is "$(out_json '[(r["job"], r["arguments"]["limit"], r["environment"]["WORD"], r["state"], r["steps"]) for r in d if r["job"] == "1_4"]')" \
  "[('1_4', '6', 'two', 'FINISHED', 6)]"
is "$(out_json 'len([r for r in d if str(r["job"]).startswith("1_")])')" 6
expect 0 ps many_2-3 --elements
is "$(grep -c FINISHED out)" 2
expect 0 show many
out_has "array +6 jobs: limit=3..9..3 line=one,two"
out_has "elements +6 finished"
expect 0 show many --json
is "$(out_json '(d[0]["elements"]["finished"], [a["name"] for a in d[0]["axes"]])')" "(6, ['limit', 'line'])"
expect 0 show 1_4
out_has "^job 1_4 counter"
out_has "environment +WORD=two"

expect 0 submit sleep seconds=3600 -a 1-100 -c 1 -J naps
out_has "^job 2 naps submitted: 100 jobs$"
# Waits for what would end in days; then for one that was cancelled.
expect 0 submit counter limit=1 -J after-finish -d naps
expect 0 submit counter limit=1 -J after-end -d 2:ended,many
expect 0 show after-end
out_has "after +2 has ended, many has finished"
some_run() { [[ $(g show naps --json | json 'd[0]["elements"]["running"]') -gt 0 ]]; }
until_true some_run
is "$(job after-end 'r["state"]')" WAITING
expect 0 cancel naps_51-100
expect 0 ps naps@cancelled --elements --json
is "$(out_json '{r["state"] for r in d if r["job"] != 2}')" "{'CANCELLED'}"
expect 1 cancel naps@finished
expect 1 show naps_101
err_has "naps_101.*1\.\.100"
expect 1 show naps@funished
err_has "finished"
expect 0 cancel naps
expect 1 wait naps after-end
out_has "^job 2 naps: 100 jobs: 100 cancelled"
out_has "^job 4 after-end finished"
expect 1 wait after-finish
expect 1 submit counter limit=1 -d nobody
err_has "nobody"

# Too many fail: no more start. Twenty are named, the rest are counted.
expect 0 submit crash how=fail 'after=0' -a 1-200 -J bad --max-failed 30
expect 1 wait bad
is "$(grep -c '^job 5_[0-9]* bad failed: failed on purpose' out)" 20
out_has "^job 5 bad: 200 jobs: .*[0-9]+ failed, [0-9]+ cancelled"
out_has "more failed: godwit ps bad@failed --elements"
expect 0 show bad --json
is "$(out_json '30 < d[0]["elements"]["failed"] < 60 and d[0]["elements"]["failed"] + d[0]["elements"]["cancelled"] == 200')" True
expect 0 history
out_has "submit"
out_has "cancel naps_51-100"
out_has "cancel naps@finished — refused: "
expect 0 history naps --json
is "$(out_json 'd[0]["event"]')" submitted
expect 0 history bad
out_has "submitted: 200 jobs \[index=1..200\]: crash after=0 how=fail, named bad"
out_has "5_[0-9]+ +1 +failed after 0 steps: failed on purpose"
out_has "^of its elements: .*failed, .*'godwit history 5_1' tells one's"
expect 0 stop

# A workload file, as in the manual, followed to its end; three elements fail.
export GODWIT_STORE="$work/second"
mkdir results systems systems/a systems/b
cat >sweep.yaml <<'Y'
godwit: 1
accounts:
  chem:      {shares: 3}
  chem/anna: {shares: 2, hosts: [1, 2]}
defaults:
  account: chem/anna
  memory: 1GiB
  checkpoint: {every: auto, keep: 2, partner: true}
jobs:
  report:
    type: grep
    args: {pattern: "^20,", input: results/0.1-1.csv, output: report.txt}
    after: {sweep: finished, md: ended}
  sweep:
    type: heat
    array: {r: [0.1, 0.2], seed: 1..10}
    args: {n: 16, steps: 20, output: "results/%{r}-%{seed}.csv"}
    checkpoint: {every: 10min}
    max_failed: 10
  md:
    type: crash
    array: {dir: {glob: systems/*/}, how: [fail, throw]}
    cwd: "%{dir}"
    crash_limit: 0
Y
expect 1 run sweep.yaml --hosts 2 --slots 4
out_has "^job 2 sweep finished: 20 jobs"
is "$(grep -c '^job 3_[1-4] md failed: ' out)" 4
out_has "^job 3 md: 4 jobs: 4 failed"
out_has "^job 1 report finished"
err_has "^25 jobs in .*: 21 finished, 4 failed; .* jobs/s$"
is "$(find results -name '*.csv' | wc -l)" 20
[[ -s report.txt ]] || fail "the report came before what it waits for"

# Again: all is known, nothing is done twice. A changed job that has started is refused by name; one more is taken.
expect 1 run sweep.yaml --hosts 1 --json
is "$(out_json '[(r["job"], r["name"], r.get("elements", {}).get("failed")) for r in d]')" \
  "[(1, 'report', None), (2, 'sweep', 0), (3, 'md', 4)]"
sed -i 's/steps: 20,/steps: 40,/' sweep.yaml
expect 1 run sweep.yaml --hosts 1
err_has "sweep"
sed -i 's/steps: 40,/steps: 20,/; $ a \  more: {type: counter, args: {limit: 5}, after: [sweep]}' sweep.yaml
expect 1 run sweep.yaml --hosts 1
out_has "^job 4 more finished"

# Without a runtime.
expect 3 ps
expect 0 history md_1
out_has "submitted, 1 of 4: crash how=fail, named md, for chem/anna"
out_has "given to host [12]"
out_has "started from its beginning"
out_has "failed after 0 steps: failed on purpose"
expect 0 history report --json
is "$(out_json '[e["event"] for e in d][:1] + [e["event"] for e in d][-1:]')" "['submitted', 'finished']"
is "$(out_json 'all(e["at"] for e in d)')" True
expect 0 history --json
is "$(out_json '[e["event"] for e in d if e["event"].startswith("world")]')" \
  "['world_began', 'world_ended', 'world_began', 'world_ended', 'world_began', 'world_ended', 'world_began', 'world_ended']"
is "$(out_json 'all(e["who"] for e in d if e["event"] == "commanded")')" True
expect 1 history nobody
err_has "no such job: nobody"
expect 1 history md_5
err_has "no such job: md_5"
