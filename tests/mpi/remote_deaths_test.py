#!/usr/bin/env python3
"""Processes killed on other nodes than those who have to know: first a host, then the allocator. The lease and the suspicion
time are so long that only proof helps: the job of the first goes on elsewhere, the second has a successor, and the output is
that of an undisturbed run.

Skipped (77) where namespaces aren't permitted."""

import json
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

import nodes  # noqa: E402

nodes.run_inside("mpirun", "orted")

from rig import Connection, Runtime, wait_for  # noqa: E402

HOSTS = 3
NEVER = ("--lease", "30min", "--suspicion", "1h")


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def kill(machines, node, pid):
    nodes.must(*machines.on(node, "kill", "-KILL", pid))


def runs_on(runtime, job, hosts):
    row = runtime.row(job)
    return row["state"] == "RUNNING" and row["host"] in hosts


def is_found_again(runtime, former):
    """The client finds the allocator of a newer term."""
    if json.loads((runtime.store / "access.json").read_text())["term"] == former:
        return False
    try:
        runtime.connection = Connection(runtime.store)
    except OSError:
        return False
    return True


def scene(runtime, machines):
    job = runtime.submit("counter", limit=10**9, delay_us=1000, print_every=1)
    runtime.until_state(job, "RUNNING")
    if runtime.row(job)["host"] != 2:
        runtime.migrate(job, 2)
    runtime.act("checkpoint", job)

    pids = {row["host"]: row["pid"] for row in runtime.ask("hosts")["rows"]}
    kill(machines, "n2", pids[2])
    wait_for(lambda: runs_on(runtime, job, (1, 3)), "the job to run without host 2")

    access = json.loads((runtime.store / "access.json").read_text())
    check(access["node"] == "n1", f"rank 0 is on {access['node']}")
    kill(machines, "n1", access["pid"])
    wait_for(lambda: is_found_again(runtime, access["term"]), "another allocator")
    wait_for(lambda: runs_on(runtime, job, (1, 3)), "the job to run under another allocator")

    counts = runtime.row(job)["steps"] + 500
    runtime.cli("call", job, "set_limit", counts)
    for row in runtime.wait(job):
        check((row["state"], row["steps"]) == ("FINISHED", counts), f"{row}")
    check(runtime.captured(job) == b"".join(b"%d\n" % (i + 1) for i in range(counts)), "gaps in the output")
    told = runtime.cli("history").stdout
    check("host 2 died" in told, f"host 2 wasn't proven dead:\n{told}")
    runtime.stop()
    runtime.check_witness()


def main():
    scratch = nodes.scratch_directory()
    machines = nodes.Nodes(scratch, HOSTS)
    machines.have_mpirun_start_there(scratch)
    tempfile.tempdir = str(scratch)
    runtime = Runtime(HOSTS, slots=2, witness=True, options=NEVER)
    with runtime:
        scene(runtime, machines)


main()
