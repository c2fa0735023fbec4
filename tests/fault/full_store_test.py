"""A store that has no room left for a while: a runtime goes on with the jobs that run, says what is wrong, and records what
waited when there is room again; the outputs are those of an undisturbed run. A tmpfs of its own in a mount namespace; skipped
where that isn't permitted."""

import contextlib
import unittest

from chaos import in_mount_namespace, runs
from rig import wait_for

JOBS = {"counters": 4, "plates": 2}
ROOM = 24 << 20


def fill(directory):
    """To the last byte; the file that did it."""
    filler = directory / "filler"
    with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 12))
    return filler


class FullStore(unittest.TestCase):
    def test_jobs_go_on_and_nothing_is_lost(self):
        with runs(hosts=2, slots=8, witness=False, **JOBS) as calm:
            self.assertEqual(calm.end(), 0, "the undisturbed run")
            expected = calm.outputs(**JOBS)
        with runs(hosts=2, slots=8, room=ROOM, **JOBS) as run:
            run.await_start()
            wait_for(lambda: any((run.store / "jobs").glob("*/checkpoints/*.h5")), "a first checkpoint")
            filler = fill(run.store)
            wait_for(lambda: "checkpoint failed" in run.text() or "can't be written for now" in run.text(), "word of what is wrong")
            self.assertFalse(run.is_over(), "the runtime outlives it")
            self.assertIsNotNone(run.rows("hosts"), "the allocator answers")
            filler.unlink()
            self.assertEqual(run.end(), 0, "the disturbed run")
            self.assertEqual(run.outputs(**JOBS), expected)
            run.check_witness()


if __name__ == "__main__":
    in_mount_namespace()
    unittest.main(verbosity=2)
