# `godwit simulate`: tables, JSON, CSV and pictures of small traces; plain and compressed; complaints that say where. A
# trace whose schedules are worked out in tests/unit/simulate. No runtime, no store.
# shellcheck shell=bash
source "$GODWIT_SOURCE/tests/cli/lib.bash"

# job SUBMIT RUN PROCESSORS ESTIMATE USER
swf() { echo "1 $1 -1 $2 $3 -1 -1 $3 $4 -1 1 $5 1 -1 -1 -1 -1 -1"; }
{
  echo "; MaxProcs: 4"
  swf 0 10 3 10 1
  swf 1 5 2 5 2
  swf 2 8 1 8 1
  swf 3 20 1 20 2
  swf 3 0 1 20 2
} >small.swf

expect 0 simulate small.swf --policy fcfs --json
is "$(out_json '(d["jobs"], d["accounts"], d["left_out"], d["processors"], d["policy"])')" "(4, 2, 1, 4, 'fcfs')"
is "$(out_json '(d["mean_wait_s"], d["makespan_s"], d["utilisation"], d["preemptions"])')" "(6.0, 30.0, 0.5666666666666667, 0)"
is "$(out_json 'round(d["mean_bounded_slowdown"], 6)')" "$(python3 -c 'print(round((1 + 1.4 + 1.6 + 1.35) / 4, 6))')"
is "$(out_json 'd["jain_slowdown"] <= 1 and d["events_per_s"] > 0')" True
is "$(out_json '[a["account"] for a in d["policies"][0]["by_account"]]')" "['user1', 'user2']"
expect 0 simulate small.swf --policy easy --json
is "$(out_json 'd["mean_wait_s"]')" 4.0

gzip -k small.swf
expect 0 simulate small.swf.gz --policy fcfs,easy --policy up-down --json
is "$(out_json '[(p["policy"], p["mean_wait_s"]) for p in d["policies"]][:2]')" "[('fcfs', 6.0), ('easy', 4.0)]"
is "$(out_json '"mean_wait_s" in d')" False
expect 0 simulate small.swf --policy all --csv waits.csv
for policy in up-down 'up-down\+preempt' fair-tree fcfs easy round-robin random decay; do out_has "^$policy "; done
out_has '^user1 '
is "$(head -1 waits.csv)" policy,account,time_s,jobs,mean_wait_s
is "$(grep -c '^easy,user2,' waits.csv)" 2
expect 0 simulate small.swf --policy fcfs --processors 3 --hosts 3 --by group --json
is "$(out_json '(d["jobs"], d["never_fit"], d["accounts"])')" "(2, 2, 1)"

# What is wrong is named.
sed '3s/ 5 / five /' small.swf >wrong.swf
expect 1 simulate wrong.swf
err_has 'wrong.swf, line 3: column 4 \(run time\) is .five.: a whole number is expected'
expect 1 simulate none.swf
err_has 'cannot read none.swf: No such file'
head -c 60 small.swf.gz >cut.swf.gz
expect 1 simulate cut.swf.gz
err_has 'cannot read cut.swf.gz'
sed 1d small.swf >headless.swf
expect 1 simulate headless.swf
err_has 'no MaxProcs in its header: say --processors'
expect 2 simulate small.swf --policy fcsf
err_has "no policy 'fcsf'; did you mean 'fcfs'"
expect 2 simulate
err_has 'either a TRACE or --generate'
expect 2 simulate small.swf --share user1=none
err_has "'user1=none': a whole number of shares"
expect 2 simulate small.swf --interval soon
err_has "not a duration"

# Generated ones.
expect 0 simulate --generate updown --util 0.25 --quanta 2000 --policy round-robin,up-down --json
is "$(out_json 'd["policies"][0]["light_wait_ratio"] > d["policies"][1]["light_wait_ratio"] > 0')" True
expect 0 simulate --generate probing --util 0.5 --jobs 20000 --threshold 1
out_has '^sender +1 +0.50 +1\.'
expect 2 simulate --generate probing --util 1
err_has 'below 1'

# Pictures, where there is gnuplot; without it, how to get it.
mkdir nothing
for program in sh timeout; do ln -s "$(PATH=/usr/bin:/bin command -v $program)" nothing/; done
code=0
(PATH=$PWD/nothing g simulate small.swf --plot waits.svg) >out 2>err || code=$?
is "$code" 1
err_has 'install the package gnuplot-nox'
expect 1 simulate small.swf --plot waits.pdf
err_has "waits.pdf isn't a .svg or .png"
if command -v gnuplot >/dev/null; then
  expect 0 simulate small.swf --policy fcfs,easy --plot waits.svg
  grep -q '<svg' waits.svg && grep -q user2 waits.svg || fail "no picture"
  expect 0 simulate small.swf --policy fcfs --plot waits.png
  [[ $(head -c 4 waits.png | tail -c 3) == PNG ]] || fail "no picture"
else
  echo "skipped: pictures: there is no gnuplot"
fi
[[ ! -e $GODWIT_STORE ]] || fail "it made a store"

# The archive's traces, where they are: exactly what two other simulators say.
if [[ -z ${GODWIT_TRACES:-} ]]; then
  echo "skipped: figures of real traces: GODWIT_TRACES doesn't say where they are"
  exit 0
fi
while read -r trace policy wait slowdown jain; do
  expect 0 simulate "$GODWIT_TRACES/$trace.swf.gz" --policy "$policy" --json
  is "$(out_json '"%.3f %.4f %.4f" % (d["mean_wait_s"], d["mean_bounded_slowdown"], d["jain_slowdown"])')" \
    "$wait $slowdown $jain" "$trace, $policy"
done <<'END'
sdscsp2_5k fcfs 15674.717 140.2490 0.3597
sdscsp2_5k easy 3683.850 18.3168 0.2436
hpc2n3k fcfs 5627.883 47.4055 0.4241
hpc2n3k easy 3547.940 17.0629 0.2444
nasa fcfs 8.081 1.0262 0.9980
nasa easy 4.067 1.0119 0.9996
END
