# Shows that compressed checkpoints take less, and that everything else is as without: generations that hold only what was
# written, inspect, diff, export, prune, going on from them, also where nothing is left but the files; and that outputs are those of
# jobs whose checkpoints aren't.
source "$GODWIT_SOURCE/tests/cli/lib.bash"

cat >plates.yaml <<'Y'
godwit: 1
defaults: {checkpoint: {every: 200ms, compress: true}}
jobs:
  packed: {type: heat, args: {n: 192, steps: 6000, output: packed.csv, output_every: 20}}
  plain:
    type: heat
    args: {n: 192, steps: 6000, output: plain.csv, output_every: 20}
    checkpoint: {compress: false}
Y
expect 0 start --detach --hosts 2 --overbook 300
expect 0 submit counter limit=100000000 delay_us=1000 print_every=100000000 bytes=8000000 --name ticker --compress
expect 0 submit counter limit=100000000 delay_us=1000 print_every=100000000 bytes=8000000 --name loose
for generation in 1 2 3; do
  until_true steps_above ticker $((generation * 20))
  expect 0 checkpoint ticker --json
  bytes[generation]=$(out_json 'd[0]["bytes"]')
done
[[ ${bytes[1]} -lt 4000000 ]] || fail "8 MB take ${bytes[1]} bytes compressed"
[[ ${bytes[3]} -lt 400000 ]] || fail "the third one takes ${bytes[3]} bytes"
expect 0 inspect show 1:3
out_has "verified"
expect 0 inspect export 1:3 --whole -o whole.h5
expect 0 inspect verify whole.h5
expect 0 inspect diff 1:3 whole.h5
/usr/bin/python3 - "$GODWIT_STORE/jobs/1/checkpoints/1-3.h5" "$GODWIT_STORE/jobs/1/checkpoints/1-1.h5" whole.h5 <<'P'
import sys, h5py, numpy
part, full, whole = (h5py.File(name) for name in sys.argv[1:])
arrays = [name for name, field in full["state"].items() if field.shape and field.size > 100000]
assert arrays, "no array"
for name in arrays:
    assert part["state"][name].is_virtual
    assert full["state"][name].compression == "gzip" and whole["state"][name].compression == "gzip"
    assert numpy.array_equal(part["state"][name][()], whole["state"][name][()])
P

expect 0 submit plates.yaml
until_true test -e "$GODWIT_STORE/jobs/3/checkpoints/1-2.h5"
until_true test -e "$GODWIT_STORE/jobs/4/checkpoints/1-2.h5"
expect 0 stop
expect 0 inspect verify --all

# Nothing is left but the files: what the jobs wished is in them, too.
rm -r "$GODWIT_STORE/ledger"
expect 0 repair
expect 0 start --detach --hosts 1 --overbook 400
touch anew
for job in ticker loose; do
  until_true state_is "$job" RUNNING
  expect 0 checkpoint "$job"
done
newest() { find "$GODWIT_STORE/jobs/$1/checkpoints" -name '*.h5' | sort -V | tail -1; }
for job in 1:5 2:4; do
  is "$(/usr/bin/python3 -c 'import h5py, sys; print(h5py.File(sys.argv[1]).attrs["format_version"])' "$(newest "${job%:*}")")" "${job#*:}"
  [[ $(newest "${job%:*}") -nt anew ]] || fail "job ${job%:*} has no checkpoint since then"
done
expect 0 wait packed plain
cmp packed.csv plain.csv || fail "the outputs differ"
largest() { find "$GODWIT_STORE/jobs/$1/checkpoints" -name '*.h5' -printf '%s\n' | sort -n | tail -1; }
[[ $(largest 3) -lt $(largest 4) ]] || fail "the compressed ones of job 3 are as large as those of job 4"
expect 0 prune ticker --keep 1
expect 0 inspect verify --all
for job in ticker loose; do expect 0 cancel "$job"; done
expect 0 stop
