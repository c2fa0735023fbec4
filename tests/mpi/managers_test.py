"""Hosts in groups, under real mpirun: a few hundred short jobs on four hosts, two to a manager, and a manager is killed with
SIGKILL in their midst. Each job ends with what it would have printed undisturbed, the witness has seen one runner of each, and the
group goes on with another manager."""

import os
import pathlib
import signal
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from rig import Runtime, wait_for  # noqa: E402

JOBS = 400
STEPS = 40


class Managers(unittest.TestCase):
    def hosts(self, runtime):
        return {row["host"]: row for row in runtime.ask("hosts")["rows"]}

    def managers(self, runtime):
        return [row.get("manager", -1) for row in self.hosts(runtime).values() if row["state"] == "alive"]

    def submit(self, runtime, jobs):
        spec = {"type": "counter", "arguments": {"limit": str(STEPS), "delay_us": "1000", "print_every": "1"},
                "directory": str(runtime.work)}
        axes = [{"name": "i", "first": 1, "step": 1, "count": jobs}]
        return runtime.ask("submit", jobs=[{"spec": spec, "axes": axes}])["jobs"][0]

    def finished(self, runtime):
        return runtime.ask("count", jobs=[])["counts"]["finished"]

    def history(self, runtime, job):
        return runtime.cli("history", job, "--json").stdout

    def test_a_manager_dies_amid_short_jobs(self):
        with Runtime(hosts=4, slots=2, witness=True, options=["--managers", "2"]) as runtime:
            wait_for(lambda: self.managers(runtime) == [1, 1, 3, 3], "two groups of two hosts")
            array = self.submit(runtime, JOBS)
            wait_for(lambda: self.finished(runtime) > JOBS // 4, "a quarter of the jobs to finish")
            os.kill(self.hosts(runtime)[1]["pid"], signal.SIGKILL)
            self.assertEqual([row["state"] for row in runtime.wait(array)], ["FINISHED"])
            expected = b"".join(b"%d\n" % (step + 1) for step in range(STEPS))
            for element in range(1, JOBS + 1):
                self.assertEqual(runtime.captured(f"{array}_{element}"), expected, f"element {element}")
            self.assertEqual(self.managers(runtime)[1:], [3, 3])  # host 2 is alone, and speaks for itself
            self.assertEqual(self.hosts(runtime)[1]["state"], "dead")
            histories = "".join(self.history(runtime, f"{array}_{element}") for element in range(1, JOBS + 1, 8))
            self.assertIn("handed_on", histories)
            runtime.stop()
            runtime.check_witness()


if __name__ == "__main__":
    unittest.main(verbosity=2)
