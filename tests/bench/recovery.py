"""What a death costs: from a host's SIGKILL until it is known, and until its eight jobs of 64 MiB run elsewhere, from their files;
from the allocator's until another answers."""

import json
import os
import signal
import statistics
import time

from rig import Connection, Runtime, wait_for

JOBS, JOB_BYTES = 8, 64 << 20


def kill_host(runtime, jobs):
    """Milliseconds until it is known to be dead, and from then until all of its jobs run."""
    host = runtime.row(jobs[0])["host"]
    pid = next(row["pid"] for row in runtime.ask("hosts")["rows"] if row["host"] == host)
    epochs = {job: runtime.row(job)["epoch"] for job in jobs}
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: any(row["host"] == host and row["state"] == "dead" for row in runtime.ask("hosts")["rows"]), "the death")
    noticed = time.monotonic()

    def run_again():
        rows = {row["job"]: row for row in runtime.ask("jobs")["rows"]}
        return all(rows[job]["state"] == "RUNNING" and rows[job]["epoch"] > epochs[job] for job in jobs)

    wait_for(run_again, "the jobs to run again")
    return (noticed - began) * 1e3, (time.monotonic() - noticed) * 1e3


def one_recovery():
    with Runtime(hosts=2, slots=JOBS) as runtime:
        jobs = [runtime.submit("counter", limit=10**9, bytes=JOB_BYTES, delay_us=1000) for _ in range(JOBS)]
        for job in jobs:
            runtime.until_state(job, "RUNNING")
            if runtime.row(job)["host"] != 1:
                runtime.migrate(job, 1)
            runtime.act("checkpoint", job)
        return kill_host(runtime, jobs)


def one_take_over():
    with Runtime(hosts=3) as runtime:
        access = runtime.store / "access.json"
        before = json.loads(access.read_text())
        began = time.monotonic()
        os.kill(before["pid"], signal.SIGKILL)
        wait_for(lambda: json.loads(access.read_text())["term"] > before["term"], "another allocator")
        runtime.connection.close()
        runtime.connection = Connection(runtime.store)
        runtime.ask("hosts")
        return (time.monotonic() - began) * 1e3


def recovery(figures, pairs):
    count = max(3, pairs // 3)
    noticed, again = zip(*(one_recovery() for _ in range(count)))
    figures.add("a host's death on the same node: known after", statistics.median(noticed), "ms", None, None, "≤ 1000 ms",
                max(noticed) <= 1000, pairs=count, spread=[min(noticed), max(noticed)])
    figures.add("… its 8 jobs of 64 MiB run again, from files, after that", statistics.median(again), "ms", pairs=count,
                spread=[min(again), max(again)])
    took = [one_take_over() for _ in range(count)]
    figures.add("the allocator's death on the same node: another answers after", statistics.median(took), "ms", pairs=count,
                spread=[min(took), max(took)])
