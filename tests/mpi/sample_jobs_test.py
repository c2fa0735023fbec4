"""Every sample job under everything that may happen to it, in two worlds: in one nothing happens; in the
other all jobs run at once on 3 hosts, are moved at random, cloned, stopped with the runtime and started again
with it. States, steps, outputs and what they print must be byte for byte the same, the clones' too, and the
witness must have seen one runner of each. The pages come from a real web server on loopback."""

import pathlib
import random
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from rig import Runtime, wait_for  # noqa: E402
from web import Page, Web  # noqa: E402

HOSTS = 3
ROUNDS = 3  # of moves of every job, before the restart and after it


def bytes_of(seed, count):
    return random.Random(seed).randbytes(count)


def lines_of(seed, count):
    dice = random.Random(seed)
    words = ["godwit", "limosa", "lapponica", "alaska", "zealand", "flight", "ocean"]
    return "".join(f"{number} {' '.join(dice.choices(words, k=4))}\n" for number in range(count))


def shuffled_alphabets(seed, count):
    dice = random.Random(seed)
    return "".join("".join(dice.sample("abcdefghijklmnopqrstuvwxyz", 26)) + "\n" for _ in range(count))


def merged(*texts):
    lines = [text.splitlines(keepends=True) for text in texts]
    return "".join(one[row] for row in range(max(map(len, lines))) for one in lines if row < len(one))


class Job:
    """A job to submit, and what it leaves behind."""

    def __init__(self, name, job_type, output=None, same_steps=True, **arguments):
        self.name, self.type, self.output, self.same_steps = name, job_type, output, same_steps
        self.arguments = dict(arguments, **({"output": output} if output else {}))


A, B, C = lines_of(1, 1500), lines_of(2, 300), lines_of(3, 900)
SIZE = 3_000_000


def jobs(web, delay):
    """With delays that make them last for about 8 seconds, which the outputs don't depend on, or without."""
    local = {"retry_ms": 5}
    return [
        Job("counter", "counter", limit=6000, delay_us=1000 * delay, print_every=500),
        Job("grep", "grep", "found.txt", pattern="alaska .*zealand", input="words.txt", lines_per_step=20),
        Job("heat", "heat", "plate.csv", n=128, steps=60000),
        Job("merge", "merge", "merged.txt", inputs="a.txt,b.txt,c.txt", delay_us=2500 * delay),
        Job("append", "merge", "journal.txt", inputs="a.txt,b.txt,c.txt", delay_us=2500 * delay, append="true"),
        Job("alphabet", "alphabet", "sets.txt", input="alphabets.txt", delay_us=35000 * delay),
        Job("made_up", "alphabet", "made-up.txt", delay_us=35000 * delay),
        # A step of theirs is a moment of waiting: their number depends on the weather.
        Job("sleep", "sleep", same_steps=False, seconds=8 if delay else 1),
        Job("slow", "fetch", "slow.bin", same_steps=False, url=web.url("/slow"), **local),
        Job("dropping", "fetch", "dropping.bin", same_steps=False, url=web.url("/dropping"), **local),
        Job("no_ranges", "fetch", "no-ranges.bin", same_steps=False, url=web.url("/no-ranges"), **local),
    ]


def serve(web):
    web.pages["/slow"] = Page(bytes_of(11, SIZE), seconds_per_piece=0.04)
    web.pages["/dropping"] = Page(bytes_of(12, SIZE), drop_after=700_000, drops=3, seconds_per_piece=0.04,
                                  etag=None, modified="Sat, 21 Nov 2026 09:00:00 GMT")
    web.pages["/no-ranges"] = Page(bytes_of(13, SIZE), ranges=False, etag=None, length=False,
                                   seconds_per_piece=0.01)


def prepare(work):
    for name, text in {"a.txt": A, "b.txt": B, "c.txt": C, "alphabets.txt": shuffled_alphabets(4, 8),
                       "words.txt": lines_of(5, 1_000_000), "journal.txt": "kept\n"}.items():
        (work / name).write_text(text, encoding="utf-8")


def submit(runtime, job):
    spec = {"type": job.type, "arguments": {k: str(v) for k, v in job.arguments.items()}, "name": job.name,
            "directory": str(runtime.work), "environment": {"no_proxy": "127.0.0.1"}}
    return runtime.ask("submit", jobs=[{"spec": spec}])["jobs"][0]


def result(runtime, job, number, suffix=""):
    row = runtime.wait(number)[0]
    written = (runtime.work / (job.output + suffix)).read_bytes() if job.output else None
    return {"state": row["state"], "reason": row["outcome"]["reason"], "steps": row["steps"] if job.same_steps else 0,
            "stdout": runtime.captured(number), "written": written,
            "stderr": runtime.captured(number, "stderr") if job.same_steps else b""}


def undisturbed(web):
    serve(web)
    for page in web.pages.values():
        page.seconds_per_piece, page.drops = 0, 0
    with Runtime(hosts=1, slots=32) as runtime:
        prepare(runtime.work)
        numbers = [(job, submit(runtime, job)) for job in jobs(web, delay=0)]
        return {job.name: result(runtime, job, number) for job, number in numbers}


class SampleJobs(unittest.TestCase):
    def move_all(self, runtime, numbers, dice):
        for _ in range(ROUNDS):
            hosts = {number: runtime.row(number)["host"] for number in numbers}
            asked = [runtime.connection.send("migrate", job=str(number),
                                             host=dice.choice([h for h in range(1, HOSTS + 1) if h != host]))
                     for number, host in hosts.items()]
            for request in asked:
                act = runtime.connection.answer(request)["acts"][0]
                if act.get("failure") is not None:  # a fast machine
                    self.assertEqual(act["failure"]["code"], "already_ended", act)
            time.sleep(dice.uniform(0, 0.1))

    def test_moved_cloned_and_restarted(self):
        dice = random.Random(7)
        with Web() as web:
            expected = undisturbed(web)
            serve(web)
            with Runtime(hosts=HOSTS, slots=32, witness=True) as runtime:
                prepare(runtime.work)
                numbers = [(job, submit(runtime, job)) for job in jobs(web, delay=1)]
                for _, number in numbers:
                    runtime.until_state(number, "RUNNING")
                self.move_all(runtime, [number for _, number in numbers], dice)
                clones = [(job, self.clone(runtime, number, dice)) for job, number in numbers]
                everybody = [number for _, number in numbers + clones]
                runtime.restart()
                for number in everybody:
                    runtime.until_state(number, "RUNNING", "FINISHED")
                self.move_all(runtime, everybody, dice)
                for _, number in numbers:
                    self.assertGreaterEqual(runtime.row(number)["moves"], ROUNDS)
                self.assertGreaterEqual(sum(runtime.row(number)["moves"] for _, number in clones), len(clones))
                for job, number in numbers:
                    with self.subTest(job=job.name):
                        self.assertEqual(result(runtime, job, number), expected[job.name])
                for job, number in clones:
                    with self.subTest(clone=job.name):
                        self.assertEqual(result(runtime, job, number, f".clone-{number}"), expected[job.name])
                runtime.stop()
                runtime.check_witness("--no-repeats", clones=[number for _, number in clones])
                runtime.start()
        self.assertEqual(expected["merge"]["written"].decode(), merged(A, B, C))
        self.assertEqual(expected["append"]["written"].decode(), "kept\n" + merged(A, B, C))
        self.assertEqual(expected["alphabet"]["written"], b"abcdefghijklmnopqrstuvwxyz\n" * 8)
        self.assertEqual(expected["made_up"]["written"], b"abcdefghijklmnopqrstuvwxyz\n" * 8)
        for name, seed in {"slow": 11, "dropping": 12, "no_ranges": 13}.items():
            self.assertEqual(expected[name]["written"], bytes_of(seed, SIZE), name)
        self.assertEqual({one["state"] for one in expected.values()}, {"FINISHED"})

    def clone(self, runtime, number, dice):
        act = runtime.act("clone", number, host=dice.choice([None, 1, 2, 3]))
        self.assertIsNone(act.get("failure"), act)
        return act["clone"]


class Fetch(unittest.TestCase):
    """What a page may do while it is fetched."""

    @classmethod
    def setUpClass(cls):
        cls.web = cls.enterClassContext(Web())
        cls.runtime = cls.enterClassContext(Runtime(hosts=2))

    def fetched(self, page, during=lambda runtime, job: None, **arguments):
        self.web.pages["/page"] = page
        job = submit(self.runtime, Job("", "fetch", "page.bin", url=self.web.url("/page"), **arguments))
        during(self.runtime, job)
        row = self.runtime.wait(job)[0]
        return row["state"], row["outcome"]["reason"], (self.runtime.work / "page.bin").read_bytes()

    @staticmethod
    def under_way(runtime, job):
        wait_for(lambda: runtime.row(job)["progress"]["done"] > 0, "the first bytes of the page")

    def test_a_move_asks_for_the_rest_only(self):
        page = Page(bytes_of(1, SIZE), seconds_per_piece=0.01)

        def move(runtime, job):
            self.under_way(runtime, job)
            self.assertIsNone(runtime.migrate(job).get("failure"))

        state, reason, written = self.fetched(page, move)
        self.assertEqual((state, written == page.content), ("FINISHED", True), reason)
        self.assertEqual(len(page.requests), 2)
        self.assertIsNone(page.requests[0])
        self.assertGreater(int(page.requests[1].removeprefix("bytes=").rstrip("-")), 0)

    def test_a_page_that_changed_fails_the_job(self):
        for ranges in (True, False):
            for etag in ('"two"', None):
                with self.subTest(ranges=ranges, etag=etag):
                    page = Page(bytes_of(1, SIZE), etag='"one"' if etag else None, ranges=ranges,
                                seconds_per_piece=0.01)

                    def change(runtime, job):
                        self.under_way(runtime, job)
                        page.content, page.etag = bytes_of(2, SIZE), etag
                        self.assertIsNone(runtime.migrate(job).get("failure"))

                    state, reason, _ = self.fetched(page, change)
                    self.assertEqual(state, "FAILED")
                    self.assertRegex(reason, "/page changed after [0-9]+ bytes of it had been written to page.bin")

    def test_a_server_that_is_down_for_a_while(self):
        page = Page(bytes_of(1, 100_000), refusals=4)
        state, reason, written = self.fetched(page, retry_ms=2)
        self.assertEqual((state, written), ("FINISHED", page.content), reason)
        self.assertEqual(len(page.requests), 5)
        said = self.runtime.captured(self.runtime.row("last")["job"], "stderr").decode()
        self.assertEqual(said.count("/page: the server answers 503, at byte 0; trying again in "), 4, said)

    def test_a_server_that_stays_down(self):
        state, reason, _ = self.fetched(Page(b"", refusals=100), retry_ms=2, retries=3)
        self.assertEqual(state, "FAILED")
        self.assertRegex(reason, "/page: the server answers 503; given up after 4 tries that brought nothing, at byte 0")

    def test_a_server_that_is_silent_does_not_hold_up_a_move(self):
        page = Page(bytes_of(1, 50_000), silent_after=20_000)

        def move(runtime, job):
            self.under_way(runtime, job)
            self.assertIsNone(runtime.migrate(job).get("failure"))
            page.speak.set()

        state, reason, written = self.fetched(page, move)
        self.assertEqual((state, written == page.content), ("FINISHED", True), reason)

    def test_no_such_page(self):
        job = submit(self.runtime, Job("", "fetch", "gone.bin", url=self.web.url("/gone")))
        row = self.runtime.wait(job)[0]
        self.assertEqual(row["state"], "FAILED")
        self.assertRegex(row["outcome"]["reason"], "/gone: the server answers 404")


class Outputs(unittest.TestCase):
    def test_two_live_jobs_with_one_output(self):
        with Runtime(hosts=2) as runtime:
            (runtime.work / "words.txt").write_text(lines_of(1, 2000))
            one = Job("first", "merge", "out.txt", inputs="words.txt", delay_us=2000)
            first = submit(runtime, one)
            wait_for(lambda: runtime.row(first)["progress"]["done"] > 0, "the first line")
            (runtime.work / "link").symlink_to(runtime.work)
            second = submit(runtime, Job("second", "merge", "link/../work/out.txt", inputs="words.txt"))
            row = runtime.wait(second)[0]
            self.assertEqual(row["state"], "FAILED")
            self.assertRegex(row["outcome"]["reason"],
                             f'output .*/work/out.txt belongs to job {first} "first", which is still running: '
                             f"choose another path or wait for it \\(--after {first}\\)")
            self.assertEqual(runtime.wait(first)[0]["state"], "FINISHED")
            self.assertEqual((runtime.work / "out.txt").read_text(), lines_of(1, 2000))
            third = submit(runtime, Job("third", "merge", "out.txt", inputs="words.txt"))
            self.assertEqual(runtime.wait(third)[0]["state"], "FINISHED")


class Clones(unittest.TestCase):
    def test_a_suspended_job_and_what_the_command_says(self):
        with Runtime(hosts=2, witness=True) as runtime:
            merge = Job("merge", "merge", "out.txt", inputs="words.txt", delay_us=1000)
            (runtime.work / "words.txt").write_text(lines_of(1, 1000))
            job = submit(runtime, merge)
            wait_for(lambda: runtime.row(job)["progress"]["done"] > 0, "the first line")
            self.assertIsNone(runtime.act("suspend", job).get("failure"))
            said = runtime.cli("clone", "merge", 2).stdout
            self.assertRegex(said, f"^job 2 is a clone of job {job} at step [0-9,]+ on host 2, suspended: "
                                   "[0-9.]+ .?i?B, [0-9.]+ .?s stopped\n$")
            clone = runtime.row("merge.clone-2")
            self.assertEqual((clone["state"], clone["host"]), ("SUSPENDED", 2))
            self.assertIsNone(runtime.act("resume", 2).get("failure"))
            self.assertEqual(runtime.wait(2)[0]["state"], "FINISHED")
            self.assertEqual((runtime.work / "out.txt.clone-2").read_text(), lines_of(1, 1000))
            self.assertEqual(runtime.row(job)["state"], "SUSPENDED")
            self.assertLess(len((runtime.work / "out.txt").read_text()), len(lines_of(1, 1000)))
            refused = runtime.cli("clone", 2, check=False)
            self.assertEqual((refused.returncode, refused.stderr),
                             (1, 'godwit: job 2 "merge.clone-2" already finished\n'))
            runtime.check_witness("--no-repeats", clones=[2])


class Crashes(unittest.TestCase):
    def test_a_crash_is_retried_from_the_last_image(self):
        with Runtime(hosts=2, witness=True) as runtime:
            job = submit(runtime, Job("crash", "crash", how="segv", after=600, delay_us=1000))
            wait_for(lambda: runtime.row(job)["steps"] > 100, "a hundred steps")
            self.assertIsNone(runtime.act("checkpoint", job).get("failure"))
            row = runtime.wait(job)[0]
            self.assertEqual((row["state"], row["crashes"], row["steps"]), ("FAILED", 3, 600))
            self.assertIn("crashed 3 times, the last time: killed by signal 11 (SIGSEGV)", row["outcome"]["reason"])
            self.assertIn("about to segv after 600 steps", row["outcome"]["log_tail"])
            text = runtime.captured(job, "stderr").decode()
            self.assertEqual(text, "about to segv after 600 steps\n")  # cut back, and said again
            steps_done = int(runtime.check_witness().split()[0])  # of all attempts
            self.assertLess(steps_done, 3 * 600 - 2 * 100, "the retries began afresh")


if __name__ == "__main__":
    unittest.main(verbosity=2)
