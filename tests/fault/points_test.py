"""A process killed at each named point of the protocol: before a message leaves, when it has come, before an event is
appended to the ledger, and in the middle of publishing a checkpoint, of throwing old ones away, of making the ledger shorter,
or of copying a job to its
host's partner; whichever rank comes there first. Meanwhile jobs are moved, saved, suspended and resumed without end, and capsules killed. Each run ends with every job finished and the outputs of
an undisturbed run.

Not tried here: the start of a runtime before all of its hosts have joined, which ends it (Hello, Welcome, WorldBegan), and
what comes when all jobs have ended."""

import contextlib
import os
import random
import sys
import tempfile
import unittest

from chaos import Chaos, runs
from rig import Refused, wait_for

JOBS = {"counters": 40, "plates": 6}
QUICK = ("--heartbeat", "100ms", "--lease", "1s", "--suspicion", "2s", "--goal", "none", "--ledger-log", "4kB", "--partner-every", "150ms")

STARTS = ["StartJob", "ClaimOutputs", "OutputsClaimed", "JobStarted", "JobEnded"]
MOVES = ["PrepareArrival", "ArrivalReady", "Round", "Commit", "Accepted", "Departed"]
ORDERS = ["CheckpointJob", "Checkpointed", "SuspendJob", "ResumeJob", "OrderDone"]
COPIES = ["PartnerIs", "OfferCopy", "CopyAwaited", "CopyRound", "CopySeal", "CopyKept", "CopyHere", "DropCopy", "WantCopy"]
TERMS = ["AskVote", "Vote", "Holdings", "ReportsSeen"]
EVENTS = ["Granted", "Started", "Intent", "Moved", "Checkpointed", "Suspended", "Resumed", "Ended", "HostLost", "HostFenced",
          "TermBegan"]
PUBLISHING = ["written", "flushed", "renamed", "durable"]
PRUNING = ["send:PruneJob", "hear:PruneJob", "prune:deleting", "prune:deleting@3", "send:Pruned", "hear:Pruned", "append:Pruned"]
COMPACTING = ["segment", "marked", "written", "durable", "renamed", "proven", "removing", "done"]

POINTS = ([f"send:{what}" for what in STARTS + MOVES + ORDERS] + [f"hear:{what}" for what in STARTS + MOVES + ORDERS] +
          [f"send:{what}" for what in COPIES] + [f"hear:{what}" for what in COPIES] +
          [f"send:{what}" for what in TERMS] + [f"hear:{what}" for what in TERMS] +
          [f"append:{what}" for what in EVENTS] + [f"publish:{what}" for what in PUBLISHING] +
          [f"compact:{what}" for what in COMPACTING] + PRUNING +
          ["send:Heartbeat@40", "hear:Heartbeat@40", "send:HeartbeatSeen@40", "hear:HeartbeatSeen@40"])
PER_RUN = 16
RUNS_MAX = 12


def name_of(job):
    """Of an element: its array is the low half."""
    return f"{job & 0xffffffff}_{job >> 32}"


class Commands:
    """What users do, again and again, to jobs that run."""

    def __init__(self, run, seed):
        self.run, self.random = run, random.Random(seed)

    def give(self):
        connection = self.run.connection()
        if connection is None:
            return
        # Who is killed doesn't answer; what has ended meanwhile is refused.
        with contextlib.suppress(OSError, ValueError, AssertionError, Refused), contextlib.closing(connection):
            rows = connection.ask("jobs", jobs="all", elements=True)["rows"]
            names = {state: [name_of(row["job"]) for row in rows if row["state"] == state] for state in ("RUNNING", "SUSPENDED")}
            for job in names["SUSPENDED"]:
                connection.send("resume", job=job)
            running = names["RUNNING"]
            for job in self.random.sample(running, min(6, len(running))):
                verb = self.random.choice(["migrate", "migrate", "checkpoint", "suspend"])
                connection.send(verb, job=job, **({"host": None} if verb == "migrate" else {}))
            connection.ask("ping")  # those before it have been heard

    def resume_all(self):
        """Until that was answered, once, for all that are suspended. Whatever dies from then on, they run: nobody says it again."""
        def is_answered():
            connection = self.run.connection()
            if connection is None:
                return self.run.is_over()
            try:
                with contextlib.closing(connection):
                    failures = [act["failure"] for act in connection.ask("resume", job="all")["acts"] if act.get("failure")]
                    return all(failure["code"] in ("not_suspended", "already_ended") for failure in failures)
            except Refused as refusal:
                return refusal.code == "no_live_job"
            except (OSError, ValueError, AssertionError):  # whoever was to answer is dead
                return self.run.is_over()

        wait_for(is_answered, "all jobs to be resumed")


class Points(unittest.TestCase):
    def test_all_die_before_they_have_taken_the_jobs(self):
        with tempfile.TemporaryDirectory(prefix="godwit-struck-") as struck:
            points = {"append:Submitted", "append:TermBegan"}
            environment = {"GODWIT_FAULT": " ".join(points), "GODWIT_FAULT_STRUCK": struck}
            with runs(hosts=1, slots=4, options=QUICK, environment=environment, counters=1, plates=1) as run:
                self.assertEqual(run.end(), 0, "`godwit run` starts another runtime, which takes them")
            self.assertEqual(set(os.listdir(struck)), points)

    def test_whoever_dies_at_any_point(self):
        with runs(hosts=4, slots=40, witness=False, **JOBS) as calm:
            self.assertEqual(calm.end(), 0, "the undisturbed run")
            expected = calm.outputs(**JOBS)
        points = [point for point in POINTS if len(sys.argv) < 2 or point in sys.argv[1:]]
        random.Random(7).shuffle(points)
        waiting = list(points)
        for _ in range(RUNS_MAX):  # where the jobs ended before somebody came to a point, it is armed again
            struck = self.strike(waiting[:PER_RUN], expected)
            waiting = [point for point in waiting if point not in struck]
            if not waiting:
                break
        self.assertEqual(waiting, [], "points that nobody came to")
        print(f"died at {len(points)} points", flush=True)

    def strike(self, armed, expected):
        """One run; the points that were struck."""
        with tempfile.TemporaryDirectory(prefix="godwit-struck-") as struck:
            environment = {"GODWIT_FAULT": " ".join(armed), "GODWIT_FAULT_STRUCK": struck}
            with runs(hosts=10, slots=4, options=QUICK, environment=environment, **JOBS) as run:
                run.await_start()
                chaos, commands = Chaos(run, 1), Commands(run, 1)
                while not run.is_over() and len(os.listdir(struck)) < len(armed):
                    commands.give()
                    chaos.capsule()  # its job begins again, from a copy in memory where there is one
                    if len(run.hosts()) <= 2:
                        chaos.launcher()
                commands.resume_all()
                wait_for(run.is_over, "all jobs to end")
                self.assertEqual(run.end(), 0, "the disturbed run")
                left = run.outputs(**JOBS)
                for name in sorted(expected):
                    self.assertEqual(left.get(name), expected[name], f"{name}, of a disturbed run and an undisturbed one")
                run.check_witness()
            return set(os.listdir(struck))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
