"""What godwitd refuses at the start, by hand under mpirun: each time one clear message, from rank 0 alone,
and no rank left hanging. And what it doesn't refuse: a store whose world was killed."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from rig import BIN, PATIENCE, Connection, wait_for  # noqa: E402

MPIRUN = ["mpirun", "--enable-recovery", "--bind-to", "none", "--oversubscribe", "--mca", "pml", "ob1", "--mca", "btl",
          "vader,tcp,self", "--mca", "mpi_yield_when_idle", "1"]


class Refusals(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="godwit-test-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.store = self.directory / "store"
        self.environment = dict(os.environ, XDG_RUNTIME_DIR=str(self.directory))
        if os.geteuid() == 0:
            self.environment.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")

    def begin(self, *options, ranks=3, store=None):
        command = [*MPIRUN, "-n", str(ranks), str(BIN / "godwitd"), "--store", str(store or self.store), *options]
        process = subprocess.Popen(command, env=self.environment, cwd=self.directory, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

    def refused(self, *options, **more):
        """The lines that godwitd said; its own are said once."""
        process = self.begin(*options, **more)
        said = process.communicate(timeout=PATIENCE)[0]
        lines = [line for line in said.splitlines() if line.startswith("godwitd: ")]
        self.assertLessEqual(len(lines), 1, said)
        return said

    def up(self, hosts, process):
        def answers():
            self.assertIsNone(process.poll(), "the runtime ended")
            try:
                connection = Connection(self.store)
            except (OSError, ValueError):
                return None  # not yet
            rows = connection.ask("hosts")["rows"]
            if sum(row["state"] == "alive" for row in rows) == hosts:
                return connection
            connection.close()
            return None

        found = []
        wait_for(lambda: bool(found.append(answers()) or found[-1]), "the runtime to be up")
        return found[-1]

    def stop(self, connection, process):
        connection.ask("stop")
        connection.close()
        process.communicate(timeout=PATIENCE)
        self.assertEqual(json.loads((self.store / "verdict.json").read_text())["exit_code"], 0)

    def test_one_rank(self):
        self.assertIn("one rank is not enough", self.refused(ranks=1))

    def test_a_store_that_is_not_writable(self):
        (self.directory / "file").write_text("")
        self.assertIn(f"store {self.directory}/file is not writable", self.refused(store=self.directory / "file"))
        self.assertIn("store /proc/store is not writable", self.refused(store="/proc/store"))

    def test_mistakes_on_the_command_line(self):
        self.assertIn("--lease", self.refused("--lease", "1s", "--heartbeat", "1s"))
        self.assertIn("example", self.refused("--listen", "example"))
        self.assertIn("nothing.yaml", self.refused("nothing.yaml"))

    def test_a_second_runtime_and_a_damaged_ledger(self):
        first = self.begin()
        connection = self.up(2, first)
        said = self.refused()
        self.assertIn("a runtime already uses store", said)
        self.assertIn(f"pid {connection.pid} ", said)
        self.assertEqual(len(connection.ask("hosts")["rows"]), 2, "the first one doesn't mind")
        self.stop(connection, first)

        log = self.store / "ledger" / "00000001.log"
        sound = log.read_bytes()
        log.write_bytes(sound[:40] + bytes([sound[40] ^ 1]) + sound[41:])
        self.assertIn("00000001.log is damaged at byte 20", self.refused())
        log.write_bytes(sound[:-3])  # torn: that is what crashes do, and no reason to refuse
        again = self.begin()
        self.stop(self.up(2, again), again)

    def test_a_killed_world_is_known_to_be_gone(self):
        """Its leases aren't waited for: the job goes on long before the old lease of an hour is out."""
        first = self.begin("--lease", "1h", "--suspicion", "2h")
        connection = self.up(2, first)
        spec = {"type": "sleep", "arguments": {"seconds": "1000"}, "directory": str(self.directory)}
        job = connection.ask("submit", jobs=[{"spec": spec}])["jobs"][0]
        wait_for(lambda: connection.ask("show", job=str(job))["rows"][0]["state"] == "RUNNING", "the job to run")
        pids = [connection.pid] + [row["pid"] for row in connection.ask("hosts")["rows"]]
        connection.close()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        first.communicate(timeout=PATIENCE)
        second = self.begin()
        connection = self.up(2, second)
        wait_for(lambda: connection.ask("show", job=str(job))["rows"][0]["state"] == "RUNNING", "the job to run again")
        connection.ask("cancel", job=str(job))
        self.stop(connection, second)

    def test_a_signal_to_rank_zero_is_a_clean_stop(self):
        first = self.begin()
        connection = self.up(2, first)
        connection.close()
        os.kill(connection.pid, signal.SIGTERM)
        first.communicate(timeout=PATIENCE)
        self.assertEqual(json.loads((self.store / "verdict.json").read_text())["exit_code"], 0)
        self.assertFalse((self.store / "access.json").exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
