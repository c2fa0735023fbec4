# Shows that jobs are moved without being asked for, and that this is explained, through the real programs: a user puts four
# jobs on one of two hosts, the goal spread puts two of them back, nothing goes to and fro afterwards, and what the jobs
# write is what they would have written anyway. And what a host says about its load. Likewise for hosts that find each other.
source "$GODWIT_SOURCE/tests/cli/lib.bash"

expect 2 start --detach --goal chaos
err_has "chaos"

expect 0 start --detach --hosts 2 --slots 2 --goal spread --interval 100ms --quantum 1s
expect 0 hosts
out_has "^HOST .* LOAD +BUSY +MEMORY FREE"
expect 0 hosts --json
is "$(out_json 'all(k in r["node_load"] for r in d for k in "average run_queue busy_cores memory_free_bytes cpu_stalled memory_stalled".split())')" True
busy_known() { [[ $(g hosts --json | json 'all(r["node_load"]["busy_cores"] is not None for r in d)') == True ]]; }
until_true busy_known

# At a hundred steps a second they would run for hours.
for i in 1 2 3 4; do expect 0 submit counter limit=1000000 delay_us=10000 print_every=10 --name "count$i"; done
for i in 1 2 3 4; do until_true state_is "count$i" RUNNING; done
on_host() { g ps --json | json "sum(r['host'] == $1 for r in d)"; }
is "$(on_host 1)" 2 "they are spread from the beginning"
for i in 1 2 3 4; do
  if [[ $(job "count$i" 'r["host"]') == 2 ]]; then expect 0 migrate "count$i" 1; fi
done
balanced() { [[ $(on_host 1) == 2 && $(on_host 2) == 2 ]]; }
until_true balanced
moves() { g ps --json | json "sum(r['moves'] for r in d)"; }
four_moves() { [[ $(moves) == 4 ]]; }
until_true four_moves

went=
for i in 1 2 3 4; do
  if [[ $(job "count$i" 'r["host"]') == 2 ]]; then went="$went count$i"; fi
done
for one in $went; do
  expect 0 explain "$one"
  out_has "moved from host 1 to host 2: [34] cores of host 1 were taken, and [01] of host 2; expected gain .* against a cost of "
done
sleep 4  # as long again as it took: who went back by now would go to and fro for ever
is "$(moves)" 4 "nothing goes to and fro"

# They end, and nobody sees from what they wrote where they have been.
for i in 1 2 3 4; do
  limit=$(($(job "count$i" 'r["steps"]') / 10 * 10 + 500))
  expect 0 call "count$i" set_limit "$limit"
  expect 0 wait "count$i"
  g logs "count$i" >"count$i.out"
  seq 10 10 "$limit" | cmp - "count$i.out" || fail "count$i wrote something else"
done
expect 0 stop

# Nobody is moved where that isn't wanted.
expect 0 start --detach --hosts 2 --slots 2 --goal none --interval 100ms --quantum 1s
for i in 1 2; do expect 0 submit counter limit=1000000 delay_us=10000 --name "stay$i"; done
for i in 1 2; do until_true state_is "stay$i" RUNNING; done
for i in 1 2; do if [[ $(job "stay$i" 'r["host"]') == 2 ]]; then expect 0 migrate "stay$i" 1; fi; done
sleep 4
is "$(g ps --json | json "sum(r['host'] == 1 for r in d if r['state'] == 'RUNNING')")" 2
expect 0 cancel all
expect 0 stop

# Hosts that find each other: nobody but they wanted it.
expect 2 start --detach --probing everybody
expect 2 start --detach --probe-limit 0
expect 0 start --detach --hosts 2 --slots 2 --goal none --probing receiver --probe-limit 1 --quantum 1s --interval 100ms
for i in 1 2 3 4; do expect 0 submit counter limit=1000000 delay_us=10000 print_every=10 --name "probed$i"; done
for i in 1 2 3 4; do until_true state_is "probed$i" RUNNING; done
for i in 1 2 3 4; do
  if [[ $(job "probed$i" 'r["host"]') == 2 ]]; then expect 0 migrate "probed$i" 1; fi
done
running_on() { g ps --json | json "sum(r['host'] == $1 for r in d if r['state'] == 'RUNNING')"; }
shared() { [[ $(running_on 1) == 2 && $(running_on 2) == 2 ]]; }
until_true shared
for i in 1 2 3 4; do
  if [[ $(job "probed$i" 'r["host"]') == 2 ]]; then
    expect 0 explain "probed$i"
    out_has "moved from host 1 to host 2: the two agreed on it \(probing\)"
  fi
done
for i in 1 2 3 4; do
  limit=$(($(job "probed$i" 'r["steps"]') / 10 * 10 + 500))
  expect 0 call "probed$i" set_limit "$limit"
  expect 0 wait "probed$i"
  g logs "probed$i" >"probed$i.out"
  seq 10 10 "$limit" | cmp - "probed$i.out" || fail "probed$i wrote something else"
done
expect 0 stop
