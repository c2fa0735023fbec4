# `godwit check`: each job type of Godwit comes out the same when it is moved at every step; one that forgets a
# member doesn't, and the field is named. No runtime, no store.
# shellcheck shell=bash
source "$GODWIT_SOURCE/tests/cli/lib.bash"
build=${GODWIT_BIN%/bin}

seq -f 'line %g' 50 >input.txt
mkdir plates
while read -r words; do
  # shellcheck disable=SC2086
  expect 0 check $words
  out_has '^undisturbed: '
  out_has '^moved at every step \([0-9]+ moves?\): the same '
done <<'END'
counter limit=20 print_every=3 bytes=5000
heat n=8 steps=20 output=plates/heat.csv output_every=1
grep pattern=4 input=input.txt output=found.txt lines_per_step=5
merge inputs=input.txt,input.txt output=merged.txt
alphabet output=sets.txt sets=2
sleep seconds=0.6
crash how=fail after=3
END
[[ ! -e plates/heat.csv && ! -e found.txt && ! -e $GODWIT_STORE ]] || fail "it wrote into the present directory"

expect 0 check heat n=8 steps=20 --every 7 --restarts
out_has '^moved every 7 steps \(2 moves\)'
out_has '^restarted every 7 steps \([0-9] restarts\): the same 1 field, 1 array, 0 files'

# What isn't described is found.
expect 1 check forgetful forgets=member --plugins "$build/tests/capsule/plugins"
out_has "^steps agree; field 'sum' differs: 45 undisturbed, 9 moved at every step: is a member missing from describe\(\)\?$"
expect 1 check forgetful forgets=output --plugins "$build/tests/capsule/plugins" --keep kept
out_has 'out.csv differs at byte 3 \(line 2\)'
[[ $(sed -n 2p kept/undisturbed/files/out.csv) == 2 && $(sed -n 2p kept/moved-at-every-step/files/out.csv) == 1 ]] ||
  fail "the kept files aren't those of the runs"
expect 1 check forgetful forgets=own_file --restarts --plugins "$build/tests/capsule/plugins"
out_has 'own.log differs'

expect 1 check forgetful forgets=member --plugins "$build/tests/capsule/plugins" --json
is "$(out_json 'd["same"]')" False
is "$(out_json 'd["runs"][1]["moves"]')" 9
is "$(out_json '"45 undisturbed" in d["difference"]')" True
expect 0 check counter limit=5 --json
is "$(out_json '(d["same"], d["difference"], [r["outcome"] for r in d["runs"]])')" "(True, None, ['finished', 'finished'])"

expect 1 check heet
err_has "no job type 'heet'"
expect 1 check heat stepz=3
err_has "stepz"
expect 1 check heat output=/somewhere/else.csv
err_has 'give it by a relative path'
expect 2 check heat n=8 n=9
err_has "given twice"
expect 2 check heat --every 0
