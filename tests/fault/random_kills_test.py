"""Hosts, allocators, capsules and launchers killed with SIGKILL at random while a workload runs, some hosts stopped and
continued: each run ends with every job finished and the outputs of an undisturbed run. The number of strikes is the
argument, 130 unless given; $GODWIT_FAULT_SEED gives another order of them. Real mpirun and processes."""

import os
import sys
import time
import unittest

from chaos import Chaos, runs

COUNTERS, PLATES = 60, 8
STRIKES = int(sys.argv.pop(1)) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 130
SEED = int(os.environ.get("GODWIT_FAULT_SEED", "1"))
# Short, so that those who are stopped are given up within a test.
QUICK = ("--heartbeat", "100ms", "--lease", "1s", "--suspicion", "2s", "--partner-every", "150ms")
JOBS = {"counters": COUNTERS, "plates": PLATES}


class RandomKills(unittest.TestCase):
    def test_every_job_finishes_as_if_undisturbed(self):
        with runs(hosts=4, slots=40, witness=False, **JOBS) as calm:
            self.assertEqual(calm.end(), 0, "the undisturbed run")
            expected = calm.outputs(**JOBS)
        struck = round_number = 0
        while struck < STRIKES:
            round_number += 1
            slots = 4 if round_number % 2 == 0 else 8  # by turns some wait, or there is room for those of a dead host at once
            with runs(hosts=12, slots=slots, options=QUICK, **JOBS) as run:
                run.await_start()
                chaos = Chaos(run, SEED * 1000 + round_number, stops=True)
                while struck + sum(chaos.kills.values()) < STRIKES and not run.is_over():
                    if not chaos.strike():
                        time.sleep(.05)
                self.assertEqual(run.end(), 0, "the disturbed run")
                left = run.outputs(**JOBS)
                for name in sorted(expected):
                    self.assertEqual(left.get(name), expected[name], f"{name}, of a disturbed run and an undisturbed one")
                run.check_witness()
                print(f"round {round_number}: {chaos.report()}", flush=True)
                struck += sum(chaos.kills.values())


if __name__ == "__main__":
    unittest.main(verbosity=2)
