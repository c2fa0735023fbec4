"""Arrays through the real programs: many short elements, an array that is stopped and goes on in the next
world, one that is cancelled, and a job that starts after another array has finished."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from rig import Refused, Runtime, wait_for  # noqa: E402


def sweep(runtime, first, count, name="", after=(), **arguments):
    spec = {"type": "counter", "arguments": {k: str(v) for k, v in arguments.items()}, "name": name,
            "directory": str(runtime.work), "after": list(after)}
    return {"spec": spec, "axes": [{"name": "limit", "first": first, "count": count}]}


class Arrays(unittest.TestCase):
    def counts(self, runtime, *jobs):
        return runtime.ask("count", jobs=list(jobs))["counts"]

    def test_short_elements_are_all_run_once(self):
        with Runtime(hosts=2, slots=4) as runtime:
            self.assertEqual(runtime.ask("submit", jobs=[sweep(runtime, 1, 300)])["jobs"], [1])
            row = runtime.wait(1)[0]
            self.assertEqual((row["state"], row["elements"]["finished"]), ("FINISHED", 300))
            elements = runtime.ask("jobs", jobs="1", elements=True)["rows"]
            self.assertEqual([row["steps"] for row in elements], list(range(1, 301)))
            self.assertEqual({row["host"] for row in elements}, {1, 2})

    def test_a_stop_in_the_middle_and_a_job_that_comes_after(self):
        with Runtime(hosts=2, slots=2) as runtime:
            report = {"type": "counter", "arguments": {"limit": "5"}, "name": "report", "directory": str(runtime.work),
                      "after": [{"job": "sweep"}]}
            jobs = [{"spec": report}, sweep(runtime, 200, 12, "sweep", delay_us=1000)]
            self.assertEqual(runtime.ask("submit", jobs=jobs)["jobs"], [1, 2])
            wait_for(lambda: self.counts(runtime, "sweep")["finished"] >= 4, "some elements to finish")
            self.assertEqual(runtime.row("report")["state"], "WAITING")
            runtime.restart()
            self.assertEqual(runtime.ask("submit", jobs=jobs, adopt=True)["adopted"], [True, True])
            self.assertEqual(runtime.wait("report")[0]["state"], "FINISHED")
            self.assertEqual(self.counts(runtime, "sweep")["finished"], 12)
            rows = runtime.ask("show", job="sweep_1-12")["rows"]
            self.assertEqual([row["steps"] for row in rows], list(range(200, 212)))

    def test_a_whole_array_is_cancelled(self):
        with Runtime(hosts=1, slots=2) as runtime:
            runtime.ask("submit", jobs=[sweep(runtime, 1_000_000, 100_000, "long", delay_us=1000)])
            wait_for(lambda: self.counts(runtime, "long@running")["running"] == 2, "two elements to run")
            acts = runtime.ask("cancel", job="long")["acts"]
            self.assertEqual([act.get("failure") for act in acts], [None] * 3)
            self.assertEqual(self.counts(runtime, "long")["cancelled"], 100_000)
            with self.assertRaises(Refused):
                runtime.ask("cancel", job="long")


if __name__ == "__main__":
    unittest.main(verbosity=2)
