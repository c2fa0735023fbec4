"""The figures of docs/figures.md. Each is measured beside its reference in the same run: pairs are
interleaved, so that both see the same neighbours. Prints a table, or with --json one object a line with
the keys name value unit reference ratio asked holds (and pairs, spread: the quartiles of the ratio).

    bench.py [SUITE …] [--json] [--pairs N]
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from policies import policies  # noqa: E402
from recovery import recovery  # noqa: E402
from rig import BIN, Runtime  # noqa: E402

MIB = 1 << 20
BULK = 256 * MIB


class Figures:
    def __init__(self, as_json):
        self.as_json = as_json
        self.failed = False
        if not as_json:
            print(f"{'figure':58} {'value':>12} {'reference':>24} {'ratio':>7} {'asked':>12}  holds")

    def add(self, name, value, unit, reference=None, ratio=None, asked=None, holds=None, **more):
        self.failed |= holds is False
        if self.as_json:
            print(json.dumps(dict(name=name, value=value, unit=unit, reference=reference, ratio=ratio, asked=asked,
                                  holds=holds, **more)), flush=True)
            return
        compared = f"{reference['name']} {reference['value']:.4g}" if reference else ""
        spread = more.get("spread")
        reached = "" if value is None else f"{value:.4g}"
        print(f"{name:58} {reached:>9} {unit:8} {compared:>24} {'' if ratio is None else f'{ratio:.2f}':>7}"
              f" {asked or '':>12}  {'' if holds is None else 'yes' if holds else 'NO'}"
              + (f"  ({spread[0]:.2f}–{spread[1]:.2f}, {more['pairs']} pairs)" if spread else ""), flush=True)

    def note(self, text):
        print(text, file=sys.stderr if self.as_json else sys.stdout, flush=True)

    def pairs(self, name, unit, values, reference_name, references, asked, at_least=None, at_most=None):
        """Medians, the median of the ratios pair by pair, and its quartiles."""
        ratios = [value / reference for value, reference in zip(values, references)]
        ratio = statistics.median(ratios)
        low, _, high = statistics.quantiles(ratios, n=4)
        holds = ratio >= at_least if at_least is not None else ratio <= at_most
        self.add(name, statistics.median(values), unit,
                 {"name": reference_name, "value": statistics.median(references), "unit": unit}, ratio, asked, holds,
                 pairs=len(ratios), spread=[low, high])


class Asked:
    """A program that takes one measurement per line of its standard input."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def once(self, line="go"):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the reference program ended while asked '{line}'")
        return float(answer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(60)


def mpirun(ranks):
    if os.geteuid() == 0:
        os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    return ["mpirun", "-n", str(ranks), "--bind-to", "none", "--oversubscribe", "--mca", "pml", "ob1", "--mca", "btl",
            "vader,tcp,self", "--mca", "mpi_yield_when_idle", "1"]


def idle_job(runtime, array_bytes):
    """A running job of that size that leaves the cores to what is measured."""
    job = runtime.submit("counter", limit=10**9, bytes=array_bytes, delay_us=1000)
    runtime.until_state(job, "RUNNING")
    return job


def other(runtime, job):
    return 3 - runtime.row(job)["host"]


def move(figures, pairs):
    with Runtime(hosts=2) as runtime, Asked([*mpirun(2), BIN / "godwit-bench-bare-transfer", str(BULK)]) as bare:
        job = idle_job(runtime, BULK)
        runtime.migrate(job, other(runtime, job))
        bare.once()
        rates, references, totals, stops = [], [], [], []
        for _ in range(pairs):
            references.append(BULK / bare.once() / 1e9)
            begin = time.monotonic()
            act = runtime.migrate(job, other(runtime, job))
            totals.append((time.monotonic() - begin) * 1e3)
            rates.append(act["move"]["bytes"] / act["move"]["transfer_ns"])
            stops.append(act["move"]["stopped_ns"] / 1e6)
        figures.pairs("move of 256 MiB: transfer", "GB/s", rates, "bare MPI", references, "≥ 0.8 ×", at_least=0.8)
        figures.add("move of 256 MiB: stopped", statistics.median(stops), "ms")
        figures.add("move of 256 MiB: command to done", statistics.median(totals), "ms")


def small_move(figures, pairs):
    with Runtime(hosts=2) as runtime:
        job = idle_job(runtime, 1024)
        count = max(pairs, 15) * 10
        stops = sorted(runtime.migrate(job, other(runtime, job))["move"]["stopped_ns"] / 1e3 for _ in range(count))
        median = statistics.median(stops)
        figures.add("move of 1 KiB: stopped, median", median, "µs", None, None, "≤ 500 µs", median <= 500,
                    pairs=count, spread=[stops[count // 4], stops[3 * count // 4]])


def checkpoint(figures, pairs):
    with Runtime(hosts=1) as runtime, Asked([BIN / "godwit-bench-plain-copy", str(BULK)]) as plain:
        job = idle_job(runtime, BULK)
        runtime.act("checkpoint", job)
        plain.once(f"write {runtime.directory / 'plain'}")
        rates, write_rates, stops, copies = [], [], [], []
        for _ in range(pairs):
            write_rates.append(BULK / plain.once(f"write {runtime.directory / 'plain'}") / 1e9)
            copies.append(plain.once("memcpy") * 1e3)
            begin = time.monotonic()
            act = runtime.act("checkpoint", job)
            rates.append(BULK / (time.monotonic() - begin) / 1e9)
            stops.append(act["checkpoint"]["stopped_ns"] / 1e6)
            (runtime.store / act["image"]["path"]).unlink()  # room on the disk; nothing restores here
        figures.pairs("checkpoint of 256 MiB: request to durable", "GB/s", rates, "write+fsync", write_rates,
                      "≥ 0.8 ×", at_least=0.8)
        figures.pairs("checkpoint of 256 MiB: stopped", "ms", stops, "memcpy", copies, "≤ 1.5 ×", at_most=1.5)


def incremental(figures, pairs):
    """Two jobs of 1 GiB, each with 1 % of its pages written, drawn evenly, before each checkpoint. The files of one are
    taken away, so that each of its generations is a full one; those of the other build upon each other."""
    size, written = 1024 * MIB, 2621
    plugins = BIN.parent / "bench-plugins"
    with Runtime(hosts=1, options=["--plugins", str(plugins)]) as runtime:
        part, full = (runtime.submit("scatter", pages=size // 4096) for _ in range(2))
        for job in (part, full):
            runtime.until_state(job, "RUNNING")

        def checkpoint_of(job):
            runtime.cli("call", job, "write", written)
            os.sync()
            begin = time.monotonic()
            act = runtime.act("checkpoint", job)
            took = (time.monotonic() - begin) * 1e3
            return act["checkpoint"]["bytes"], took, act["checkpoint"]["stopped_ns"] / 1e6, act["image"]["path"]

        (runtime.store / checkpoint_of(full)[3]).unlink()
        checkpoint_of(part)
        parts, fulls, due = [], [], []
        while len(parts) < pairs:
            bytes_, took, stopped, path = checkpoint_of(full)
            (runtime.store / path).unlink()
            one = checkpoint_of(part)
            if one[0] > size:  # the chain is long enough: a full one is due
                due.append(one)
                continue
            fulls.append((bytes_, took, stopped))
            parts.append(one)
        name = "incremental, 1 GiB, 1 % of pages"
        figures.pairs(f"{name}: bytes", "MiB", [one[0] / MIB for one in parts], "full", [one[0] / MIB for one in fulls],
                      "≤ 0.05 ×", at_most=0.05)
        figures.pairs(f"{name}: request to durable", "ms", [one[1] for one in parts], "full", [one[1] for one in fulls],
                      "≤ 0.15 ×", at_most=0.15)
        stops = sorted(one[2] for one in parts)
        median = statistics.median(stops)
        figures.add(f"{name}: stopped", median, "ms",
                    {"name": "full", "value": statistics.median(one[2] for one in fulls), "unit": "ms"},
                    median / statistics.median(one[2] for one in fulls), "≤ 10 ms", median <= 10, pairs=len(stops),
                    spread=[stops[len(stops) // 4], stops[3 * len(stops) // 4]])
        figures.note(f"one in {pairs // max(1, len(due)) if due else 'none of'} {pairs} was due to be a full one; stopped at most "
                     f"{stops[-1]:.1f} ms")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle(figures, _):
    with Runtime(hosts=2) as runtime:
        ranks = {"allocator": runtime.connection.pid}
        ranks.update({f"host rank {row['host']}": row["pid"] for row in runtime.ask("hosts")["rows"]})
        time.sleep(3)
        begin, before = time.monotonic(), {name: cpu_seconds(pid) for name, pid in ranks.items()}
        time.sleep(10)
        elapsed = time.monotonic() - begin
        for name, pid in ranks.items():
            percent = 100 * (cpu_seconds(pid) - before[name]) / elapsed
            figures.add(f"idle CPU: {name}", percent, "% core", None, None, "≤ 4 %", percent <= 4)


def command(figures, pairs):
    with Runtime(hosts=2) as runtime:
        for _ in range(8):
            idle_job(runtime, 1024)
        count, took, bare = max(pairs, 15) * 2, [], []
        runtime.cli("ps")
        for _ in range(count):
            begin = time.monotonic()
            subprocess.run(["/bin/true"], check=True)
            bare.append((time.monotonic() - begin) * 1e3)
            begin = time.monotonic()
            runtime.cli("ps")
            took.append((time.monotonic() - begin) * 1e3)
        median, spawn = statistics.median(took), statistics.median(bare)
        figures.add("godwit ps, 8 jobs running: whole process, median", median, "ms",
                    {"name": "/bin/true", "value": spawn, "unit": "ms"}, median / spawn, "≤ 20 ms", median <= 20,
                    pairs=count, spread=sorted(took)[count // 4:count // 4 + 1] + sorted(took)[3 * count // 4:][:1])


def no_op(_):
    return None


def pool_rate(count):
    """Python's own pool of two processes, a task at a time, with no record of anything: for scale."""
    with multiprocessing.Pool(2) as pool:
        pool.map(no_op, range(100), chunksize=1)
        begin = time.monotonic()
        pool.map(no_op, range(count), chunksize=1)
        return count / (time.monotonic() - begin)


def run_array(runtime, count, job_type, **arguments):
    """Seconds from the submission of one array to the answer that all its elements have finished: what that answer
    says is in the ledger."""
    spec = {"type": job_type, "arguments": {name: str(value) for name, value in arguments.items()},
            "directory": str(runtime.work)}
    begin = time.monotonic()
    array = runtime.ask("submit", jobs=[{"spec": spec, "axes": [{"name": "i", "first": 1, "step": 1, "count": count}]}])
    row = runtime.wait(array["jobs"][0])[0]
    took = time.monotonic() - begin
    if row["elements"]["finished"] != count:
        raise RuntimeError(f"not all of {count} elements finished: {row['elements']}")
    return took


def throughput(figures, pairs):
    many, more = 20_000, 200_000
    rates, references = [], []
    with Runtime(hosts=2, slots=1) as runtime:
        run_array(runtime, 200, "counter", limit=0)
        for _ in range(max(3, pairs // 3)):
            references.append(pool_rate(many))
            rates.append(many / run_array(runtime, many, "counter", limit=0))
    rate = statistics.median(rates)
    quartiles = statistics.quantiles(rates, n=4)
    figures.add("no-op jobs, 20,000 as one array, 2 hosts", rate, "jobs/s",
                {"name": "multiprocessing.Pool", "value": statistics.median(references), "unit": "tasks/s"},
                rate / statistics.median(references), "≥ 10,000", rate >= 10_000, pairs=len(rates),
                spread=[quartiles[0], quartiles[2]])
    large, small = [], []
    with Runtime(hosts=2, slots=1) as runtime:
        run_array(runtime, 200, "counter", limit=0)
        for _ in range(3):  # as much work, and as long, on either side
            small.append(more / sum(run_array(runtime, many, "counter", limit=0) for _ in range(more // many)))
            large.append(more / run_array(runtime, more, "counter", limit=0))
    figures.pairs("no-op jobs, 200,000 as one array", "jobs/s", large, "ten times 20,000", small, "≥ 0.9 ×", at_least=0.9)


def long(figures, _):
    jobs, hosts, seconds = 1000, 8, 1
    with Runtime(hosts=hosts, slots=1) as runtime:
        runtime.connection.socket.settimeout(600)  # one answer, after minutes
        run_array(runtime, hosts, "sleep", seconds=0.01)
        took = run_array(runtime, jobs, "sleep", seconds=seconds)
    ideal = jobs * seconds / hosts
    figures.add("1,000 jobs of 1 s, 8 hosts: whole time", took, "s", {"name": "ideal", "value": ideal, "unit": "s"},
                took / ideal, "≤ 1.05 ×", took <= 1.05 * ideal)


def safe_point(figures, pairs):
    with Asked([BIN / "godwit-bench-safe-point"]) as program:
        costs = sorted(program.once() for _ in range(max(pairs, 5)))
    median = statistics.median(costs)
    figures.add("a safe point when nothing is wanted", median, "ns", None, None, "≤ 10 ns", median <= 10,
                pairs=len(costs), spread=[costs[len(costs) // 4], costs[3 * len(costs) // 4]])


def heat(figures, pairs):
    n, steps = 2048, 200
    godwit, bare = [], []
    with Runtime(hosts=1, slots=1) as runtime, Asked([BIN / "godwit-bench-bare-heat"]) as program:
        runtime.wait(runtime.submit("heat", n=n, steps=5))
        program.once(f"{n} 5")
        for _ in range(pairs):
            bare.append(steps / program.once(f"{n} {steps}"))
            row = runtime.wait(runtime.submit("heat", n=n, steps=steps))[0]
            # It counts as started once its first step is over.
            godwit.append((steps - 1) * 1e9 / (row["ended_unix_ns"] - row["started_unix_ns"]))
    figures.pairs("heat 2048²", "steps/s", godwit, "bare loop", bare, "≥ 0.98 ×", at_least=0.98)


def daly(cost_s, failures_every_s=24 * 3600.0):
    """As runtime/checkpoint/interval.hpp has it, with the mean time between failures that is assumed where none were seen."""
    half = cost_s / (2 * failures_every_s)
    return min(max((2 * cost_s * failures_every_s) ** 0.5 * (1 + half ** 0.5 / 3 + half / 9) - cost_s, 10), 3600)


def steady(figures, pairs):
    """What checkpoints cost a job as it goes on: heat with `checkpoint: {every: auto}`, heat without any, and heat saved twice a
    second, by turns. Daly's interval follows from what a checkpoint costs: one is asked for at the beginning, and counts, so that
    it is known; in a run of less than an interval that is more often than it would be. Saved twice a second, heat tells what one
    checkpoint costs it in all, beside the time for which it stands still: a hundredth shows."""
    n, steps = 1024, 6000
    with Runtime(hosts=1, slots=1) as runtime:
        def once(**saved):
            spec = {"type": "heat", "arguments": {"n": str(n), "steps": str(steps)}, "directory": str(runtime.work)}
            job = runtime.ask("submit", jobs=[{"spec": dict(spec, **saved)}])["jobs"][0]
            runtime.until_state(job, "RUNNING")
            stopped = runtime.act("checkpoint", job)["checkpoint"]["stopped_ns"] / 1e9 if saved else 0
            row = runtime.wait(job)[0]
            files = list((runtime.store / "jobs" / str(job) / "checkpoints").glob("*.h5")) if saved else []
            for file in files:
                file.unlink()
            return {"took": (row["ended_unix_ns"] - row["started_unix_ns"]) / 1e9, "saves": len(files), "stopped": stopped}

        kinds = {"never": {}, "auto": {"checkpoint_auto": True}, "often": {"checkpoint_every_ns": 500_000_000}}
        runs = {kind: [] for kind in kinds}
        once()
        for number in range(pairs):
            for at in range(len(kinds)):
                kind = list(kinds)[(at + number) % len(kinds)]
                runs[kind].append(once(**kinds[kind]))
    rate = {kind: [(steps - 1) / one["took"] for one in of] for kind, of in runs.items()}
    figures.pairs("heat 1024², saved at Daly's interval", "steps/s", rate["auto"], "never saved", rate["never"], "≥ 0.98 ×",
                  at_least=0.98)
    costs = sorted((often["took"] - never["took"]) / often["saves"] for often, never in zip(runs["often"], runs["never"]))
    stopped = statistics.median(one["stopped"] for one in runs["auto"])
    percent = [100 * cost / daly(stopped) for cost in costs]
    low, median, high = statistics.quantiles(percent, n=4)
    figures.add("heat 1024², saved at Daly's interval: cost, from saves 0.5 s apart", median, "%", None, None, "≤ 2 %", median <= 2,
                pairs=len(costs), spread=[low, high])
    saves, took = sum(one["saves"] for one in runs["auto"]), sum(one["took"] for one in runs["auto"])
    figures.note(f"Daly: {stopped * 1e3:.1f} ms stopped, each {daly(stopped):.0f} s ({saves} checkpoints in {took:.0f} s here); "
                 f"often: {sum(one['saves'] for one in runs['often'])} in {sum(one['took'] for one in runs['often']):.0f} s, "
                 f"{1e3 * statistics.median(costs):.1f} ms each")


def balance(figures, _):
    """All begun on one of two nodes, which have a core each."""
    program = pathlib.Path(__file__).with_name("balanced.py")
    done = subprocess.run([sys.executable, "-B", program], stdout=subprocess.PIPE, text=True)
    if done.returncode == 77:
        return figures.note(done.stdout.strip())
    done.check_returncode()
    runs = json.loads(done.stdout)
    alone, _ = runs.pop("none")
    for goal, (took, moves) in runs.items():
        figures.add(f"4 jobs begun on one of two nodes, {goal}, {moves} moves: all ended", took, "s",
                    {"name": "not moved", "value": alone, "unit": "s"}, took / alone)


SUITES = {"move": move, "small-move": small_move, "checkpoint": checkpoint, "idle": idle, "command": command,
          "throughput": throughput, "long": long, "safe-point": safe_point, "heat": heat,
          "policies": policies, "incremental": incremental, "steady": steady, "recovery": recovery, "balance": balance}


def main():
    parser = argparse.ArgumentParser(description="Godwit's figures, each beside its reference.")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=" ".join(SUITES))
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--pairs", type=int, default=15, help="interleaved pairs per figure (default 15)")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.suites if name not in SUITES]
    if unknown:
        parser.error(f"no suite '{unknown[0]}': there are {' '.join(SUITES)}")
    figures = Figures(arguments.json)
    for name in arguments.suites or SUITES:
        SUITES[name](figures, arguments.pairs)
    return 1 if figures.failed else 0


if __name__ == "__main__":
    sys.exit(main())
