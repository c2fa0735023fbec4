"""A `godwit run` whose processes are killed and stopped while it runs, and what came of it: every job must have finished, and
what they wrote must be what an undisturbed run writes; the witness must have seen no step run twice at once. Real processes,
real signals. Everything is ended by pid: only descendants of what was started here."""

import collections
import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from rig import BIN, PATIENCE, Connection, Refused, wait_for  # noqa: E402

MOUNTS = "GODWIT_TEST_MOUNTS"
RUN_PATIENCE = 120.0  # for all jobs to end, once nobody is killed any more

# Enough losses for any test: nothing is to be held or to fail here.
WORKLOAD = """
godwit: 1
defaults:
  checkpoint: {every: 300ms, keep: 2, keep_every: 20}
  crash_limit: 100000
  host_loss_limit: 100000
jobs:
  tick:
    type: counter
    array: {seed: 1..%(counters)d}
    args: {limit: 1500, delay_us: 2000, print_every: 5}
  plate:
    type: heat
    checkpoint: {every: 300ms, partner: true}
    array: {seed: 1..%(plates)d}
    args: {n: 96, steps: 20000, output: "plate-%%{seed}.csv", output_every: 20}
"""


def processes():
    """pid → (parent, name) of all there are."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError, IndexError, ValueError):
            text = (entry / "stat").read_text()
            name = text[text.index("(") + 1:text.rindex(")")]
            state, parent = text[text.rindex(")") + 2:].split()[:2]
            if state != "Z":
                found[int(entry.name)] = (int(parent), name)
    return found


class Run:
    """`godwit run` of a workload on a store of its own; without jobs, `godwit start`."""

    def __init__(self, directory, hosts, slots, counters=0, plates=0, options=(), witness=True, environment=(),
                 room=None):
        self.directory = pathlib.Path(directory)
        self.store, self.work = self.directory / "store", self.directory / "work"
        self.work.mkdir(parents=True)
        self.room = room  # bytes of a file system of the store's own
        if room:
            self.store.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={room}", "godwit-test", self.store], check=True)
        self.witness = self.directory / "witness"
        (self.work / "jobs.yaml").write_text(WORKLOAD % {"counters": counters, "plates": plates})
        verb = ["run", "jobs.yaml"] if counters + plates > 0 else ["start"]
        self.environment = dict(os.environ, GODWIT_STORE=str(self.store), XDG_RUNTIME_DIR=str(self.directory), **dict(environment))
        # Open MPI leaves its shared memory behind where mpirun is killed.
        self.segments = pathlib.Path(tempfile.mkdtemp(prefix="godwit-fault-", dir="/dev/shm"))
        self.environment["OMPI_MCA_btl_vader_backing_directory"] = str(self.segments)
        self.environment.pop("SLURM_JOB_ID", None)
        self.environment.pop("GODWIT_WITNESS", None)
        if witness:
            self.witness.mkdir()
            self.environment["GODWIT_WITNESS"] = str(self.witness)
        self.command = [BIN / "godwit", *verb, "--hosts", str(hosts), "--slots", str(slots), *map(str, options)]
        self.said = self.directory / "run.out"
        with open(self.said, "ab") as output:
            self.process = subprocess.Popen(self.command, env=self.environment, cwd=self.work, stdin=subprocess.DEVNULL,
                                            stdout=output, stderr=subprocess.STDOUT, start_new_session=True)

    # ---- who is there

    def family(self):
        """All descendants, and what was reparented: pid → (parent, name)."""
        everybody = processes()
        ours = {self.process.pid} | {pid for pid in self.ranks() if everybody.get(pid, (0, ""))[1] == "godwitd"}
        for _ in range(8):  # generations
            ours |= {pid for pid, (parent, _) in everybody.items() if parent in ours}
        return {pid: everybody[pid] for pid in ours if pid in everybody}

    def ranks(self):
        with contextlib.suppress(OSError, ValueError):
            return [rank["pid"] for rank in json.loads((self.store / "ledger" / "world.json").read_text())["ranks"]]
        return []

    def access(self):
        with contextlib.suppress(OSError, ValueError):
            return json.loads((self.store / "access.json").read_text())
        return None

    def allocator(self):
        access = self.access()
        return access["pid"] if access and access["pid"] in self.family() else None

    def hosts(self):
        family, allocator = self.family(), self.allocator()
        return [pid for pid in self.ranks()[1:] if pid in family and pid != allocator]

    def capsules(self):
        """Those of jobs. Rank 0 has some as well: they describe plugins."""
        family, hosts = self.family(), set(self.ranks()[1:])
        zygotes = {pid for pid, (parent, name) in family.items()
                   if name == "godwit-capsule" and parent in hosts}
        return [pid for pid, (parent, name) in family.items() if name == "godwit-capsule" and parent in zygotes]

    def launcher(self):
        with contextlib.suppress(OSError, ValueError):
            pid = int((self.store / "log" / "mpirun.pid").read_text())
            if pid in self.family():
                return pid
        return None

    def is_over(self):
        return self.process.poll() is not None

    def connection(self):
        """To whoever allocates; None if nobody answers now."""
        try:
            return Connection(self.store, patience=5)
        except (OSError, ValueError, KeyError):
            return None

    def rows(self, what, **params):
        connection = self.connection()
        if connection is None:
            return None
        try:
            with contextlib.closing(connection):
                return connection.ask(what, **params)["rows"]
        except (OSError, ValueError, AssertionError, Refused):
            return None

    def await_start(self):
        wait_for(lambda: self.is_over() or self.capsules(), "the first job to run")

    # ---- what came of it

    def end(self):
        """Its exit code, once all jobs have ended."""
        return self.process.wait(RUN_PATIENCE)

    def outputs(self, counters, plates):
        """What the jobs left: file → bytes."""
        files = {path.name: path.read_bytes() for path in sorted(self.work.glob("plate-*.csv"))}
        for job, count in ((1, counters), (2, plates)):
            for element in range(1, count + 1):
                logs = subprocess.run([BIN / "godwit", "logs", f"{job}_{element}"], env=self.environment, capture_output=True,
                                      timeout=PATIENCE)
                if logs.returncode != 0:
                    raise AssertionError(f"godwit logs {job}_{element}: {logs.stderr.decode()}")
                files[f"{job}_{element}"] = logs.stdout
        return files

    def check_witness(self):
        done = subprocess.run([BIN / "godwit-witness", self.witness], capture_output=True, text=True, timeout=PATIENCE)
        if done.returncode != 0:
            raise AssertionError("the witness saw:\n" + done.stdout + done.stderr)

    def text(self):
        text = self.said.read_text(errors="replace")
        for row in self.rows("jobs") or []:
            text += f"\njob {row['job']}: {row['state']}, {row['elements']}"
        for row in self.rows("hosts") or []:
            text += f"\nhost {row['host']}: {row['state']}, pid {row['pid']}"
        with contextlib.suppress(OSError):
            text += "\n---- runtime.out\n" + (self.store / "log" / "runtime.out").read_text(errors="replace")[-12000:]
        return text

    def close(self):
        """Whatever is left of it: continued, and killed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        left = self.family()
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGCONT)
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        if self.room:
            subprocess.run(["umount", "-l", self.store], check=True)
        wait_for(lambda: not self.family().keys() - {self.process.pid}, "what was killed to be gone")
        shutil.rmtree(self.segments, ignore_errors=True)


class Chaos:
    """Kills and stops at random, from a seed. kill() strikes once and waits until what was struck is made good."""

    def __init__(self, run, seed, stops=False):
        self.run, self.random, self.stops = run, random.Random(seed), stops
        self.kills = collections.Counter()
        self.noticed, self.again, self.takeovers = [], [], []

    def strike(self):
        """Somebody, now. False: nobody could be struck at this moment."""
        kinds = ["capsule"] * 5 + ["host"] * 4 + ["allocator"] * 2 + ["host stopped"] * (2 if self.stops else 0)
        hosts = self.run.hosts()
        if len(hosts) <= 1 or self.random.random() < .02:
            kinds = ["launcher"]
        return getattr(self, self.random.choice(kinds).replace(" ", "_"))()

    def send(self, pid, what, kind):
        try:
            os.kill(pid, what)
        except (OSError, TypeError):
            return False
        self.kills[kind] += 1
        return True

    def capsule(self):
        capsules = self.run.capsules()
        return bool(capsules) and self.send(self.random.choice(capsules), signal.SIGKILL, "capsule")

    def host(self):
        """Waits until it is known to be dead, and, where there is room for its jobs at once, until they run again."""
        rows = self.run.rows("hosts")
        victim = self.random.choice(self.run.hosts() or [None])
        host = next((row["host"] for row in rows or [] if row["pid"] == victim), None)
        jobs = self.jobs_with_room_elsewhere(host, rows)
        if not self.send(victim, signal.SIGKILL, "host"):
            return False
        began = time.monotonic()
        if host is None:
            return True

        def is_dead():
            now = self.run.rows("hosts")
            return self.run.is_over() or (now is not None and any(row["host"] == host and row["state"] == "dead" for row in now))

        wait_for(is_dead, f"host {host}, killed, to be known as dead")
        self.noticed.append(time.monotonic() - began)

        def run_again():
            now = self.run.rows("jobs", elements=True)
            return self.run.is_over() or (now is not None and all(
                row["state"] == "FINISHED" or (row["state"] == "RUNNING" and row["host"] != host)
                for row in now if row["job"] in jobs))

        if jobs:
            wait_for(run_again, f"the jobs of host {host}, killed, to run again")
            if not self.run.is_over():
                self.again.append(time.monotonic() - began)
        return True

    def jobs_with_room_elsewhere(self, host, hosts):
        """The elements that run on it, if the other hosts have cores for them and for all that wait."""
        jobs = self.run.rows("jobs", elements=True)
        if not hosts or not jobs:
            return set()
        others = sum(row["state"] not in ("RUNNING", "FINISHED") for row in jobs)
        free = sum(row["has"]["cores"] - row["taken_cores"] for row in hosts if row["state"] == "alive" and row["host"] != host)
        there = {row["job"] for row in jobs if row["state"] == "RUNNING" and row["host"] == host}
        return there if len(there) + others <= free else set()

    def allocator(self):
        access = self.run.access()
        pid = self.run.allocator()
        if access is None or not self.send(pid, signal.SIGKILL, "allocator"):
            return False
        began = time.monotonic()

        def is_replaced():
            now = self.run.access()
            return self.run.is_over() or (now is not None and now["term"] > access["term"] and self.run.rows("hosts") is not None)

        wait_for(is_replaced, "another allocator to answer")
        self.takeovers.append(time.monotonic() - began)
        if self.takeovers[-1] > 20:
            print(f"another allocator took {self.takeovers[-1]:.0f} s:\n{self.run.text()}", flush=True)
        return True

    def host_stopped(self):
        """For less than the suspicion time, or more."""
        victim = self.random.choice(self.run.hosts() or [None])
        if not self.send(victim, signal.SIGSTOP, "host stopped"):
            return False
        time.sleep(self.random.choice([.1, .1, .5, 3]))
        with contextlib.suppress(OSError):
            os.kill(victim, signal.SIGCONT)
        return True

    def launcher(self):
        """All ranks go with it; `godwit run` starts it again."""
        pid, term = self.run.launcher(), (self.run.access() or {"term": 0})["term"]
        if not self.send(pid, signal.SIGKILL, "launcher"):
            return False

        def is_up():
            now = self.run.access()
            return self.run.is_over() or (now is not None and now["term"] > term and self.run.rows("hosts") is not None
                                          and self.run.launcher() not in (None, pid))

        wait_for(is_up, "the runtime to be started again")
        return True

    def report(self):
        def spread(times):
            if not times:
                return "-"
            return f"median {statistics.median(times) * 1000:.0f} ms, most {max(times) * 1000:.0f} ms, of {len(times)}"

        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.kills.items()))
        return (f"struck {sum(self.kills.values())} times: {kinds}; a host's death noticed after: {spread(self.noticed)}; "
                f"its jobs ran again after: {spread(self.again)}; "
                f"another allocator after: {spread(self.takeovers)}")


@contextlib.contextmanager
def runs(**options):
    """A Run in a directory that vanishes afterwards, told of if it failed."""
    directory = tempfile.mkdtemp(prefix="godwit-fault-")
    run = Run(directory, **options)
    try:
        yield run
    except BaseException:
        print(run.text()[-16000:], flush=True)
        raise
    finally:
        run.close()
        shutil.rmtree(directory, ignore_errors=True)


def in_mount_namespace():
    """This script begins again in a mount namespace of its own; it is skipped where that isn't permitted."""
    if MOUNTS in os.environ:
        return
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
        print("skipped: mounting isn't permitted here")
        sys.exit(77)
    os.environ[MOUNTS] = "1"
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, "-B", *sys.argv])
