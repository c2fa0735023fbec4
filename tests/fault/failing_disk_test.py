"""A disk that fails for a while: writing checkpoints, making them durable, and writing the ledger give EIO; writes of checkpoints come
short and then fail. Each time it is said what can't be written, why, and what to do; the jobs and the runtime go on, and once the disk is
well again checkpoints are written and what waited is recorded: the outputs are those of an undisturbed run, and the witness saw nobody run
twice. strace gives the errors, in the ranks and nobody else; skipped where it isn't there or may not trace."""

import contextlib
import resource
import shutil
import signal
import subprocess
import sys
import unittest

import chaos
from chaos import runs
from rig import wait_for

JOBS = {"counters": 4, "plates": 2}
LEDGERS_MAX = 40  # terms of which a log may come
SHORT_BYTES = 4 << 10  # less than any checkpoint has

chaos.WORKLOAD = chaos.WORKLOAD.replace("limit: 1500", "limit: 6000")  # as long as three troubles take


@contextlib.contextmanager
def failing(run, calls, paths=()):
    """While it lasts, these calls of all ranks fail with EIO: of those paths, if any are given."""
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e", f"inject={calls}:error=EIO"]
    for path in paths:
        command += ["-P", str(path)]
    for pid in run.ranks():
        command += ["-p", str(pid)]
    tracer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        yield
        said = tracer.stderr.read() if tracer.poll() is not None else b""
        if tracer.poll() is not None:
            raise AssertionError(f"strace ended by itself: {said.decode()}")
    finally:
        if tracer.poll() is None:
            tracer.send_signal(signal.SIGTERM)  # it lets go of them
        tracer.wait(30)
        tracer.stderr.close()


@contextlib.contextmanager
def short_writes(run):
    """While it lasts, files that hosts write end at SHORT_BYTES: the write that comes there is cut short, the next one fails."""
    limits = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in run.hosts()}
    for pid, (_, hard) in limits.items():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (SHORT_BYTES, hard))
    try:
        yield
    finally:
        for pid, limit in limits.items():
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, limit)


class FailingDisk(unittest.TestCase):
    def await_word(self, run, *words):
        """In the runtime's log: what has to be recorded isn't answered while the ledger can't be written."""
        log = run.store / "log" / "runtime.out"
        wait_for(lambda: run.is_over() or all(word in log.read_text(errors="replace") for word in words), f"word of {words}")
        self.assertFalse(run.is_over(), "the jobs are over too early, or the runtime is")

    def await_checkpoint(self, run):
        """A new one: the disk is well again."""
        before = set((run.store / "jobs").glob("*/checkpoints/*.h5"))
        wait_for(lambda: run.is_over() or set((run.store / "jobs").glob("*/checkpoints/*.h5")) - before, "a new checkpoint")
        self.assertFalse(run.is_over(), "no checkpoint came before the jobs were over")

    def test_jobs_go_on_and_nothing_is_lost(self):
        with runs(hosts=2, slots=8, witness=False, **JOBS) as calm:
            self.assertEqual(calm.end(), 0, "the undisturbed run")
            expected = calm.outputs(**JOBS)
        with runs(hosts=2, slots=8, **JOBS) as run:
            run.await_start()
            ranks = run.ranks()
            self.await_checkpoint(run)
            with failing(run, "pwrite64"):
                self.await_word(run, "checkpoint failed: writing ", "Input/output error; the disk or the file system fails")
            self.await_checkpoint(run)
            with failing(run, "fsync"):
                self.await_word(run, "checkpoint failed: flushing ")
            self.await_checkpoint(run)
            with short_writes(run):
                self.await_word(run, "File too large; raise the limit on file sizes")
            self.await_checkpoint(run)
            logs = [run.store / "ledger" / f"{term:08}.log" for term in range(1, LEDGERS_MAX)]
            for calls, doing in (("write", "writing"), ("fdatasync", "syncing")):
                with failing(run, calls, logs):
                    self.await_word(run, f"the ledger can't be written for now: {doing} {run.store}/ledger/0", "Input/output error")
                    self.assertTrue(run.capsules(), "the jobs run on")
                self.await_word(run, "the ledger can be written again")
            self.assertEqual(run.ranks(), ranks, "nobody was started anew")
            self.assertEqual(run.end(), 0, "the disturbed run")
            self.assertEqual(run.outputs(**JOBS), expected)
            run.check_witness()


if __name__ == "__main__":
    tracing = shutil.which("strace") and subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True)
    if not tracing or tracing.returncode != 0:
        print("skipped: strace isn't installed, or may not trace here")
        sys.exit(77)
    unittest.main(verbosity=2)
