#!/usr/bin/env python3
"""Godwit inside a real Slurm of three namespaced nodes: slurm/run.sbatch takes hosts and cores from the allocation,
`ps`, `logs` and `migrate` work from another node. Near its time limit (USR1) it checkpoints everything and puts itself
back into the queue, at scancel it checkpoints everything, and it goes on each time, at last on other nodes, to outputs
that equal an undisturbed run's.

Skipped (77) where namespaces aren't permitted or Slurm isn't installed. The Slurm is the test's own (cluster.py); it and
everything in it ends with the test, however that ends (nodes.py)."""

import json
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE)]

import nodes  # noqa: E402
from cluster import PROGRAMS, Cluster  # noqa: E402

BIN = pathlib.Path(os.environ["GODWIT_BIN"])
BATCH = HERE.parent.parent / "slurm" / "run.sbatch"
WORKLOAD = """godwit: 1
jobs:
  ticker: {type: counter, args: {limit: 10000000, delay_us: 2000, print_every: 1}}
  few: {type: counter, array: {limit: 11..16}, args: {print_every: 1}}
  plate: {type: heat, args: {n: 64, steps: 500, output: plate.csv}}
"""


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
        # What a node keeps for itself lies in its own directory, as in its own /tmp.
        cluster.environment.update(GODWIT=str(BIN / "godwit"), GODWIT_STORE=str(self.store),
                                   XDG_RUNTIME_DIR=str(cluster.nodes.local), TMPDIR=str(cluster.nodes.local))

    def submit(self, *flags):
        job = self.cluster.submit(*flags, "--output=%j.out", BATCH, "work.yaml", cwd=self.work)
        nodes.wait_for(lambda: self.cluster.state(job) != "PENDING", "the batch job to begin")
        return job

    def said(self, job):
        path = self.work / f"{job}.out"
        return path.read_text() if path.exists() else ""

    def until_said(self, job, text):
        def there():
            check(self.cluster.state(job) == "RUNNING", f"the batch job ended:\n{self.said(job)}")
            return text in self.said(job)
        nodes.wait_for(there, f"'{text}' in the output of the batch job")

    def godwit(self, node, *words):
        done = self.cluster.run(BIN / "godwit", *words, node=node, cwd=self.work)
        check(done.returncode == 0, f"godwit {' '.join(words)} on {node}: {done.returncode}: {done.stderr}")
        return done.stdout

    def rows(self, node, *words):
        return json.loads(self.godwit(node, *words, "--json"))

    def row(self, node, name):
        return self.rows(node, "show", name)[0]

    def finished_array(self, node, name):
        row = self.row(node, name)
        return row["elements"]["finished"] == 6 and row["job"]

    def until_ended(self, job, state):
        nodes.wait_for(lambda: self.cluster.state(job) not in ("RUNNING", "COMPLETING"), "the batch job to end")
        found = self.cluster.state(job)
        check(found == state, f"the batch job is {found}, not {state}:\n{self.said(job)}")

    # ---- the acts

    def takes_what_slurm_gave(self, job):
        lines = self.said(job).splitlines()
        check(lines[0] == f"Slurm job {job}: 3 hosts with 2 slots each on 3 nodes (n1 n2 n3); rank 0 on n1", lines[0])
        check(lines[1].startswith("launching: ") and " srun --mpi=pmix --no-kill " in lines[1], lines[1])
        hosts = self.rows("n2", "hosts")
        found = [(row["host"], row["node"], row["slots"], row["state"]) for row in hosts]
        check(found == [(i, f"n{i}", 2, "alive") for i in (1, 2, 3)], f"hosts: {found}")

    def is_served_from_other_nodes(self):
        for node in ("n2", "n3", "login"):  # rank 0 is on n1
            names = {row["name"] for row in self.rows(node, "ps")}
            check({"ticker"} <= names, f"ps on {node}: {names}")
        few = nodes.wait_for(lambda: self.finished_array("n2", "few"), "the array to finish")
        third = self.godwit("n3", "logs", f"{few}_3")
        check(third == "".join(f"{i + 1}\n" for i in range(13)), f"the third element's output: {third}")
        nodes.wait_for(lambda: self.godwit("n3", "logs", "ticker").startswith("1\n2\n3\n"), "logs from n3")
        here = self.row("n2", "ticker")["host"]
        there = 1 + here % 3
        self.godwit("n3", "migrate", "ticker", str(there))
        row = self.row("n3", "ticker")
        check(row["host"] == there and row["state"] == "RUNNING", f"after the move: {row}")

    def goes_back_into_the_queue(self, job):
        steps = self.row("n2", "ticker")["steps"]
        self.cluster.run("scancel", "--batch", "--signal=USR1", job)  # as --signal=B:USR1@180 does near the time limit
        nodes.wait_for(lambda: self.cluster.state(job) == "PENDING", "the batch job to go back into the queue")
        check("1 job checkpointed" in self.said(job), self.said(job))
        check(self.steps_checkpointed() >= steps, f"{steps} steps done, {self.steps_checkpointed()} checkpointed")
        self.cluster.run("scancel", job)  # Slurm lets it wait there for two minutes: another one takes its place

    def steps_checkpointed(self):
        return json.loads(self.godwit("n3", "inspect", "list", "ticker", "--json"))[0]["steps"]

    def goes_on(self):
        job = self.submit("--nodes=3", "--cpus-per-task=2")
        self.until_said(job, "1 unfinished job in this store goes on")
        nodes.wait_for(lambda: self.row("n3", "ticker")["state"] == "RUNNING", "the ticker to run again")
        check(self.row("n3", "ticker")["steps"] >= self.steps_checkpointed(), "the ticker began again")
        return job

    def is_cancelled_with_everything_checkpointed(self, job):
        steps = self.row("n2", "ticker")["steps"]
        self.cluster.run("scancel", job)
        self.until_ended(job, "CANCELLED")
        check(self.steps_checkpointed() >= steps, f"{steps} steps done, {self.steps_checkpointed()} checkpointed")
        done = self.cluster.run(BIN / "godwit", "ps", node="n2", cwd=self.work)
        check(done.returncode == 3, f"ps after the end: {done.returncode} {done.stdout}")

    def goes_on_elsewhere(self):
        job = self.submit("--nodes=2", "--cpus-per-task=4", "--nodelist=n2,n3")
        self.until_said(job, "1 unfinished job in this store goes on")
        nodes.wait_for(lambda: self.row("n3", "ticker")["state"] == "RUNNING", "the ticker to run again")
        counts = self.row("n3", "ticker")["steps"] + 1000
        self.godwit("n3", "call", "ticker", "set_limit", str(counts))
        self.until_ended(job, "COMPLETED")
        said = self.said(job)
        check("rank 0 on n2" in said, said)
        check("ticker finished" in said, said)
        ticker = self.store / "jobs" / str(self.ticker) / "stdout"
        check(ticker.read_text() == "".join(f"{i + 1}\n" for i in range(counts)), "the ticker's output has gaps")
        csv = (self.work / "plate.csv").read_text().splitlines()
        check(len(csv) == 50 and csv[-1].startswith("500,0.617516"), f"the plate's output: {csv[-1:]}")

    def starts_again_after_a_crash(self, nap):
        struck = self.work / "struck"
        struck.mkdir()
        job = self.cluster.submit("--nodes=3", f"--export=ALL,GODWIT_FAULT=2:join:world=segv,GODWIT_FAULT_STRUCK={struck}",
                                  "--output=%j.out", BATCH, *nap, cwd=self.work)
        nodes.wait_for(lambda: self.cluster.state(job) not in ("PENDING", "RUNNING", "COMPLETING"), "the end")
        said = self.said(job)
        check(self.cluster.state(job) == "COMPLETED", said)
        check("a rank crashed before the runtime was up (srun: error: n2: task 2: Segmentation fault" in said, said)

    def starts_in_other_ways(self):
        nap = ("sleep", "seconds=0.1")
        ways = [  # flags of sbatch, of godwit run; what it says
            ([], ["--launcher", "mpirun"], "3 hosts with 2 slots each on 3 nodes", " mpirun --enable-recovery "),
            (["--ntasks-per-node=2"], [], "6 hosts with 2 slots each on 3 nodes", " --nodes=3 --ntasks=7 "),
            ([], ["--hosts", "2"], "2 hosts with 2 slots each on 2 nodes (n1 n2)", " --nodes=2 --ntasks=3 ")]
        for flags, words, first, launch in ways:
            job = self.cluster.submit("--nodes=3", "--cpus-per-task=2", *flags, "--output=%j.out", BATCH, *words, *nap,
                                      cwd=self.work)
            nodes.wait_for(lambda: self.cluster.state(job) not in ("PENDING", "RUNNING", "COMPLETING"), "the end")
            said = self.said(job)
            check(self.cluster.state(job) == "COMPLETED" and first in said and launch in said, said)
        self.starts_again_after_a_crash(nap)
        # Interactive: from the login node, which isn't in the allocation; and a step beside it.
        hosts = f"{BIN}/godwit start --detach && srun --overlap -N1 -n1 {BIN}/godwit hosts; {BIN}/godwit stop"
        done = self.cluster.run("salloc", "--nodes=2", "--ntasks-per-node=1", "sh", "-c", hosts, cwd=self.work)
        check(done.returncode == 0 and done.stdout.count("alive") == 2, f"salloc: {done}")

    def play(self):
        job = self.submit("--nodes=3", "--cpus-per-task=2")
        self.until_said(job, "3 hosts up")
        nodes.wait_for(lambda: self.store.joinpath("access.json").exists(), "the runtime")
        nodes.wait_for(lambda: "ticker" in self.godwit("n2", "ps"), "the workload to be submitted")
        self.takes_what_slurm_gave(job)
        nodes.wait_for(lambda: self.row("n2", "ticker")["state"] == "RUNNING", "the ticker to run")
        self.ticker = self.row("n2", "ticker")["job"]
        self.is_served_from_other_nodes()
        self.goes_back_into_the_queue(job)
        self.is_cancelled_with_everything_checkpointed(self.goes_on())
        self.goes_on_elsewhere()
        self.starts_in_other_ways()


def main():
    nodes.run_inside(*PROGRAMS)
    scratch = nodes.scratch_directory()
    cluster = Cluster(scratch, 3)
    scene = Scene(cluster, scratch)
    try:
        scene.play()
    except BaseException:
        for path in (*scene.work.glob("*.out"), scene.store / "log" / "runtime.out"):
            print(f"--- {path}\n{path.read_text(errors='replace')[-4000:]}" if path.exists() else f"no {path}")
        print(cluster.logs(), flush=True)
        raise


main()
