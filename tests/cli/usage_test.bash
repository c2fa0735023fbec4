# Shows that the command line is checked before anything else happens: unknown verbs and flags are answered
# with the nearest known one and exit 2, every verb has help with an example, a store without a runtime gives
# exit 3, and the command links no MPI. No runtime is started.
source "$GODWIT_SOURCE/tests/cli/lib.bash"

expect 2
err_has "a verb is missing"
expect 2 migrat 7
err_has "unknown verb 'migrat'; did you mean 'migrate'"
expect 2 ps --jsno
err_has "unknown flag '--jsno'; did you mean '--json'"
expect 2 migrate
err_has "JOB is required"
expect 2 migrate 7 three
err_has "'three' is not a whole number"
expect 2 ps 7 8
err_has "'8' is one argument too many"
expect 2 ps 7 --host 1
err_has "excludes"
expect 2 submit
expect 2 submit heat steps
err_has "expected key=value"
expect 2 submit heat steps=1 steps=2
err_has "given twice"
expect 2 submit heat --mem 3apples
err_has "not a size"
expect 2 submit heat --checkpoint-every 5
err_has "not a duration"
expect 2 submit heat -J 7up
err_has "can't be a job's name"
expect 2 submit heat -c 0
expect 2 submit missing.yaml
err_has "missing.yaml: No such file"
expect 2 run -- ls
err_has "not supported yet"
expect 2 submit heat --arry 1-3
err_has "unknown flag '--arry'; did you mean '--array'"
[[ ! -e $GODWIT_STORE ]] || fail "a refused command line made a store"

# Each flag of a submission says what it expects.
refuses() {  # PATTERN ARGUMENTS …
  local pattern=$1
  shift
  expect 2 submit heat "$@"
  err_has "$pattern"
}
refuses "--array: '9-1' ends before it begins" --array 9-1
refuses "--array: .*not a range" -a 1..x
refuses "--array: .*need a name" -a x,y
refuses "--array: 'cores=1'|called 'cores'" -a cores=1
refuses "axis 'index' stands twice" -a 1-3 -a 4-6
refuses "%\{sede\} in '%\{sede\}.csv': no axis of that name; did you mean %\{seed\}" 'output=%{sede}.csv' -a seed=1..3
refuses "has 16000000 elements, at most" -a a=1..4000 -a b=1..4000
refuses "--each-line: none.txt: No such file" --each-line none.txt
: >empty.txt
refuses "empty.txt has no lines" --each-line empty.txt
refuses "would all write to out.txt; put %\{seed\} or %\{index\}" -a seed=1..3 --stdout out.txt
refuses "--max-failed goes with an array" --max-failed 3
refuses "'-1' is not a whole number" -a 1-3 --max-failed -1
refuses "--time-limit: 'soon' is not a duration" -t soon
refuses "--step-limit: '5' is not a duration" --step-limit 5
refuses "--after: 'never' is nothing to wait for; expected finished or ended" -d 7:never
refuses "--after: a job is missing" --after 7,
refuses "--resource: '0' is no count of gpu" --resource gpu=0
refuses "--apart: '7up' can't be a group's name" --apart 7up
refuses "--priority" --priority high
refuses "--env A: expected KEY=VALUE" --env A
refuses "--checkpoint-every: 'often' is not a duration" --checkpoint-every often
printf 'godwit: 1\njobs:\n  a: {type: heat}\n' >good.yaml
expect 2 submit good.yaml --array 1-3
err_has "--array doesn't go with a workload file: write it into good.yaml"
expect 2 run --name x
err_has "--name is given, but no job type"
cat >many.yaml <<'Y'
godwit: 1
jobs:
  a: {type: heat, array: {sed: 1..}, after: [b]}
  c:
    program: ls
    max_faild: 3
Y
expect 2 run many.yaml
err_has "^godwit: many.yaml:3: jobs.a.array.sed: '1..' is not a range"
err_has "^many.yaml:3: jobs.a.after: no job of this file is named 'b'"
err_has "^many.yaml:5: jobs.c.program: not supported yet"
err_has "^many.yaml:6: jobs.c.max_faild: unknown key; did you mean 'max_failed'"
printf 'godwit: 1\njobs:\n  a: {tpye: heat}\n' >bad.yaml
expect 2 run bad.yaml
err_has "bad.yaml:3: jobs.a.tpye: unknown key; did you mean 'type'"
[[ ! -e $GODWIT_STORE ]] || fail "a refused command line made a store"

verbs="start stop run submit create ps hosts show logs wait history migrate checkpoint suspend resume cancel remove check clone
  shares explain accounts drain undrain call types simulate inspect doctor shell help"
for verb in $verbs; do
  expect 0 "$verb" --help
  out_has "Example:"
  expect 0 help "$verb"
  cp out help.txt
  expect 0 "$verb" --help
  cmp -s help.txt out || fail "help $verb differs from $verb --help"
  expect 0 help --man "$verb"
  out_has "^\.TH GODWIT"
  out_has "^\.SH EXAMPLE"
done
for verb in list show diff verify export; do
  expect 0 inspect "$verb" --help
  out_has "Example:"
  expect 0 help --man inspect "$verb"
  out_has "^\.SH EXAMPLE"
done
expect 0 help
out_has "migrate"
! grep -q "complete" out || fail "a hidden verb shows"
expect 0 help workload
out_has "max_failed: N"
expect 0 help --man workload
out_has "^\.TH GODWIT"
g help --man workload >manual
for key in $(g help workload | sed -n 's/^  \([a-z_]*\): .*/\1/p'); do
  grep -q "^\\\\fB$key\\\\fR" manual || fail "the manual page lacks $key"
done
g help --man run >manual
! LC_ALL=C grep -q '[^ -~]' manual || fail "a manual page has letters that not every troff knows"
expect 2 help migrat
err_has "no help on 'migrat'; did you mean 'migrate'"
expect 2 explian 7
err_has "unknown verb 'explian'"
expect 0 --help
expect 0 --version
out_has "godwit [0-9]+\.[0-9]+"

# What a word may become, without a runtime.
expect 0 complete sus
is "$(cat out)" suspend
expect 0 complete submit --ar
is "$(cat out)" --array
expect 0 complete inspect sh
is "$(cat out)" show
expect 0 complete show la
is "$(cat out)" last
expect 0 complete undr
is "$(cat out)" undrain
expect 0 complete explain la
is "$(cat out)" last

# The shell on a pipe: no prompt, the last verb's exit code, quotes.
shell() {  # CODE, the lines on stdin
  local code=0
  g shell >out 2>err || code=$?
  is "$code" "$1"
}
printf '# a remark\n\nhelp migrate\nexit\nps\n' | shell 0
out_has "Move a job to another host"
[[ ! -s err ]] || fail "the shell went on after exit"
printf 'ps\n' | shell 3
printf 'submit heat "output=a b.csv\n' | shell 2
err_has "the quote \" is not closed"
printf 'submit heat -J "7 up"\n' | shell 2
err_has "'7 up' can't be a job's name"
printf 'shell\n' | shell 2
err_has "this is the shell already"
! grep -q "godwit>" out || fail "a prompt on a pipe"

# History and doctor without a runtime; doctor leaves nothing behind.
expect 1 history
err_has "there is no ledger in $GODWIT_STORE"
mkdir place
patience=120 expect 0 doctor --store place/store
out_has "^ok +mpirun +Open MPI"
out_has "^ok +job types +.*counter"
out_has "^(ok|warn) +changed pages"
out_has "^ok +store +$work/place/store \(to be made in $work/place\)"
out_has "^ok +appending"
out_has "^ok +hdf5 +HDF5 1\..*: a file was written and read"
out_has "^ok +runtime +none runs"
out_has "^all is well"
is "$(find place -mindepth 1 | wc -l)" 0 "doctor left something in the store"
patience=120 expect 1 doctor --store /proc/nothing --json
is "$(out_json '[r["topic"] for r in d if r["verdict"] == "fail"]')" "['store']"
is "$(out_json 'all(r["advice"] for r in d if r["verdict"] != "ok")')" True

for arguments in ps hosts "show 1" "wait" "migrate 1" "checkpoint 1" "suspend 1" "resume 1" "cancel 1" "call 1 get" \
  stop shares "explain 1" "drain 1" "undrain 1" "submit sleep seconds=1" "logs 1" "logs plate" "ps 7" "ps --host 1"; do
  # shellcheck disable=SC2086
  expect 3 $arguments
  err_has "no runtime"
done
expect 3 ps --json
is "$(out_json 'd["error"]["code"]')" unreachable

ldd "$GODWIT_BIN/godwit" >"$work/out"
! grep -qi 'libmpi' "$work/out" || fail "godwit links MPI"
readelf -d "$GODWIT_BIN/godwit" >"$work/out"
! grep -qi 'libmpi' "$work/out" || fail "godwit names MPI"
