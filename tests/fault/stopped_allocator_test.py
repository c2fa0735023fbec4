"""An allocator stopped with SIGSTOP for longer than its lease, and continued once another has taken over: it finds itself
superseded. What it is asked is refused, its log grows no more, and the jobs that it knew of are run by nobody twice. Several
worlds side by side; the argument is how often an allocator is stopped in all, 40 unless given. Real mpirun and processes."""

import contextlib
import json
import os
import signal
import socket
import sys
import threading
import unittest

from chaos import runs
from rig import wait_for

STOPS = int(sys.argv.pop(1)) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 40
WORLDS = 5
QUICK = ("--heartbeat", "100ms", "--lease", "1s", "--suspicion", "2s")
TICKERS = 6


class Zombie:
    """The allocator of a run, stopped now."""

    def __init__(self, run):
        self.run, self.access = run, run.access()
        self.pid, self.term = self.access["pid"], self.access["term"]
        self.log = run.store / "ledger" / f"{self.term:08}.log"
        os.kill(self.pid, signal.SIGSTOP)

    def ask_to_submit(self):
        """A user whose command it finds when it goes on."""
        self.user = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.user.settimeout(60)
        self.user.connect(self.access["unix"])
        spec = {"type": "counter", "arguments": {"limit": "1"}, "name": f"for-a-zombie-{self.term}", "directory": str(self.run.work)}
        request = {"jsonrpc": "2.0", "id": 1, "method": "submit", "params": {"jobs": [{"spec": spec}]}}
        self.user.sendall(json.dumps(request).encode() + b"\n")

    def go_on(self):
        self.size = self.log.stat().st_size
        os.kill(self.pid, signal.SIGCONT)

    def answer(self):
        """What the user hears; None if it was cut off."""
        with contextlib.closing(self.user), self.user.makefile("r", encoding="utf-8") as lines:
            with contextlib.suppress(ConnectionError):
                line = lines.readline()
                return json.loads(line) if line else None
        return None


class StoppedAllocator(unittest.TestCase):
    def test_finds_itself_superseded(self):
        self.done, self.failures = [], []
        worlds = [threading.Thread(target=self.guarded, args=(world,)) for world in range(WORLDS)]
        for each in worlds:
            each.start()
        for each in worlds:
            each.join()
        self.assertEqual(self.failures, [])
        self.assertEqual(len(self.done), STOPS)
        print(f"{len(self.done)} allocators stopped and continued")

    def guarded(self, world):
        try:
            self.one_world(STOPS // WORLDS + (1 if world < STOPS % WORLDS else 0))
        except BaseException as error:  # noqa: BLE001: told by the main thread
            self.failures.append(repr(error))

    def one_world(self, stops):
        with runs(hosts=4, slots=4, options=QUICK) as run:
            wait_for(lambda: run.rows("hosts") and len(run.rows("hosts")) == 4, "the hosts to join")
            connection = run.connection()
            for ticker in range(TICKERS):
                spec = {"type": "counter", "arguments": {"limit": "1000000000", "delay_us": "1000"}, "name": f"ticker{ticker}",
                        "directory": str(run.work)}
                connection.ask("submit", jobs=[{"spec": spec}])
            connection.close()
            zombies = []
            for _ in range(stops):
                zombies.append(self.superseded(run))
                self.done.append(run)
            names = {row["spec"]["name"] for row in run.rows("jobs")}
            self.assertEqual(names, {f"ticker{ticker}" for ticker in range(TICKERS)})
            for zombie in zombies:
                self.assertEqual(zombie.log.stat().st_size, zombie.size, f"the log of term {zombie.term}, which ended")
            run.check_witness()

    def superseded(self, run):
        zombie = Zombie(run)
        wait_for(lambda: (run.access() or {"term": 0})["term"] > zombie.term and run.rows("hosts") is not None, "another allocator")
        zombie.ask_to_submit()
        zombie.go_on()
        answer = zombie.answer()
        self.assertTrue(answer is None or "error" in answer, f"a superseded allocator took a job: {answer}")
        return zombie


if __name__ == "__main__":
    unittest.main(verbosity=2)
