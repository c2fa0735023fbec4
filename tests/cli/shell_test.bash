# Shows the shell: the same verbs line by line, on a pipe and on a terminal with prompt, history and completion; that it
# finds a runtime that was started after it; that Ctrl-C ends a verb and not the shell, and clears the line at the prompt;
# and what host R itself says it holds.
source "$GODWIT_SOURCE/tests/cli/lib.bash"

shell() {  # CODE, the lines on stdin
  local code=0
  g shell >out 2>err || code=$?
  is "$code" "$1"
}
# One shell across two runtimes.
cat >lines <<'L'
ps
start --detach --hosts 2 --slots 4
create counter limit=1000000 delay_us=1000 --name ticker --host 1
create sleep seconds=3600 --name 'sleep_y'
ps ticker
stop
start --detach --hosts 2 --slots 4
show ticker
remove sleep_y
wait sleep_y
L
shell 1 <lines
err_has "no runtime"
out_has "^job 1 ticker submitted"
out_has 'job 1 counter "ticker"'
out_has "^job 2 cancelled"
is "$(grep -c 'hosts up' out)" 2

# As the host tells it.
until_true state_is ticker RUNNING
host=$(job ticker 'r["host"]')
expect 0 ps --host "$host"
out_has "^JOB +TYPE +NAME +STATE +EPOCH +STEPS +PROGRESS +MEMORY +LAST STEP"
out_has "^ +1 +counter +ticker +running +[0-9]+ "
expect 0 ps --host "$host" --json
is "$(out_json '[(r["job"], r["name"], r["state"], r["steps"] > 0) for r in d]')" "[(1, 'ticker', 'running', True)]"
expect 0 ps --host $((3 - host)) --json
is "$(out_json 'd')" "[]"
expect 1 ps --host 9
err_has "host 9"

# What a word may become, with a runtime.
expect 0 complete show ti
is "$(cat out)" ticker
expect 0 complete submit hea
is "$(cat out)" heat
expect 0 complete submit counter li
is "$(cat out)" "limit="
expect 0 complete migrate ticker ""
is "$(paste -sd' ' out)" "1 2"

# On a terminal.
cat >terminal.py <<'P'
import os, pty, re, select, sys, time
program, history = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(GODWIT_HISTORY=history, TERM="dumb")
    os.execv(program, [program, "shell"])
seen = b""
def wait_for(pattern):
    global seen
    end = time.time() + 60
    while not re.search(pattern, seen):
        ready, _, _ = select.select([fd], [], [], max(0, end - time.time()))
        try:
            data = os.read(fd, 65536) if ready else b""
        except OSError:
            data = b""
        if not data:
            sys.exit(f"never came: {pattern!r} in {seen!r}")
        seen += data
    seen = seen[re.search(pattern, seen).end():]
wait_for(rb"'exit' leaves")
wait_for(rb"godwit> ")
os.write(fd, b"sho\tticker\r")          # a verb is completed
wait_for(rb"job 1 counter")
wait_for(rb"godwit> ")
os.write(fd, b"show tic\t\r")           # and a job
wait_for(rb"job 1 counter")
wait_for(rb"godwit> ")
os.write(fd, b"\x10\x10\r")             # two lines back
wait_for(rb"job 1 counter")
wait_for(rb"godwit> ")
# Ctrl-C ends the verb, once there is one, and gives the prompt back; the job that it looked at goes on.
def children():
    with open(f"/proc/{pid}/task/{pid}/children") as of_the_shell:
        return of_the_shell.read().split()
def until(true, what):
    end = time.time() + 60
    while not true():
        if time.time() > end:
            sys.exit(f"never: {what}")
        time.sleep(0.01)
for endless in (b"wait ticker", b"logs ticker -f"):
    os.write(fd, endless + b"\r")
    until(children, "the verb has begun")
    os.write(fd, b"\x03")
    wait_for(rb"godwit> ")
    until(lambda: not children(), "the verb has ended")
# At the prompt it clears the line, and nothing is run.
os.write(fd, b"cancel ticker")
wait_for(rb"cancel ticker")
os.write(fd, b"\x03")
wait_for(rb"\^C\s+godwit> ")
os.write(fd, b"show ticker\r")
wait_for(rb"job 1 counter")
wait_for(rb"godwit> ")
os.write(fd, b"exit\r")
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
P
timeout 120 /usr/bin/python3 terminal.py "$GODWIT_BIN/godwit" "$work/history/of/godwit" >out 2>err || fail "on a terminal"
grep -q "ticker" history/of/godwit || fail "no history was kept"

# The doctor looks at a runtime too.
patience=120 expect 0 doctor --json
is "$(out_json '[r["verdict"] for r in d if r["topic"] == "runtime"]')" "['ok']"
is "$(out_json '["2 of 2 hosts alive" in r["found"] for r in d if r["topic"] == "runtime"]')" "[True]"
is "$(out_json '[r["found"].endswith("2 runtimes so far") for r in d if r["topic"] == "ledger"]')" "[True]"
expect 0 stop
