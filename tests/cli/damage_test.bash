# Shows what becomes of damaged checkpoints: one that is no HDF5 file, one cut off, one that another tool wrote into, and
# one with a flipped bit are each named by `inspect verify` with the reason; a runtime started on such a store sets them
# aside, goes on from the newest that verifies, and the output is still that of an undisturbed run. So it is where an
# output was cut to less than the newest checkpoints say.
source "$GODWIT_SOURCE/tests/cli/lib.bash"

expect 0 start --detach --hosts 1
expect 0 submit counter limit=1000000 delay_us=1000 print_every=1 bytes=300000 --name ticker
for generation in 1 2 3 4; do
  until_true steps_above ticker $((generation * 50))
  expect 0 checkpoint ticker --json
  is "$(out_json 'd[0]["image"]["generation"]')" "$generation"
done
expect 0 stop

mapfile -t files < <(find "$GODWIT_STORE/jobs/1/checkpoints" -name '*.h5' | sort -V)
is "${#files[@]}" 5 "four on request, one at the end"
expect 0 inspect verify 1:1
for file in "${files[@]}"; do h5dump -H "$file" >/dev/null; done

# Newest first: bit, edited, cut, text. The first one stays good.
/usr/bin/python3 - "${files[4]}" <<'P'
import os, sys
path = sys.argv[1]
with open(path, "r+b") as file:
    at = os.path.getsize(path) // 2
    file.seek(at)
    byte = file.read(1)[0]
    file.seek(at)
    file.write(bytes([byte ^ 0x10]))
P
/usr/bin/python3 - "${files[3]}" <<'P'
import sys, h5py
with h5py.File(sys.argv[1], "r+") as file:
    file.attrs["remark"] = "added by hand"
P
truncate -s 20000 "${files[2]}"
echo "this is no HDF5 file" >"${files[1]}"
refused() {  # GENERATION REASON
  expect 1 inspect verify "1:$1"
  out_has "^1:$1 +✗ .*($2)"
}
refused 5 "damaged|doesn't match|digest"
refused 4 "damaged"
refused 3 "truncated"
refused 2 "not an HDF5 file"
expect 0 inspect verify 1:1

expect 0 start --detach --hosts 1
until_true state_is ticker RUNNING
expect 0 call ticker set_limit 3000
expect 0 wait ticker
out_has "finished: 3,000 steps"
seq 3000 >expected
cmp expected "$GODWIT_STORE/jobs/1/stdout" || fail "the output differs from an undisturbed run's"
expect 0 stop

# Outputs that were cut, or are gone: of each its last mebibyte is in the image, what is before that must be on disk.
# However slow the commands are, no job may end before its checkpoints: it stands still while they are made.
heat() { expect 0 submit heat n=48 steps=600000 output="$1" output_every=1 --name "$1"; }
size_above() { [[ -e $1 && $(stat -c %s "$1") -gt $2 ]]; }
saved_above() {  # OUTPUT BYTES: of the job of that name
  until_true size_above "$1" "$2"
  expect 0 suspend "$1"
  expect 0 checkpoint "$1"
}
expect 0 start --detach --hosts 1
heat calm.csv
expect 0 wait calm.csv
size_above calm.csv 12000000 || fail "the output is too short to show anything: $(stat -c %s calm.csv) bytes"
heat cut.csv
saved_above cut.csv 2200000
durable=$(stat -c %s cut.csv)
expect 0 resume cut.csv
saved_above cut.csv $((durable + 2200000))
heat gone.csv
saved_above gone.csv 2200000
expect 0 resume cut.csv
expect 0 resume gone.csv
expect 0 stop
truncate -s "$durable" cut.csv
rm gone.csv
expect 0 start --detach --hosts 1
expect 0 wait cut.csv
cmp calm.csv cut.csv || fail "the output differs from an undisturbed run's"
grep -q "cut.csv has $durable bytes" "$GODWIT_STORE/log/runtime.out" || fail "nobody was told why an older checkpoint was taken"
expect 1 wait gone.csv
out_has "gone.csv is gone, and [0-9]+ bytes of it were durable"
expect 0 retry gone.csv --afresh
expect 0 wait gone.csv
cmp calm.csv gone.csv
expect 0 stop
