"""What a death costs: from a host's SIGKILL until it is known, and until its eight jobs of 64 MiB run elsewhere, from their files or
from a partner's copies; from the allocator's until another answers."""

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


def one_recovery(partner):
    with Runtime(hosts=2, slots=JOBS, options=["--partner-every", "100ms"]) as runtime:
        spec = {"checkpoint_partner": partner}
        jobs = [runtime.submit("counter", spec=spec, limit=10**9, bytes=JOB_BYTES, delay_us=1000) for _ in range(JOBS)]
        for job in jobs:
            runtime.until_state(job, "RUNNING")
            if runtime.row(job)["host"] != 1:
                runtime.migrate(job, 1)
            if not partner:
                runtime.act("checkpoint", job)
        if partner:
            wait_for(lambda: all(runtime.row(job)["copy_at"] == 2 for job in jobs), "copies in the partner's memory")
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
    measured = [(one_recovery(True), one_recovery(False)) for _ in range(count)]
    noticed = [run[0] for pair in measured for run in pair]
    from_copies, from_files = ([pair[which][1] for pair in measured] for which in (0, 1))
    figures.add("a host's death on the same node: known after", statistics.median(noticed), "ms", None, None, "≤ 1000 ms",
                max(noticed) <= 1000, pairs=2 * count, spread=[min(noticed), max(noticed)])
    figures.add("… its 8 jobs of 64 MiB run again, from a partner's copies, after that", statistics.median(from_copies), "ms", None,
                None, "≤ 300 ms", statistics.median(from_copies) <= 300, pairs=count, spread=[min(from_copies), max(from_copies)])
    figures.add("… or from files", statistics.median(from_files), "ms", pairs=count, spread=[min(from_files), max(from_files)])
    took = [one_take_over() for _ in range(count)]
    figures.add("the allocator's death on the same node: another answers after", statistics.median(took), "ms", pairs=count,
                spread=[min(took), max(took)])
