# Shows what is kept of a job's generations: by --keep while it runs, by `godwit prune` on command and without a runtime; that
# --dry-run deletes nothing, that the newest which verifies stays whatever is wished for, that what a crashed writer left is
# swept and what another may be writing isn't, and that the job goes on from what is left.
source "$GODWIT_SOURCE/tests/cli/lib.bash"

files_of() { find "$GODWIT_STORE/jobs/$1/checkpoints" -name '*.h5' -printf '%f\n' | sort -V | sed 's/^.*-\(.*\)\.h5/\1/' | paste -sd' '; }
kept() { [[ $(files_of "$1") == "$2" ]]; }

expect 0 start --detach --hosts 1
expect 0 submit counter limit=100000000 delay_us=1000 --name few --keep 2 --keep-every 3
until_true steps_above few 10
for generation in 1 2 3 4 5 6 7; do expect 0 checkpoint few; done
until_true kept 1 "3 6 7"
is "$(job few '[i["generation"] for i in r["images"]]')" "[7, 6, 3]"
expect 0 history few
out_has "generations thrown away"

expect 0 submit counter limit=100000000 delay_us=1000 print_every=1 --name many
until_true steps_above many 10
for generation in 1 2 3 4 5; do expect 0 checkpoint many; done
expect 0 prune many
out_has "keeps all of its 5 generations"
expect 0 prune many --keep 2 --dry-run --json
is "$(out_json '[i["generation"] for i in d[0]["removed"]]')" "[3, 2, 1]"
kept 2 "1 2 3 4 5" || fail "--dry-run has deleted something: $(files_of 2)"
expect 2 prune many --keep-every 3
err_has "goes with --keep"
expect 2 prune many --quota lots
expect 1 prune nobody --keep 1
err_has "no such job: nobody"
expect 0 prune many --keep 3
kept 2 "3 4 5" || fail "there is $(files_of 2)"

# The newest is damaged: what verifies stays.
flip() { printf '\377' | dd of="$1" bs=1 seek=700 conv=notrunc status=none; }
flip "$(find "$GODWIT_STORE/jobs/2/checkpoints" -name '*-5.h5')"
expect 0 prune many --keep 1
kept 2 "4 5" || fail "there is $(files_of 2)"
expect 0 stop
kept 2 "4 5 6" || fail "there is $(files_of 2)"

# Without a runtime; what crashed writers left goes, what a live one writes stays.
folder=$GODWIT_STORE/jobs/2/checkpoints
node=$(hostname)
bash -c 'exit 0' & gone=$!
wait "$gone"
touch -d '10 minutes ago' "$folder/.1-9.h5.$node.$gone-0.tmp" "$folder/.1-9.h5.$node.$$-0.tmp" "$folder/.1-9.h5.other.$gone-0.tmp"
expect 0 prune --keep 1
out_has "job 2 lost 2 generations"
kept 2 "6" || fail "there is $(files_of 2)"
[[ ! -e $folder/.1-9.h5.$node.$gone-0.tmp ]] || fail "what a crashed writer left is still there"
[[ -e $folder/.1-9.h5.$node.$$-0.tmp && -e $folder/.1-9.h5.other.$gone-0.tmp ]] || fail "what others may be writing was deleted"

# None verifies: none is thrown away.
expect 0 start --detach --hosts 1
until_true state_is many RUNNING
for generation in 7 8; do expect 0 checkpoint many; done
expect 0 suspend many
g stop >/dev/null
for file in "$folder"/*.h5; do flip "$file"; done
before=$(files_of 2)
expect 1 prune many --keep 1
err_has "no generation of job 2 verifies: none is thrown away"
is "$(files_of 2)" "$before"

# The quota of the store: the oldest go until the rest fits, and the newest stays.
export GODWIT_STORE="$work/small"
fits() {
  local bytes
  bytes=$(find "$GODWIT_STORE/jobs/1/checkpoints" -name '*.h5' -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
  [[ $bytes -le 60000 && $(files_of 1) == *" 8" && $(files_of 1) != 1* ]]
}
expect 0 start --detach --hosts 1 --store-quota 60kB
expect 0 submit counter limit=100000000 delay_us=1000 print_every=1 --name talker
until_true steps_above talker 10
for generation in 1 2 3 4 5 6 7 8; do expect 0 checkpoint talker; done
until_true fits
expect 0 stop
