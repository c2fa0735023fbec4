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
err_has "no job type 'heet' \(did you mean 'heat'\?\); there is"

# What there is to check, without a runtime; nothing is left behind.
expect 0 types
out_has '^counter +limit=1000 print_every=0 '
expect 0 types heat
out_has '^heat +state version 1 +/.*/heat.so$'
out_has '^ +middle +0 '
expect 1 types heet
err_has "did you mean 'heat'\?"
[[ ! -e $GODWIT_STORE ]] || fail "it made a store"
compgen -G "${TMPDIR:-/tmp}/godwit-types-*" && fail "it left a directory behind"
expect 1 check heat stepz=3
err_has "stepz"
expect 1 check heat output=/somewhere/else.csv
err_has 'give it by a relative path'
expect 2 check heat n=8 n=9
err_has "given twice"
expect 2 check heat --every 0

# One whose number of steps depends on time says so, and only that number isn't compared.
mkfifo address
/usr/bin/python3 -B - "$GODWIT_SOURCE/tests/support" >address <<'END' &
import sys, time
sys.path.insert(0, sys.argv[1])
from web import Page, Web
with Web() as web:
    web.pages["/page"] = Page(bytes(range(256)) * 1024, seconds_per_piece=0.02)
    print(web.url("/page"), flush=True)
    time.sleep(100)
END
server=$!
children+=("$server")
read -r url <address
expect 0 check fetch "url=$url" output=page --every 3
out_has '^undisturbed: finished after [0-9]+ steps, a number that varies$'
out_has '^moved every 3 steps \([0-9]+ moves?\): the same 5 fields, 0 arrays, 1 file'
expect 1 check polling forgets=true --every 2 --plugins "$build/tests/capsule/plugins"
out_has "^steps vary; field 'result' differs: 55 undisturbed, 10 moved every 2 steps"
kill "$server"

# A capsule program of another build is refused at once, with both builds and what to do.
printf '#!/bin/sh\nexit 2\n' >old-capsule
chmod +x old-capsule
GODWIT_CAPSULE=$PWD/old-capsule expect 1 check counter limit=5
err_has 'old-capsule .* but this program is of build [0-9.]+-[0-9a-f]{12}: build both with scripts/build'

# Ended in the middle, it leaves nothing.
mkdir tmp
TMPDIR=$PWD/tmp "$GODWIT_BIN/godwit" check sleep seconds=60 >out 2>err &
check=$!
is_at_work() { compgen -G 'tmp/godwit-trial-*/work' >/dev/null; }
until_true is_at_work
kill -TERM "$check"
code=0
wait "$check" || code=$?
is "$code" 130
[[ -z $(ls tmp) ]] || fail "it left $(ls tmp)"
