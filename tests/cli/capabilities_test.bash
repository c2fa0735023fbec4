# Shows what hosts have and jobs want: declared labels and resources in `godwit hosts`, identities handed out to one job
# at a time and anew after a move, cores beyond those there are, a memory limit that counts a job's heap, accounts read
# from a file; and that what is malformed is refused before anything is started.
source "$GODWIT_SOURCE/tests/cli/lib.bash"

expect 2 start --detach --hosts 2 --capability bigmem
err_has "'bigmem' doesn't say which hosts; expected such as '1-3: bigmem gpu=0,1'"
expect 2 start --detach --hosts 2 --overbook 0
expect 2 start --detach --hosts 2 --accounts none.yaml
err_has "none.yaml: No such file"
printf 'accounts:\n  chem: {shars: 3}\n' >wrong.yaml
expect 2 start --detach --hosts 2 --accounts wrong.yaml
err_has "wrong.yaml:2: accounts.chem.shars: unknown key; did you mean 'shares'"
expect 2 submit sleep seconds=1 --resource gpu=none
err_has "--resource: 'none' is no count of gpu; expected such as gpu=1"
expect 2 submit sleep seconds=1 --resource gpu --resource gpu=2
err_has "--resource gpu is given twice"
expect 2 submit sleep seconds=1 --label 'two words'
err_has "--label: 'two words' can't be a label"
expect 2 submit sleep seconds=1 --priority high
[[ ! -e $GODWIT_STORE ]] || fail "a refused command line made a store"

mkdir plugins
g++ -std=c++20 -O1 -fPIC -shared -I "$GODWIT_SOURCE/runtime/job/include" -I "$GODWIT_SOURCE/runtime/state/include" \
  "$GODWIT_SOURCE/tests/capsule/plugins/odd.cpp" -o plugins/odd.so
printf 'accounts: {chem: {shares: 3}, bio: {}}\n' >accounts.yaml
expect 0 start --detach --hosts 2 --slots 3 --overbook 200 --plugins plugins --accounts accounts.yaml \
  --capability '1: bigmem gpu=0,1' --capability '2: gpu=7' --capability 'all: licence=a'
expect 0 hosts --json
is "$(out_json '[(r["host"], r["slots"], r["free_cores"], r["drained"]) for r in d]')" "[(1, 6, 6, False), (2, 6, 6, False)]"
is "$(out_json '[r["labels"] for r in d]')" "[['bigmem'], []]"
is "$(out_json 'd[0]["resources"]')" "{'gpu': ['0', '1'], 'licence': ['a']}"
is "$(out_json 'all(r["memory_bytes"] > 0 for r in d)')" True
expect 0 hosts
out_has "^HOST .* FREE +CORES +HEARD .*RESOURCES +LABELS$"
out_has "^ +1 .* 6 +6 .*gpu=0,1 licence=a +bigmem$"

# Each of them has another one, until it leaves.
of() { g call "$1" variable "$2"; }
idle() { expect 0 submit odd way=idle --name "$1" "${@:2}"; }
idle first --host 1 --resource gpu=1 -c 2 --priority 3 --label bigmem --apart twins
idle second --host 1 --resource gpu --resource licence
until_true state_is first RUNNING
until_true state_is second RUNNING
is "$(of first CUDA_VISIBLE_DEVICES) $(of second CUDA_VISIBLE_DEVICES)" "0 1"
is "$(of second GODWIT_RESOURCE_GPU) $(of second GODWIT_RESOURCE_LICENCE) $(of first GODWIT_RESOURCE_LICENCE)" "1 a "
is "$(job first '(r["resources"], r["labels"], r["priority"], r["apart"])')" "({'gpu': 1}, ['bigmem'], 3, 'twins')"
expect 0 show second
out_has "resources +gpu=1 licence=1"
expect 0 hosts --json
is "$(out_json '[(r["taken_cores"], r["free_cores"]) for r in d]')" "[(3, 3), (0, 6)]"
idle third --host 1 --resource gpu
expect 0 cancel first
until_true state_is third RUNNING
is "$(of third CUDA_VISIBLE_DEVICES)" 0
expect 0 migrate third 2
is "$(of third CUDA_VISIBLE_DEVICES)" 7

# Its heap counts.
expect 0 submit crash how=hoard --mem 40MiB --crash-limit 0 --name hoarder
expect 1 wait hoarder
out_has "hoarder failed: .*memory limit of 40.0 MiB passed: it has taken"

expect 0 accounts accounts.yaml
out_has "^2 accounts and groups from now on"
expect 2 accounts wrong.yaml
expect 0 history
out_has "account"
expect 0 stop
