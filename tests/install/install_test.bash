# Installs the build into a prefix, builds the project of docs/example against it with plain cmake, runs its test,
# checks its job type, and moves a job of it between two hosts under mpirun. And docs/first-job.md prints the
# project as it is.
# shellcheck shell=bash
source "$GODWIT_SOURCE/tests/cli/lib.bash"
example="$GODWIT_SOURCE/docs/example"

# The text has the files, to the letter.
/usr/bin/python3 - "$GODWIT_SOURCE/docs/first-job.md" "$example"/*.cpp "$example"/CMakeLists.txt <<'PYTHON' || fail "docs/first-job.md and docs/example differ"
import re, sys
blocks = re.findall(r"```(?:cpp|cmake)\n(.*?)```", open(sys.argv[1]).read(), re.S)
missing = [path for path in sys.argv[2:] if open(path).read() not in blocks]
sys.exit(f"not in {sys.argv[1]}: {missing}" if missing else 0)
PYTHON

cmake --install "$GODWIT_BUILD" --prefix "$work/prefix" >"$work/out" 2>"$work/err" || fail "cmake --install"
for there in bin/godwit bin/godwitd bin/godwit-capsule lib/godwit/plugins/heat.so lib/libgodwit-testing.so \
             include/godwit/job.hpp include/godwit/testing.hpp include/godwit/state.hpp lib/cmake/godwit/godwitConfig.cmake; do
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
