"""Each sample job, run undisturbed and run moved: at least 20 moves at random moments among 3 hosts, the
whole runtime stopped and started again in between. Outputs and stdout must be byte for byte the same,
and the witness must have seen one runner. Real mpirun, real processes, real HDF5 files."""

import pathlib
import random
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from rig import Runtime  # noqa: E402

MOVES = 20
HOSTS = 3


def write_words(path, lines, seed):
    dice = random.Random(seed)
    words = ["godwit", "bar-tailed", "limosa", "lapponica", "alaska", "zealand", "flight", "ocean"]
    with open(path, "w", encoding="utf-8") as out:
        for number in range(lines):
            out.write(f"{number} {' '.join(dice.choices(words, k=6))}\n")


class Moved(unittest.TestCase):
    def results_of(self, runtime, job, outputs):
        row = runtime.wait(job)[0]
        files = {name: (runtime.work / name).read_bytes() for name in outputs}
        return row["state"], row["outcome"]["reason"], row["steps"], runtime.captured(job), files

    def undisturbed(self, job_type, arguments, outputs, prepare):
        with Runtime(hosts=1) as runtime:
            prepare(runtime.work)
            return self.results_of(runtime, runtime.submit(job_type, **arguments), outputs)

    def some_moves(self, runtime, job, count, dice):
        host = runtime.row(job)["host"]
        for _ in range(count):
            time.sleep(dice.uniform(0, 0.06))
            target = dice.choice([h for h in range(1, HOSTS + 1) if h != host])
            act = runtime.migrate(job, target)
            self.assertIsNone(act.get("failure"), f"after {runtime.row(job)['moves']} moves: {act}")
            host = target

    def moved(self, job_type, arguments, outputs, prepare):
        dice = random.Random(20)
        with Runtime(hosts=HOSTS, witness=True) as runtime:
            prepare(runtime.work)
            job = runtime.submit(job_type, **arguments)
            runtime.until_state(job, "RUNNING")
            self.some_moves(runtime, job, MOVES // 2, dice)
            runtime.restart()
            runtime.until_state(job, "RUNNING")
            self.some_moves(runtime, job, MOVES - MOVES // 2, dice)
            self.assertGreaterEqual(runtime.row(job)["moves"], MOVES)
            results = self.results_of(runtime, job, outputs)
            runtime.stop()
            runtime.check_witness()
            runtime.start()
            return results

    def compare(self, job_type, arguments, outputs=(), prepare=lambda work: None, same_steps=True):
        expected = self.undisturbed(job_type, arguments, outputs, prepare)
        results = self.moved(job_type, arguments, outputs, prepare)
        for what, one, other in zip(("state", "reason", "steps", "stdout", "files"), results, expected):
            if what != "steps" or same_steps:
                self.assertEqual(one, other, what)
        return expected

    def test_counter(self):
        state, _, steps, stdout, _ = self.compare(
            "counter", {"limit": 6000, "delay_us": 1000, "print_every": 500})
        self.assertEqual((state, steps), ("FINISHED", 6000))
        self.assertEqual(stdout.count(b"\n"), 12)

    def test_grep(self):
        _, _, _, _, files = self.compare(
            "grep", {"pattern": "alaska .*zealand", "input": "words.txt", "output": "found.txt"}, ["found.txt"],
            lambda work: write_words(work / "words.txt", 2_000_000, seed=1))
        self.assertGreater(len(files["found.txt"]), 1000)

    def test_heat(self):
        state, *_ = self.compare(
            "heat", {"n": 256, "steps": 60000, "output": "plate.csv"}, ["plate.csv"])
        self.assertEqual(state, "FINISHED")

    def test_sleep(self):
        state, *_ = self.compare("sleep", {"seconds": 8}, same_steps=False)  # a step is a nap: moves cut them short
        self.assertEqual(state, "FINISHED")

    def test_crash_that_fails_by_itself(self):
        state, reason, *_ = self.compare("crash", {"how": "fail", "after": 6000, "delay_us": 1000})
        self.assertEqual(state, "FAILED")
        self.assertTrue(reason)


if __name__ == "__main__":
    unittest.main(verbosity=2)
