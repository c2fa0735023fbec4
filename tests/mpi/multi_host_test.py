#!/usr/bin/env python3
"""A runtime over three hosts of their own networks, names and shared memory, joined by TCP: mpirun starts it through a
remote shell, two jobs go from host to host while they run, the runtime is stopped and started again, and at the end
outputs and steps are what they would be undisturbed and the witness has seen one runner.

Skipped (77) where namespaces aren't permitted. What moves took is printed, not judged."""

import pathlib
import statistics
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

import nodes  # noqa: E402

nodes.run_inside("mpirun", "orted")

from rig import Runtime  # noqa: E402

HOSTS = 3
ROUNDS = 4  # through all hosts


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def move_around(runtime, job, moves):
    for _ in range(HOSTS * ROUNDS):
        target = 1 + runtime.row(job)["host"] % HOSTS
        act = runtime.migrate(job, target)
        check(act.get("failure") is None, f"a move to {target}: {act}")
        check(runtime.row(job)["host"] == target, f"job {job} isn't on {target}")
        moves.append(act["move"])


def spell(what, moves):
    stopped = sorted(move["stopped_ns"] / 1e6 for move in moves)
    print(f"{what}: {len(moves)} moves over TCP, stopped {stopped[0]:.2f} / {statistics.median(stopped):.2f} / "
          f"{stopped[-1]:.2f} ms (least, median, most)", flush=True)


def scene(runtime):
    rows = runtime.ask("hosts")["rows"]
    check([row["node"] for row in rows] == ["n1", "n2", "n3"], f"hosts on {rows}")
    small = runtime.submit("counter", limit=10**9, delay_us=1000, print_every=1)
    large = runtime.submit("counter", limit=10**9, delay_us=1000, bytes=64 << 20)
    runtime.until_state(small, "RUNNING")
    runtime.until_state(large, "RUNNING")
    small_moves, large_moves = [], []
    move_around(runtime, small, small_moves)
    move_around(runtime, large, large_moves)
    runtime.restart()
    runtime.until_state(small, "RUNNING")
    move_around(runtime, small, small_moves)
    counts = runtime.row(small)["steps"] + 500
    for job in (small, large):
        runtime.cli("call", job, "set_limit", counts)
    for row in runtime.wait(small):
        check((row["state"], row["steps"]) == ("FINISHED", counts), f"{row}")
    check(runtime.captured(small) == b"".join(b"%d\n" % (i + 1) for i in range(counts)), "gaps in the output")
    runtime.cli("cancel", large)
    runtime.stop()
    runtime.check_witness("--no-repeats")
    spell("1 KiB", small_moves)
    spell("64 MiB", large_moves)


def main():
    scratch = nodes.scratch_directory()
    machines = nodes.Nodes(scratch, HOSTS)
    machines.have_mpirun_start_there(scratch)
    tempfile.tempdir = str(scratch)
    runtime = Runtime(HOSTS, slots=2, witness=True)
    with runtime:
        scene(runtime)


main()
