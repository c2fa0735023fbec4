"""A store that is remounted read-only for a while: what is open goes on being written, nothing new can be made. It is said what can't be
written and why, the jobs run on, and checkpoints are written once it is writable again; the outputs are those of an undisturbed run. A
mount namespace of its own; skipped where that isn't permitted."""

import contextlib
import subprocess
import tempfile
import unittest

from chaos import in_mount_namespace, runs
from rig import wait_for

JOBS = {"counters": 4, "plates": 2}
ROOM = 256 << 20


@contextlib.contextmanager
def read_only(directory):
    """By a mount over it: a file system with files open for writing refuses to be remounted itself. It is made read-only elsewhere,
    and put there as that: between two steps in its place a file might be opened through it, and then it couldn't be."""
    with tempfile.TemporaryDirectory() as aside:
        subprocess.run(["mount", "--bind", directory, aside], check=True)
        try:
            subprocess.run(["mount", "-o", "remount,bind,ro", aside], check=True)
            subprocess.run(["mount", "--bind", aside, directory], check=True)
        finally:
            subprocess.run(["umount", aside], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", directory], check=True)


class ReadOnlyStore(unittest.TestCase):
    def test_jobs_go_on_and_nothing_is_lost(self):
        with runs(hosts=2, slots=8, witness=False, **JOBS) as calm:
            self.assertEqual(calm.end(), 0, "the undisturbed run")
            expected = calm.outputs(**JOBS)
        with runs(hosts=2, slots=8, room=ROOM, **JOBS) as run:
            def checkpoints():
                return set(run.store.glob("jobs/*/checkpoints/*.h5"))

            run.await_start()
            wait_for(checkpoints, "a first checkpoint")
            ranks = run.ranks()
            with read_only(run.store):
                log = run.store / "log" / "runtime.out"
                wait_for(lambda: run.is_over() or "Read-only file system" in log.read_text(errors="replace"), "word of what is wrong")
                self.assertFalse(run.is_over(), "the runtime outlives it")
                self.assertTrue(run.capsules(), "the jobs run on")
                self.assertIsNotNone(run.rows("hosts"), "the allocator answers")
                before = checkpoints()
            wait_for(lambda: run.is_over() or checkpoints() - before, "checkpoints again")
            self.assertEqual(run.ranks(), ranks, "nobody was started anew")
            self.assertEqual(run.end(), 0, "the disturbed run")
            self.assertEqual(run.outputs(**JOBS), expected)
            run.check_witness()


if __name__ == "__main__":
    in_mount_namespace()
    unittest.main(verbosity=2)
