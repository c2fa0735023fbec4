#!/usr/bin/env python3
"""The test with the Slurm of its own, killed in its midst, leaves no process behind: neither Slurm's daemons nor the
runtime inside of it."""

import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
MARK = f"GODWIT_TEST_MARK={os.urandom(8).hex()}"
PATIENCE = 90.0


def marked():
    """The names of the processes that the killed test, or what it started, has started."""
    names = []
    for directory in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if MARK.encode() in (directory / "environ").read_bytes():
                names.append((directory / "comm").read_text().strip())
        except OSError:
            pass  # it has ended meanwhile
    return names


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {PATIENCE:.0f} s for {what}; there are {marked()}")
        time.sleep(0.05)


def main():
    name, value = MARK.split("=")
    test = subprocess.Popen([sys.executable, "-B", HERE / "slurm_test.py"], env=dict(os.environ, **{name: value}),
                            stdout=subprocess.PIPE, text=True)
    try:
        wanted = {"slurmctld", "slurmd", "munged", "srun", "godwitd"}
        wait_for(lambda: test.poll() is not None or wanted <= set(marked()), "a runtime inside of a Slurm")
        if test.poll() == 77:
            print(test.stdout.read(), end="")
            return 77
        if test.poll() is not None:
            raise AssertionError(f"the test ended with {test.returncode}:\n{test.stdout.read()}")
    finally:
        test.kill()
        test.wait()
    wait_for(lambda: not marked(), "the end of everything")
    return 0


sys.exit(main())
