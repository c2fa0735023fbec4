# Shows job types of one's own: the one in docs/first-job.md (docs/example; that the text has it word for word, the
# install test shows) builds by hand, runs, moves and gives the right primes; a plugin that doesn't load, has no job in it, or was built for another interface version is refused with
# that reason and harms nothing.
source "$GODWIT_SOURCE/tests/cli/lib.bash"

compile() {  # SOURCE OBJECT
  g++ -std=c++20 -O1 -fPIC -shared -I "$GODWIT_SOURCE/runtime/job/include" \
    -I "$GODWIT_SOURCE/runtime/state/include" "$1" -o "$2"
}
mkdir plugins
cp "$GODWIT_SOURCE/docs/example/primes.cpp" primes.cpp
compile primes.cpp plugins/primes.so

# The same, compiled against a header of an interface to come.
mkdir -p other/godwit
sed 's/plugin_interface_version = [0-9]*/plugin_interface_version = 99/' \
  "$GODWIT_SOURCE/runtime/job/include/godwit/job.hpp" >other/godwit/job.hpp
sed 's/"primes"/"future"/' primes.cpp >future.cpp
g++ -std=c++20 -fPIC -shared -I other -I "$GODWIT_SOURCE/runtime/state/include" future.cpp -o plugins/future.so
echo "this is no shared object" >plugins/garbage.so
echo 'int nothing_of_ours;' >empty.cpp
g++ -fPIC -shared empty.cpp -o plugins/empty.so
echo 'int missing(); int use() { return missing(); } static int now = missing();' >unresolved.cpp
g++ -fPIC -shared unresolved.cpp -o plugins/unresolved.so

expect 0 start --detach --hosts 2 --plugins plugins
expect 0 types primes
out_has "below +integer +1000 +numbers to look at"
out_has "found +0 +how many primes so far"
expect 0 types
out_has "^primes "
out_has "^heat "
for bad in future garbage empty unresolved; do
  expect 1 submit "$bad" output=x
  err_has "$bad"
  expect 1 types "$bad"
  err_has "$bad"
done
expect 1 submit future output=x
err_has "99"
expect 1 submit primes
err_has "output"

expect 0 submit primes below=200000000 output=primes.txt --name primes
until_true steps_above primes 1000
expect 0 migrate primes
out_has "moved"
expect 0 call primes found
expect 0 wait primes
out_has "finished"
is "$(wc -l <primes.txt)" 11078937 "primes below 200,000,000"
is "$(uniq primes.txt | wc -l)" 11078937 "a prime is there twice"
is "$(tail -n 1 primes.txt)" 199999991
expect 0 stop
