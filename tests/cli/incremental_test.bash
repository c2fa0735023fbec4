# Shows, in a runtime as users have it, that checkpoints after the first one hold little more than what was written, say
# what they need, and are gone on from after a crash; that one whose ancestor is missing is set aside for one before; and
# that `export --whole` makes a file of its own.
source "$GODWIT_SOURCE/tests/cli/lib.bash"

expect 0 start --detach --hosts 1
expect 0 submit counter limit=100000000 delay_us=1000 print_every=100000000 bytes=8000000 --name ticker
for generation in 1 2 3; do
  until_true steps_above ticker $((generation * 20))
  expect 0 checkpoint ticker --json
  is "$(out_json 'd[0]["image"]["generation"]')" "$generation"
  bytes[generation]=$(out_json 'd[0]["bytes"]')
done
[[ ${bytes[1]} -ge 8000000 ]] || fail "the first one takes ${bytes[1]} bytes"
[[ ${bytes[3]} -lt 800000 ]] || fail "the third one takes ${bytes[3]} bytes"

expect 0 inspect show 1:3
out_has "generation 3 \(parent 2\) +verified"
out_has "MiB, .* KiB own"
out_has "the rest lies in 1-2.h5, 1-1.h5"
expect 0 inspect show 1:3 --json
steps=$(out_json 'd["steps"]')
expect 0 inspect export 1:3 --whole -o whole.h5
expect 0 inspect verify whole.h5
expect 0 inspect diff 1:3 whole.h5

checkpoints=$GODWIT_STORE/jobs/1/checkpoints
/usr/bin/python3 - "$checkpoints/1-3.h5" whole.h5 <<'P'
import sys, h5py, numpy
with h5py.File(sys.argv[1]) as part, h5py.File(sys.argv[2]) as whole:
    arrays = [name for name, field in part["state"].items() if field.shape and field.size > 100000]
    assert arrays, "no array"
    for name in arrays:
        assert part["state"][name].is_virtual and not whole["state"][name].is_virtual
        assert numpy.array_equal(part["state"][name][()], whole["state"][name][()])
P

# The runtime ends, with a fourth generation; that and the third can't be read without the second.
expect 0 stop
[[ -e $checkpoints/1-4.h5 ]] || fail "no image at the end"
mv "$checkpoints/1-2.h5" aside.h5
for generation in 3 4; do
  expect 2 inspect verify "1:$generation"
  out_has "part of it lies in 1-2.h5 beside it: No such file"
done
cp "$checkpoints/1-1.h5" "$checkpoints/1-2.h5"  # whole, and another one
for generation in 3 4; do
  expect 1 inspect verify "1:$generation"
  out_has "1-2.h5 beside it isn't the file that part of it lies in"
done

# The job goes on from the first.
expect 0 start --detach --hosts 1
gone_on() { g history ticker 2>/dev/null | grep -q "went on from generation"; }
until_true gone_on
expect 0 history ticker
out_has "went on from generation 1 \(of epoch 1\)"
expect 0 cancel ticker
expect 0 stop
