"""Hosts killed with SIGKILL, one after the other, under jobs that run: in the same runtime each job goes on elsewhere from its
newest checkpoint, or from its beginning, and ends with the outputs of a run that nobody disturbed. Real mpirun and processes."""

import json
import os
import pathlib
import signal
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from rig import Runtime, wait_for  # noqa: E402

HOSTS = 3
JOBS = {
    "plate": ("heat", {"n": 128, "steps": 60000, "output": "plate.csv", "output_every": 100}),
    "coin": ("heat", {"n": 64, "steps": 120000, "output": "coin.csv"}),
    "ticker": ("counter", {"limit": 6000, "delay_us": 1000, "print_every": 10}),
}
OUTPUTS = ["plate.csv", "coin.csv"]


class HostDies(unittest.TestCase):
    def submit(self, runtime, partner=False):
        spec = {"checkpoint_partner": True} if partner else {}
        return {name: runtime.submit(job_type, name=name, spec=spec, **arguments) for name, (job_type, arguments) in JOBS.items()}

    def results(self, runtime, jobs):
        rows = runtime.wait(*jobs.values())
        return ([(row["state"], row["steps"]) for row in rows], [(runtime.work / name).read_bytes() for name in OUTPUTS],
                [runtime.captured(job) for job in jobs.values()])

    def kill(self, runtime, host):
        """Ends that host's process; returns once the allocator counts it as dead."""
        def row():
            return next(row for row in runtime.ask("hosts")["rows"] if row["host"] == host)

        os.kill(row()["pid"], signal.SIGKILL)
        wait_for(lambda: row()["state"] == "dead", f"host {host} to be dead")

    def test_its_jobs_go_on_elsewhere_and_end_as_if_undisturbed(self):
        with Runtime(hosts=1) as runtime:
            expected = self.results(runtime, self.submit(runtime))
        with Runtime(hosts=HOSTS, witness=True) as runtime:
            jobs = self.submit(runtime)
            for name, job in jobs.items():
                wait_for(lambda: runtime.row(job)["steps"] > 0, f"{name} to run")
            runtime.act("checkpoint", jobs["plate"])  # the others begin again
            alive = list(range(1, HOSTS + 1))
            for victim in (runtime.row(jobs["plate"])["host"], runtime.row(jobs["ticker"])["host"]):
                if victim not in alive:
                    continue
                alive.remove(victim)
                self.kill(runtime, victim)
                for name, job in jobs.items():
                    wait_for(lambda: runtime.row(job)["state"] == "FINISHED" or runtime.row(job)["host"] in alive,
                             f"{name} to run on one of {alive}")
            self.assertLess(len(alive), HOSTS)
            self.assertEqual(self.results(runtime, jobs), expected)
            runtime.stop()
            runtime.check_witness()
            runtime.start()  # all hosts are there again

    def test_from_copies_in_memory_they_go_on_without_a_checkpoint(self):
        with Runtime(hosts=1) as runtime:
            expected = self.results(runtime, self.submit(runtime))
        with Runtime(hosts=HOSTS, witness=True, options=["--partner-every", "100ms"]) as runtime:
            jobs = self.submit(runtime, partner=True)
            victim, again = 1, 2
            for name, job in jobs.items():
                wait_for(lambda: runtime.row(job)["copy_at"] is not None, f"{name} to have a copy")
                if runtime.row(job)["host"] != victim:
                    runtime.migrate(job, victim)
                wait_for(lambda: runtime.row(job)["copy_at"] not in (None, victim), f"{name} to have a copy of what runs there")
            for host in (victim, again):
                where = {name: runtime.row(job)["host"] for name, job in jobs.items()}
                self.kill(runtime, host)
                for name, job in jobs.items():
                    wait_for(lambda: runtime.row(job)["state"] == "FINISHED" or
                             (runtime.row(job)["host"] not in (None, victim, host) and runtime.row(job)["state"] == "RUNNING"),
                             f"{name} to go on, of host {where[name]}")
                    self.assertEqual(runtime.row(job)["images"], [], "no checkpoint was asked for")
                if host == victim:
                    for name, job in jobs.items():
                        wait_for(lambda: runtime.row(job)["state"] == "FINISHED" or runtime.row(job)["copy_at"] is not None,
                                 f"{name} to have another copy")
            self.assertEqual(self.results(runtime, jobs), expected)
            said = (runtime.store / "log" / "runtime.out").read_text()
            for job in jobs.values():
                self.assertRegex(said, rf'job {job} "[a-z]+" goes on from its copy in the memory of host \d at step [1-9]')
            self.assertNotRegex(said, "goes on from (its beginning|its newest|[0-9]+-)")
            runtime.check_witness()

    def test_a_job_that_outlives_its_host_has_no_successor(self):
        with Runtime(hosts=2, witness=True) as runtime:
            job = runtime.submit("counter", name="ticker", limit=3000, delay_us=1000)
            wait_for(lambda: runtime.row(job)["steps"] > 0, "it to run")
            host = runtime.row(job)["host"]
            victim = next(row["pid"] for row in runtime.ask("hosts")["rows"] if row["host"] == host)
            ranks = json.loads((runtime.store / "ledger" / "world.json").read_text())["ranks"]
            zygote = next(rank["zygote"] for rank in ranks if rank["pid"] == victim)

            def state():
                return next(row["state"] for row in runtime.ask("hosts")["rows"] if row["host"] == host)

            os.kill(zygote, signal.SIGSTOP)  # it would end the job at once
            try:
                os.kill(victim, signal.SIGKILL)
                wait_for(lambda: state() != "alive", "the host to be silent")
                self.assertEqual(state(), "late")
            finally:
                os.kill(zygote, signal.SIGCONT)
            wait_for(lambda: state() == "dead", "its death to be known")
            self.assertEqual(runtime.wait(job)[0]["state"], "FINISHED")
            runtime.check_witness()


if __name__ == "__main__":
    unittest.main(verbosity=2)
