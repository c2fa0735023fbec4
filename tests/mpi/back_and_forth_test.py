"""Moves as fast as they can be asked for: 200 requests for one counting job, 0→1→2→1→2…, all sent before
the first is answered; and 32 jobs on 8 oversubscribed ranks, all moving at once. No step may be lost or
doubled: the counter's value, its steps and the witness agree."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from rig import Runtime  # noqa: E402


class BackAndForth(unittest.TestCase):
    def test_two_hundred_moves_asked_for_at_once(self):
        limit = 20_000
        with Runtime(hosts=2, witness=True) as runtime:
            job = runtime.submit("counter", limit=limit, delay_us=200)
            runtime.until_state(job, "RUNNING")
            first = runtime.row(job)["host"]
            targets = [3 - first if n % 2 == 0 else first for n in range(200)]
            asked = [runtime.connection.send("migrate", job=str(job), host=target) for target in targets]
            for number, request in enumerate(asked):
                act = runtime.connection.answer(request)["acts"][0]
                self.assertIsNone(act.get("failure"), f"move {number}: {act}")
            row = runtime.wait(job)[0]
            self.assertEqual((row["state"], row["steps"], row["moves"]), ("FINISHED", limit, 200))
            runtime.check_witness("--no-repeats")

    def test_thirty_two_jobs_on_eight_ranks(self):
        limit, jobs_count, hosts = 4_000, 32, 7
        with Runtime(hosts=hosts, witness=True) as runtime:
            jobs = [runtime.submit("counter", limit=limit, delay_us=2000) for _ in range(jobs_count)]
            for job in jobs:
                runtime.until_state(job, "RUNNING")
            for turn in range(5):
                asked = [runtime.connection.send("migrate", job=str(job), host=(job + turn) % hosts + 1)
                         for job in jobs]
                for job, request in zip(jobs, asked):
                    act = runtime.connection.answer(request)["acts"][0]
                    refused = act.get("failure")
                    if refused is not None:  # it happened to be there already
                        self.assertEqual(refused["code"], "already_there", act)
            rows = runtime.wait(*jobs)
            self.assertEqual({(row["state"], row["steps"]) for row in rows}, {("FINISHED", limit)})
            self.assertGreaterEqual(sum(row["moves"] for row in rows), 4 * jobs_count)
            runtime.check_witness("--no-repeats")


if __name__ == "__main__":
    unittest.main(verbosity=2)
