# Shows `godwit start` and `godwit stop`: in the foreground until a signal or `stop`, detached, a second runtime on the
# same store refused, jobs gone on with after a stop, and an early end explained.
source "$GODWIT_SOURCE/tests/cli/lib.bash"

(ulimit -Sn 512 && exec "$GODWIT_BIN/godwit" start --hosts 2) >start.out 2>start.err &
starter=$!
children+=("$starter")
up() { grep -q "2 hosts up" start.out; }
until_true up
expect 1 start --hosts 1 --detach
err_has "already running on $GODWIT_STORE"
expect 0 submit counter limit=1000000 delay_us=1000 --name ticker --checkpoint-every 200ms
until_true steps_above ticker 50
# A host takes all descriptors that it may have; jobs have as many as whoever started it.
open_files() { awk -v column="$2" '/^Max open files/ {print $column}' "/proc/$1/limits"; }
of_rank() { json "d['ranks'][$1]['$2']" <"$GODWIT_STORE/ledger/world.json"; }
is "$(open_files "$(of_rank 1 pid)" 4)" "$(open_files "$(of_rank 1 pid)" 5)"
is "$(open_files "$(of_rank 1 zygote)" 4)" 512
# Rank 0, which knows of all jobs, asks for large pages where they have to be asked for; what it starts doesn't.
if [[ -z ${GLIBC_TUNABLES:-} ]] && grep -qF '[madvise]' /sys/kernel/mm/transparent_hugepage/enabled; then
  flags_of_heap() { awk '/\[heap\]$/ {heap = 1} heap && /^VmFlags:/ {print; exit}' "/proc/$1/smaps"; }
  [[ $(flags_of_heap "$(of_rank 0 pid)") == *" hg "* ]] || fail "rank 0 has not asked for large pages"
  [[ $(flags_of_heap "$(of_rank 1 pid)") != *" hg "* ]] || fail "a host has asked for large pages"
  ! grep -qz '^GLIBC_TUNABLES=' "/proc/$(of_rank 0 zygote)/environ" || fail "what rank 0 starts asks for large pages, too"
fi
images() { [[ $(job ticker 'len(r.get("images", []))') -gt 0 ]]; }
until_true images
kill -INT "$starter"
code=0
wait "$starter" || code=$?
is "$code" 0 "start, after Ctrl-C"
grep -q "1 job checkpointed" start.out || fail "no word of the checkpoint"
expect 3 hosts

# On with it, with other hosts than before; the steps count on.
expect 0 start --detach --hosts 1
until_true state_is ticker RUNNING
until_true steps_above ticker 50
expect 0 stop
out_has "1 job checkpointed; 'godwit start' on this store goes on from there"
expect 3 hosts
expect 0 start --detach --hosts 3
until_true state_is ticker RUNNING
expect 0 cancel ticker

# Ended by somebody else's stop, the foreground start ends too.
expect 0 stop --json
is "$(out_json 'd["checkpointed"]')" 0
"$GODWIT_BIN/godwit" start --hosts 1 >start.out 2>start.err &
starter=$!
children+=("$starter")
alone() { grep -q "1 host up" start.out; }
until_true alone
expect 0 stop
until_true ended "$starter"
code=0
wait "$starter" || code=$?
is "$code" 0 "start, after stop"

# A runtime that can't come up says why. The store's ledger is a file here.
export GODWIT_STORE="$work/broken"
mkdir -p "$GODWIT_STORE"
echo "not a directory" >"$GODWIT_STORE/ledger"
expect 3 start --detach --hosts 1
err_has "broken is not writable: Not a directory"
expect 3 hosts
