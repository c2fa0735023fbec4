# Shows what users are told about fair shares, through the real programs: the table of accounts with the sentence about
# what comes next, why a job waits or runs where it does, accounts replaced while the runtime is up, a host drained
# and given back, jobs that fit nowhere refused with the reason.
source "$GODWIT_SOURCE/tests/cli/lib.bash"

cat >accounts.yaml <<'Y'
accounts:
  chem:      {shares: 3}
  chem/anna: {shares: 2}
  chem/ben:  {}
  bio:       {cores_max: 1}
Y
expect 0 start --detach --hosts 2 --slots 2 --accounts accounts.yaml --capability '1: bigmem gpu=0'

# Nobody has anything: a tree, in order. Who came first would be entitled to all four cores.
expect 0 shares --json
is "$(out_json '[a["account"] for a in d["accounts"]][:4]')" "['bio', 'chem', 'chem/anna', 'chem/ben']"
is "$(out_json '[a["entitled_cores"] for a in d["accounts"]][:4]')" "[4.0, 4.0, 4.0, 4.0]"
is "$(out_json 'd["policy"]')" up-down
is "$(out_json 'all(k in a for a in d["accounts"] for k in "shares running_cores waiting index trend hosts declared".split())')" True
expect 0 shares
out_has "^ACCOUNT +SHARES +ENTITLED +RUNNING +WAITING +INDEX +TREND +USED +NEXT +AT MOST$"
out_has "^chem +3 +4.0 +0.0 +0 "
out_has "^  anna +2 +4.0 "
out_has "^policy up-down\. "

# One takes everything; another waits, is next, and is told why.
expect 0 submit sleep seconds=600 -a index=1..6 -A chem/anna --name many
elements() { [[ $(job many 'r["elements"]["running"]') == "$1" ]]; }
until_true elements 4
expect 0 submit sleep seconds=600 -A chem/ben --name light
of_account() { g shares --json | json "[a for a in d['accounts'] if a['account'] == '$1'][0]['$2']"; }
share_is() { [[ $(of_account "$1" "$2") == "$3" ]]; }
until_true share_is chem/ben waiting 1
until_true share_is chem/anna running_cores 4.0
grows() { [[ $(of_account chem/anna index) -gt 0 && $(of_account chem/ben index) -lt 0 ]]; }
until_true grows
until_true share_is chem/ben served_next 1
expect 0 explain light
out_has "^job 2   WAITING$"
[[ $(wc -l <out) -ge 2 ]] || fail "no reason"
expect 0 explain light --json
is "$(out_json '(d[0]["job"], d[0]["state"], len(d[0]["sentences"]) > 0)')" "(2, 'WAITING', True)"
expect 0 explain many_1
out_has "^job 1_1   RUNNING$"
[[ $(wc -l <out) -ge 2 ]] || fail "no reason"
expect 1 explain nobody
err_has "nobody"

# Of six elements four run. The last one that waits isn't next, and the whole array is told of once.
expect 0 explain many_6
out_has "^job 1_6   WAITING$"
out_has "an element of its array is before it"
expect 0 explain many --json
is "$(out_json 'sorted((str(r["job"]), r["facts"].get("alike_in_array")) for r in d if r["state"] == "WAITING")')" "[('1_5', '1')]"

# What never fits is refused, with the reason.
for wish in "-c 64" "--resource gpu=2" "--resource fpga" "--label nosuch" "--mem 900TiB" "--host 2 --label bigmem"; do
  # shellcheck disable=SC2086
  expect 1 submit sleep seconds=1 $wish
  err_has "host"
done

# The accounts replaced while it runs: bio would get one core of four, and then two.
is "$(of_account bio entitled_cores)" 1.0
printf 'accounts: {chem: {}, bio: {}}\n' >even.yaml
expect 0 accounts even.yaml
until_true share_is bio entitled_cores 2.0
expect 0 cancel all

# Who may have one core at once, and has it, isn't next, though there is room; and is told why.
printf 'accounts: {bio: {cores_max: 1}}\n' >capped.yaml
expect 0 accounts capped.yaml
expect 0 submit sleep seconds=600 -a index=1..3 -A bio --name capped
until_true share_is bio running_cores 1.0
until_true share_is bio at_cap True
is "$(of_account bio served_next)" None
expect 0 shares
out_has "^bio .* at most +1$"
out_has "nobody is next: who waits has all the cores that it may have at once$"
expect 0 explain capped_3
out_has "it needs 1 core: bio may have 1 core at once, and has 1 core"
expect 0 cancel all

# A drained host takes nothing, and what it has moves away; undrained it takes jobs again.
expect 0 submit counter limit=1000000000 delay_us=1000 --host 1 --name pinned
expect 0 submit counter limit=1000000000 delay_us=1000 --name loose
until_true state_is loose RUNNING
until_true state_is pinned RUNNING
expect 0 migrate loose 1
expect 0 drain 1
until_true state_is pinned WAITING
away() { [[ $(job loose 'r["host"]') == 2 ]]; }
until_true away
expect 0 hosts
out_has "^ +1 .* alive, drained "
expect 0 submit sleep seconds=0 -a index=1..6 --name after
expect 0 wait after
is "$(for i in 1 2 3 4 5 6; do job "after_$i" 'r["host"]'; done | sort -u)" 2
expect 0 explain pinned
out_has "drained"
expect 0 history pinned
out_has "taken off its host, to wait$"
expect 0 undrain 1 --json
is "$(out_json '(d["host"], d["drained"], d["leaving"])')" "(1, False, [])"
until_true state_is pinned RUNNING
expect 1 drain 9
err_has "9"
expect 0 cancel pinned
expect 0 cancel loose

# Two that keep apart, two that stay together, one that waits for a gpu.
expect 0 submit counter limit=1000000000 delay_us=1000 -a index=1..2 --apart twins --name apart
running() { [[ $(job "$1" 'r["elements"]["running"]') == 2 ]]; }
until_true running apart
is "$(for i in 1 2; do job "apart_$i" 'r["host"]'; done | sort -u | wc -l)" 2
expect 0 cancel apart
expect 0 submit counter limit=1000000000 delay_us=1000 -a index=1..2 --together ring --name ring
until_true running ring
is "$(for i in 1 2; do job "ring_$i" 'r["host"]'; done | sort -u | wc -l)" 1
expect 0 cancel ring
expect 0 submit sleep seconds=600 --resource gpu --name one
expect 0 submit sleep seconds=600 --resource gpu --name other
until_true state_is one RUNNING
expect 0 explain other
out_has "gpu"
is "$(job other 'r["state"]')" WAITING
expect 0 cancel all
expect 0 stop
