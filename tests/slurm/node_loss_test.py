#!/usr/bin/env python3
"""Nodes of a real Slurm allocation switched off under a running workload: first the one with the allocator, then one with a
host. In the same world another rank takes over, the jobs of the lost nodes go on elsewhere from their checkpoints, and their
outputs are those of an undisturbed run.

Skipped (77) where namespaces aren't permitted or Slurm isn't installed. The Slurm is the test's own (cluster.py); it and
everything in it ends with the test, however that ends (nodes.py)."""

import json
import os
import pathlib
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE)]

import nodes  # noqa: E402
from cluster import PROGRAMS, Cluster  # noqa: E402

BIN = pathlib.Path(os.environ["GODWIT_BIN"])
COUNT = 4
ENDLESS = 1_000_000_000
WORKLOAD = f"""godwit: 1
defaults: {{checkpoint: {{every: 500ms}}}}
jobs:
  ticker: {{type: counter, array: {{seed: 1..{COUNT}}}, args: {{limit: {ENDLESS}, delay_us: 2000, print_every: 1}}}}
"""
QUICK = ["--lease", "3s", "--suspicion", "5s"]  # nobody can prove that a node is off


def check(condition, what):
    if not condition:
        raise AssertionError(what)


class Scene:
    def __init__(self, cluster, scratch):
        self.cluster = cluster
        self.work = scratch / "work"
        self.work.mkdir()
        self.store = self.work / "store"
        (self.work / "work.yaml").write_text(WORKLOAD)
        cluster.environment.update(GODWIT_STORE=str(self.store), XDG_RUNTIME_DIR=str(cluster.nodes.local),
                                   TMPDIR=str(cluster.nodes.local))

    def start(self):
        command = ["salloc", "--no-kill", f"--nodes={COUNT}", "--ntasks-per-node=1", "--cpus-per-task=2", BIN / "godwit", "run",
                   "work.yaml", *QUICK]
        self.said = self.work / "run.out"
        with open(self.said, "wb") as out:
            self.run = subprocess.Popen(self.cluster.nodes.on("login", *command), env=self.cluster.environment, cwd=self.work,
                                        stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)

    def rows(self, *words):
        """None while nobody answers."""
        check(self.run.poll() is None, f"the run ended:\n{self.said.read_text()}")
        done = subprocess.run(self.cluster.nodes.on("n2", BIN / "godwit", *words, "--json"), env=self.cluster.environment,
                              cwd=self.work, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def tickers(self):
        return self.rows("ps", "ticker", "--elements") or []

    def all_run_on(self, hosts):
        """All of them run, on these, and each has done a step since it was asked last."""
        rows = self.tickers()
        before, self.steps = self.steps, {row["job"]: row["steps"] for row in rows}
        return (len(rows) == COUNT and all(row["state"] == "RUNNING" and row["host"] in hosts for row in rows)
                and all(self.steps[job] > steps for job, steps in before.items()))

    def switch_off(self, node):
        nodes.must("ip", "link", "set", f"p-{node}", "down")  # nothing of it is heard any more: no connection is reset
        os.kill(int(self.cluster.nodes.first_process[node]), signal.SIGKILL)  # and with it all of its processes, and its network

    def play(self):
        self.steps = {}
        self.start()
        nodes.wait_for(lambda: self.store.joinpath("access.json").exists() and self.all_run_on(range(1, COUNT + 1)),
                       "the tickers to run")
        first = json.loads((self.store / "access.json").read_text())
        check(first["node"] == "n1", f"rank 0 is on {first['node']}")
        check({row["host"] for row in self.tickers()} == set(range(1, COUNT + 1)), "one on each host")
        nodes.wait_for(lambda: len(list(self.store.glob("jobs/*/checkpoints/*.h5"))) >= COUNT, "a checkpoint of each")

        self.switch_off("n1")
        nodes.wait_for(lambda: self.all_run_on((2, 3, 4)), "the tickers to run without n1")
        second = json.loads((self.store / "access.json").read_text())
        check(second["term"] > first["term"] and second["node"] != "n1", f"the allocator is on {second['node']}")
        victim = "n4" if second["node"] != "n4" else "n3"
        self.switch_off(victim)
        left = {2, 3, 4} - {int(victim[1:])}
        nodes.wait_for(lambda: self.all_run_on(left), f"the tickers to run without {victim}")

        limit = max(self.steps.values()) + 1500
        for element in range(1, COUNT + 1):
            check(self.rows("call", f"ticker_{element}", "set_limit", str(limit)) is not None, "the call")
        nodes.wait_for(lambda: self.run.poll() is not None, "the run to end")
        check(self.run.returncode == 0, f"the run ended with {self.run.returncode}:\n{self.said.read_text()}")
        check("has taken over" in self.said.read_text(), self.said.read_text())
        expected = "".join(f"{i + 1}\n" for i in range(limit))
        for element in range(1, COUNT + 1):
            done = self.cluster.run(BIN / "godwit", "logs", f"1_{element}", node="login", cwd=self.work)
            check(done.stdout == expected, f"the output of ticker {element} isn't that of an undisturbed run")


def main():
    nodes.run_inside(*PROGRAMS)
    scratch = nodes.scratch_directory()
    cluster = Cluster(scratch, COUNT)
    scene = Scene(cluster, scratch)
    try:
        scene.play()
    except BaseException:
        for path in (*scene.work.glob("*.out"), scene.store / "log" / "runtime.out"):
            print(f"--- {path}\n{path.read_text(errors='replace')[-6000:]}" if path.exists() else f"no {path}")
        print(cluster.logs(), flush=True)
        raise


main()
