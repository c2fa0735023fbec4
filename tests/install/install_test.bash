# Installs the build into a prefix, builds the project of docs/example against it with plain cmake, runs its test,
# checks its job type, and moves a job of it between two hosts under mpirun. Likewise the policy of docs/example-policy,
# in a simulation and in a runtime. And docs/first-job.md and docs/own-policy.md print the projects as they are.
# shellcheck shell=bash
source "$GODWIT_SOURCE/tests/cli/lib.bash"
example="$GODWIT_SOURCE/docs/example"

# The text has the files, to the letter.
own_policy="$GODWIT_SOURCE/docs/example-policy"
prints() { # DOCUMENT FILES…
  /usr/bin/python3 - "$@" <<'PYTHON' || fail "$1 and the example that it prints differ"
import re, sys
blocks = re.findall(r"```(?:cpp|cmake)\n(.*?)```", open(sys.argv[1]).read(), re.S)
missing = [path for path in sys.argv[2:] if open(path).read() not in blocks]
sys.exit(f"not in {sys.argv[1]}: {missing}" if missing else 0)
PYTHON
}
prints "$GODWIT_SOURCE/docs/first-job.md" "$example"/*.cpp "$example"/CMakeLists.txt
prints "$GODWIT_SOURCE/docs/own-policy.md" "$own_policy"/*.cpp "$own_policy"/CMakeLists.txt

cmake --install "$GODWIT_BUILD" --prefix "$work/prefix" >"$work/out" 2>"$work/err" || fail "cmake --install"
for there in bin/godwit bin/godwitd bin/godwit-capsule lib/godwit/plugins/heat.so lib/libgodwit-testing.so \
             include/godwit/job.hpp include/godwit/policy.hpp include/godwit/testing.hpp include/godwit/state.hpp lib/cmake/godwit/godwitConfig.cmake; do
  [[ -e $work/prefix/$there ]] || fail "$there isn't installed"
done
for plugin in "$GODWIT_BUILD"/plugins/*.so; do
  [[ -e $work/prefix/lib/godwit/plugins/${plugin##*/} ]] || fail "${plugin##*/} isn't installed"
done
! grep -rl "$GODWIT_SOURCE" "$work/prefix/lib/cmake" "$work/prefix/include" || fail "the installation names the source tree"

# A stranger's project: nothing of the build tree or its environment.
unset GODWIT_PLUGINS GODWIT_CAPSULE
GODWIT_BIN="$work/prefix/bin"
cp -r "$example" "$work/primes"
cd "$work/primes"
{ cmake -S . -B build -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_CXX_COMPILER="$GODWIT_CXX" &&
  cmake --build build; } >"$work/out" 2>"$work/err" || fail "building the project"
ctest --test-dir build --output-on-failure >"$work/out" 2>"$work/err" || fail "the project's test"
out_has '100% tests passed'
ldd build/primes_test | grep -qi mpi && fail "the harness links MPI"

expect 0 check primes below=100 output=primes.txt --plugins build/plugins
out_has '^moved at every step \(98 moves\): the same 3 fields, 1 array, 1 file'

# For real: two hosts, and a move on the way.
expect 0 start --detach --hosts 2 --plugins build/plugins
expect 0 submit primes below=60000000 output=primes.txt --name primes
until_true steps_above primes 1000
expect 0 migrate primes
expect 0 wait primes
is "$(job primes 'r["state"]')" FINISHED
is "$(tail -n 1 primes.txt)" 59999999
is "$(wc -l <primes.txt)" 3562115
expect 0 submit heat n=16 steps=20 --name plate
expect 0 wait plate

# An exception fails its job with the message, and isn't tried again.
expect 0 submit crash how=throw after=3 --name thrower
expect 1 wait thrower
is "$(job thrower 'r["state"]')" FAILED
is "$(job thrower '(r["outcome"]["reason"], r["crashes"])')" "('thrown on purpose', 0)"
expect 0 stop

# A policy of one's own: built, tried in a simulation, and in charge of a runtime.
cp -r "$own_policy" "$work/lifetime"
cd "$work/lifetime"
{ cmake -S . -B build -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_CXX_COMPILER="$GODWIT_CXX" &&
  cmake --build build; } >"$work/out" 2>"$work/err" || fail "building the policy"
expect 0 simulate --generate updown --quanta 600 --policy fcfs,./build/policies/lifetime.so --json
is "$(out_json '[p["policy"] for p in d["policies"]]')" "['fcfs', 'lifetime']"
out_json '[p["light_wait_ratio"] for p in d["policies"]]' >"$work/ratios"
/usr/bin/python3 -c 'fcfs, own = eval(open("'"$work/ratios"'").read()); exit(not own < fcfs / 2)' ||
  fail "light accounts wait as long as with fcfs: $(cat "$work/ratios")"
expect 2 simulate --generate updown --quanta 600 --policy ./build/policies/lifetime.so+preempt
err_has "the policy lifetime of .* doesn't preempt"
expect 2 start --detach --hosts 1 --policy ./nowhere.so
err_has 'cannot use policy ./nowhere.so: there is no such file'
expect 2 start --detach --hosts 1 --policy "$work/prefix/lib/godwit/plugins/heat.so"
err_has 'it names no policy: put GODWIT_POLICY'
expect 2 start --detach --hosts 1 --policy lifetime
err_has "'lifetime' is neither up-down, fair-tree or fcfs nor a file"
expect 0 start --detach --hosts 1 --slots 1 --policy ./build/policies/lifetime.so --interval 100ms --margin 500
expect 0 submit sleep seconds=1 --name first -A heavy
expect 0 submit sleep seconds=1.1 --name second -A heavy
expect 0 submit sleep seconds=1.1 --name third -A light
expect 0 wait first second third
expect 0 shares
out_has '^policy lifetime\. '
[[ $(job third 'r["started"]') < $(job second 'r["started"]') ]] || fail "the light account doesn't go first"
expect 0 stop
