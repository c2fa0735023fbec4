#!/usr/bin/env python3
"""Jobs that all began on one of two nodes, each node with one core of this machine: how long they take with each goal, in a
real run. Prints a JSON object of goal → [seconds until all have ended, moves]. Skipped (77) without two cores or
namespaces."""

import json
import os
import pathlib
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

import nodes  # noqa: E402

cores = sorted(os.sched_getaffinity(0))
if len(cores) < 2:
    nodes.skip("two nodes with a core of their own need two cores")
nodes.run_inside("mpirun", "orted", "taskset")

from rig import Runtime  # noqa: E402

GOALS = ("none", "offload", "spread")
JOBS, STEPS = 4, 30_000


def give_each_a_core(machines, scratch):
    """What mpirun starts on a node has that node's core only."""
    shell = scratch / "remote-shell"
    cases = "".join(f"  {name}) core={core} ;;\n" for name, core in zip(machines.names, cores))
    bound = scratch / "bound-shell"
    bound.write_text(f"#!/bin/sh\ncase $1 in\n{cases}  *) exit 255 ;;\nesac\nexec taskset -c $core {shell} \"$@\"\n")
    bound.chmod(0o755)
    os.environ["OMPI_MCA_plm_rsh_agent"] = str(bound)


def run(goal):
    options = ["--goal", goal, "--interval", "500ms", "--quantum", "2s"]
    with Runtime(hosts=2, slots=JOBS, options=options) as runtime:
        runtime.cli("drain", "2")
        jobs = [runtime.submit("heat", n=512, steps=STEPS) for _ in range(JOBS)]
        for job in jobs:
            runtime.until_state(job, "RUNNING")
        assert all(runtime.row(job)["host"] == 1 for job in jobs)
        began = time.monotonic()
        runtime.cli("undrain", "2")
        runtime.wait(*jobs)  # who asks again and again keeps rank 0 busy, on the core that is short
        took = time.monotonic() - began
        assert all(runtime.row(job)["state"] == "FINISHED" for job in jobs)
        return took, sum(runtime.row(job)["moves"] for job in jobs)


def main():
    scratch = nodes.scratch_directory()
    machines = nodes.Nodes(scratch, 2)
    machines.have_mpirun_start_there(scratch)
    give_each_a_core(machines, scratch)
    tempfile.tempdir = str(scratch)
    print(json.dumps({goal: run(goal) for goal in GOALS}))


main()
