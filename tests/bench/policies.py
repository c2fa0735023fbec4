"""What policies make of workloads, by `godwit simulate`: the experiments of docs/fairness.md against reference figures, and
how fast it simulates; what the allocator costs, and what rank 0 hears with and without managers. Traces of the Parallel Workloads
Archive are taken from $GODWIT_TRACES, where that is set."""

import json
import os
import pathlib
import re
import statistics
import subprocess

from rig import BIN, Runtime

# Light accounts' waiting over running, by the load that they ask for: Mutka & Livny's experiment, simulated elsewhere.
UP_DOWN = {"random": (3.79, 4.68, 7.45), "round-robin": (.19, .27, .57), "up-down": (.11, .14, .24),
           "up-down+preempt": (.03, .04, .08)}
LIGHT_LOADS = (.10, .25, .50)

# Mean response times of 20 hosts: Eager, Lazowska & Zahorjan's experiment, simulated elsewhere.
PROBING = {("none", 1): (2.00, 5.00, 10.0), ("central", 1): (1.00, 1.06, 1.28), ("random", 2): (1.46, 2.33, 3.73),
           ("sender", 1): (1.08, 1.79, 3.10), ("sender", 2): (1.38, 1.77, 2.33), ("receiver", 1): (1.33, 1.66, 2.08)}
HOST_LOADS = (.5, .8, .9)

# Mean wait, mean bounded slowdown, Jain's index: two other simulators, which agree.
TRACES = {("sdscsp2_5k", "fcfs"): "15674.717 140.2490 0.3597", ("sdscsp2_5k", "easy"): "3683.850 18.3168 0.2436",
          ("hpc2n3k", "fcfs"): "5627.883 47.4055 0.4241", ("hpc2n3k", "easy"): "3547.940 17.0629 0.2444",
          ("nasa", "fcfs"): "8.081 1.0262 0.9980", ("nasa", "easy"): "4.067 1.0119 0.9996"}


def simulate(*words):
    answer = subprocess.run([BIN / "godwit", "simulate", *map(str, words), "--json"], check=True, capture_output=True)
    return json.loads(answer.stdout)


def compare(figures, name, unit, value, reference, asked, holds):
    figures.add(name, value, unit, {"name": "reference", "value": reference, "unit": unit}, value / reference, asked, holds)


def up_down(figures):
    for at, load in enumerate(LIGHT_LOADS):
        answer = simulate("--generate", "updown", "--util", load, "--policy", ",".join(UP_DOWN))
        ratios = [one["light_wait_ratio"] for one in answer["policies"]]
        for (policy, references), ratio in zip(UP_DOWN.items(), ratios):
            reference = references[at]
            off = abs(ratio - reference)
            preempts = policy.endswith("+preempt")
            compare(figures, f"light accounts ask for {load:.0%}, {policy}: wait/run", "", ratio, reference,
                    "± 0.01" if preempts else "± 15 %", off <= .01 + 1e-9 if preempts else off <= .15 * reference)
        figures.add(f"light accounts ask for {load:.0%}: the policies' order", None, "", asked="as given",
                    holds=ratios == sorted(ratios, reverse=True))


def probing(figures):
    for (how, threshold), references in PROBING.items():
        for load, reference in zip(HOST_LOADS, references):
            response = simulate("--generate", "probing", "--util", load, "--policy", how, "--threshold", threshold,
                                "--jobs", 2_000_000)["mean_response_s"]
            compare(figures, f"20 hosts, load {load}, {how}, threshold {threshold}: response", "s", response, reference,
                    "± 10 %", abs(response / reference - 1) <= .10)


def traces(figures):
    directory = os.environ.get("GODWIT_TRACES")
    if not directory:
        figures.note("skipped: figures of real traces: GODWIT_TRACES doesn't say where they are")
        return
    for (trace, policy), reference in TRACES.items():
        answer = simulate(pathlib.Path(directory) / f"{trace}.swf.gz", "--policy", policy)
        wait, slowdown, jain = answer["mean_wait_s"], answer["mean_bounded_slowdown"], answer["jain_slowdown"]
        same = f"{wait:.3f} {slowdown:.4f} {jain:.4f}" == reference
        compare(figures, f"{trace}, {policy}: mean wait, slowdown and Jain's index", "s", wait,
                float(reference.split()[0]), "exactly", same)
    for trace in dict.fromkeys(trace for trace, _ in TRACES):
        for policy in ("fcfs", "easy", "up-down"):
            speed(figures, f"{trace}, {policy}", pathlib.Path(directory) / f"{trace}.swf.gz", "--policy", policy)


def speed(figures, name, *words):
    """The best of five: the others were disturbed."""
    rate = max(simulate(*words)["events_per_s"] for _ in range(5))
    figures.add(f"{name}: job events", rate, "1/s", asked="≥ 200,000", holds=rate >= 200_000)


def allocator_us(in_line):
    """CPU of the allocator's steps per job, by the program's own account."""
    said = subprocess.run([BIN / "godwit-bench-allocator-scale", "--in-line", str(in_line), "--jobs", "100000"], check=True,
                          capture_output=True, text=True).stdout
    return float(re.search(r"([0-9.]+) us per job", said).group(1))


def allocator(figures):
    """The best of three: the others were disturbed."""
    few, many = (min(allocator_us(in_line) for _ in range(3)) for in_line in (1_000, 1_000_000))
    figures.add("allocator's CPU per job, 10^6 in line, 1,000 accounts, 10,000 hosts", many, "us",
                {"name": "10^3 in line", "value": few, "unit": "us"}, many / few, "≤ 2 times, ≤ 20 us",
                many <= 2 * few and many <= 20)


def submit_seconds(runtime, account, count):
    spec = {"type": "sleep", "arguments": {"seconds": "1"}, "directory": str(runtime.work), "account": account}
    axes = [{"name": "i", "first": 1, "step": 1, "count": count}]
    return runtime.ask("submit", jobs=[{"spec": spec, "axes": axes}])["jobs"][0]


def mean_wait_s(policy):
    """Of the 10 jobs of an account that come after another's 300, on three hosts of one core."""
    with Runtime(hosts=3, slots=1, options=["--policy", policy]) as runtime:
        submit_seconds(runtime, "heavy", 300)
        light = submit_seconds(runtime, "light", 10)
        runtime.wait(light)
        rows = runtime.ask("show", job=f"{light}_1-10")["rows"]
        if len(rows) != 10:
            raise RuntimeError(f"{len(rows)} rows of 10 elements")
        return statistics.mean((row["started_unix_ns"] - row["submitted_unix_ns"]) / 1e9 for row in rows)


def real_run(figures):
    served, ordered = mean_wait_s("up-down"), mean_wait_s("fcfs")
    figures.add("300 jobs of 1 s, then 10 of another account: their mean wait, up-down", served, "s",
                {"name": "fcfs", "value": ordered, "unit": "s"}, served / ordered, "≤ 1/10", served <= ordered / 10)


def frames_at_rank_0(figures):
    """Hosts by themselves, and with a manager for each 64."""
    for job_s in (2, 20):
        answer = subprocess.run([BIN / "godwit-bench-managers", "--job-s", str(job_s)], check=True, capture_output=True, text=True)
        flat, managed = (json.loads(line) for line in answer.stdout.splitlines())
        ratio = managed["frames_per_s"] / flat["frames_per_s"]
        figures.add(f"frames a second at rank 0, 10,000 hosts, jobs of {job_s} s, managers of 64", managed["frames_per_s"], "1/s",
                    {"name": "flat", "value": flat["frames_per_s"], "unit": "1/s"}, ratio, "≤ 1/20", ratio <= 1 / 20)


def policies(figures, _):
    frames_at_rank_0(figures)
    real_run(figures)
    up_down(figures)
    probing(figures)
    for policy in ("round-robin", "up-down"):
        speed(figures, f"heavy and light accounts, {policy}", "--generate", "updown", "--policy", policy)
    traces(figures)
    allocator(figures)
